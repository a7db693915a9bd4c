"""Drift: does the service still do what Git says?"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.engine.diff import Sides
from reconcile.engine.judges import holds_back
from reconcile.model.drift import Drift
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import Hold

NO_HOLDS: Mapping[Key, Hold] = {}

MAY_BE_PENDING = (
    "no last applied: a live schedule that differs counts as moved, though it may as well be pending in Git; nothing "
    "counts as vanished or held"
)


def find_drift(
    environment: str,
    sides: Sides,
    *,
    holds: Mapping[Key, Hold] = NO_HOLDS,
    is_strict: bool = False,
    findings: tuple[Finding, ...] = (),
) -> Drift:
    """Return every key that is not live as desired, by meaning; also those that a rollback holds.

    With *is_strict* an orphan has moved too.
    """
    difference, last_applied = sides.difference(), sides.last_applied
    assumptions = (MAY_BE_PENDING,) if last_applied.source is LastAppliedSource.NONE else last_applied.assumptions
    return Drift(
        environment=environment,
        keys=difference.changes,
        unchanged=difference.unchanged,
        holds={
            change.key: holds[change.key]
            for change in difference.changes
            if change.key in holds and holds_back(holds[change.key], change.desired)
        },
        is_strict=is_strict,
        last_applied=last_applied.source,
        findings=findings,
        assumptions=assumptions,
    )

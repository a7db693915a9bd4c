"""Drift: does the service still do what Git says?"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.engine.diff import diff
from reconcile.model.drift import Drift
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule
from reconcile.model.states import Live

MAY_BE_PENDING = (
    "no last applied: a live schedule that differs counts as moved, though it may as well be pending in Git"
)


def find_drift(
    environment: str,
    desired: Mapping[Key, Schedule],
    live: Mapping[Key, Live],
    *,
    findings: tuple[Finding, ...] = (),
) -> Drift:
    """Return every key at which *live* is not what *desired* says, by meaning."""
    difference = diff(desired, live)
    return Drift(
        environment=environment,
        keys=difference.changes,
        unchanged=difference.unchanged,
        findings=findings,
        assumptions=(MAY_BE_PENDING,),
    )

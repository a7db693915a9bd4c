"""Observe: read the live side of keys, and say *absent* only when that is sure.

The API has no list and no error for a code without a job: a code is absent when a complete answer does not hold it. A
service may also cut a long list silently. So a code that is missing is asked for again, in batches so small that no
service cuts them. When one of them turns up there, the service cuts lists, and no missing code counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.live import Live, Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.ports import Progress, Reader, no_progress

CONFIRMATION_BATCH = 10
"""The longest list of codes that is trusted to be answered whole."""

_CUT_HINT = (
    f"set batch_size of the environment to what the service answers whole ({CONFIRMATION_BATCH} or fewer is safe)"
)


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of a read: each key asked for, its rows (none: absent, and confirmed) or why it is unreadable."""

    live: Mapping[Key, Live]
    findings: tuple[Finding, ...] = ()


def observe(reader: Reader, keys: Collection[Key], *, progress: Progress = no_progress) -> Observation:
    """Return the live side of each of *keys*. Never raises for what the service says or fails to say."""
    live = dict(reader.query(keys, progress=progress))
    missing = [key for key, rows in live.items() if rows == ()]
    if not missing:
        return Observation(live)
    confirmed = reader.query(missing, at_most=CONFIRMATION_BATCH)
    live.update(confirmed)
    appeared = sorted(key for key, rows in confirmed.items() if isinstance(rows, tuple) and rows)
    if not appeared:
        return Observation(live)
    cut = Unreadable(
        ReplyRule.BATCH_TRUNCATED,
        "not in the answer, but the service was seen to leave codes out of long lists, so it may not be absent",
        _CUT_HINT,
    )
    live.update({key: cut for key in missing if live[key] == ()})
    return Observation(live, (_truncation(appeared),))


def _truncation(appeared: list[Key]) -> Finding:
    message = (
        f"{len(appeared)} of the codes that a first query left out were answered by a second, shorter one (such as "
        f"{appeared[0]}): the service cuts long lists silently, so no missing code of this run counts as absent"
    )
    return Finding(ReplyRule.BATCH_TRUNCATED, message, hint=_CUT_HINT, key=appeared[0])

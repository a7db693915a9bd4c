"""Diff: desired compared with live, key by key. A walk over a dictionary; the caller decides what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reconcile.model.change import Change, known_name
from reconcile.model.keys import Key
from reconcile.model.last_applied import NO_LAST_APPLIED, Applied, LastApplied
from reconcile.model.live import Live, Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.model.schedule import Removed, Schedule, State

_NOT_ASKED = Unreadable(ReplyRule.NOT_ASKED, "the service was not asked for this code")


@dataclass(frozen=True, slots=True)
class Difference:
    """*changes* holds every key that is not live as desired, sorted; *unchanged* counts the others that are declared.

    *populations* counts each tenant's keys that have a live row.
    """

    changes: tuple[Change, ...]
    unchanged: int
    populations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sides:
    """The three sides of an environment's keys. *live* also holds the keys that *last_applied* knows to be removed."""

    desired: Mapping[Key, Schedule]
    live: Mapping[Key, Live]
    last_applied: LastApplied = NO_LAST_APPLIED

    def difference(self) -> Difference:
        """Return how the sides differ, the removed keys included."""
        return diff({**self.last_applied.removed, **self.desired}, self.live, self.last_applied.by_key)


def diff(
    desired: Mapping[Key, Schedule], live: Mapping[Key, Live], applied: Mapping[Key, Applied] | None = None
) -> Difference:
    """Return how *live* differs from *desired*, by meaning. A key that *live* lacks is unreadable, not absent."""
    applied = applied or {}
    changes = []
    unchanged = 0
    populations: Counter[str] = Counter()
    for key in sorted(desired):
        schedule = desired[key]
        rows = live.get(key, _NOT_ASKED)
        if isinstance(rows, tuple) and rows:
            populations[key.tenant] += 1
        if not _is_plainly_in_sync(schedule, applied.get(key), rows):
            change = Change(schedule, applied.get(key), rows)
            if not change.is_live_as_desired:
                changes.append(change)
                continue
        unchanged += not isinstance(schedule.origin, Removed)
    return Difference(tuple(changes), unchanged, populations)


def _is_plainly_in_sync(schedule: Schedule, applied: Applied | None, rows: Live) -> bool:
    """The fast path: one active row with the very text. Then `Change.is_live_as_desired` holds."""
    return (
        isinstance(rows, tuple)
        and len(rows) == 1
        and rows[0].active
        and schedule.state is State.ACTIVE
        and rows[0].cron == schedule.cron
        and known_name(applied, schedule.name) == schedule.name
    )

"""A change: what Git wants of one key, what was last applied, and what is live. All else is computed from these."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from reconcile.cron import same_fires
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.live import Live, LiveRow, Unreadable
from reconcile.model.reading import EVERY_READING, Reading
from reconcile.model.schedule import PARKED_CRON, Removed, Schedule, State
from reconcile.model.verdicts import Action, Condition, SavedField, Verdict

_HAS_SPECIAL = re.compile("[LWlw]")


@lru_cache(maxsize=65_536)
def same_cron(one: str, other: str) -> bool:
    """Return whether two cron texts fire alike; texts that cannot be parsed are alike only when equal.

    >>> same_cron("0 0/30 * * * ?", "0 */30 * ? * * *")
    True
    """
    return one == other or all(_same_fires(one, other, reading) for reading in _readings(one, other))


def _readings(*texts: str) -> tuple[Reading, ...]:
    """Return the readings in which *texts* may differ: those of lists with `W` or `L` in each version of Quartz.

    A change does not know its service's version, so what is proven holds for every version.
    """
    return EVERY_READING if any("," in text and _HAS_SPECIAL.search(text) for text in texts) else EVERY_READING[:1]


def _same_fires(one: str, other: str, reading: Reading) -> bool:
    left, right = reading.expression(one), reading.expression(other)
    return left is not None and right is not None and same_fires(left, right)


def same_live(one: LiveRow, other: LiveRow) -> bool:
    """Return whether two rows of one key mean the same: the same fires, and active or not alike.

    The job id is left out: a service that replaces a job on save gives the same schedule a new one.
    """
    return one.active == other.active and same_cron(one.cron, other.cron)


def same_rows(one: tuple[LiveRow, ...], other: tuple[LiveRow, ...]) -> bool:
    """Return whether two readings of one key mean the same, whatever the order of their rows."""
    if one == other or len(one) != len(other):
        return one == other
    left = list(other)
    for row in one:
        match = next((index for index, candidate in enumerate(left) if same_live(row, candidate)), None)
        if match is None:
            return False
        del left[match]
    return True


def only_row(live: Live | None) -> LiveRow | None:
    """Return the one row of *live*; None when the key is absent, unreadable, duplicate, or was not read."""
    return live[0] if isinstance(live, tuple) and len(live) == 1 else None


def known_name(applied: Applied | None, declared: str) -> str:
    """Return the name that is live, as far as it is known: the last applied one; without one, *declared* is assumed.

    The service does not return names, and a save always writes the declared one.
    """
    return declared if applied is None else applied.name


def conditions(live: Live) -> tuple[Condition, ...]:
    """Return what is out of the ordinary about *live*, sorted; empty for an unreadable or absent key."""
    if isinstance(live, Unreadable):
        return ()
    found = set()
    if len(live) > 1:
        found.add(Condition.DUPLICATE)
    for row in live:
        if not row.active:
            found.add(Condition.INACTIVE)
        if same_cron(row.cron, PARKED_CRON):
            found.add(Condition.PARKED)
        elif not _parses(row.cron):
            found.add(Condition.UNPARSEABLE)
    return tuple(sorted(found))


@dataclass(frozen=True)
class Change:
    """One key, seen from three sides. *live* is what the service had when it was read.

    *to_activate*: the run was asked to make inactive jobs active, so a save of this key is to leave an active job.
    """

    desired: Schedule
    applied: Applied | None
    live: Live
    to_activate: bool = field(default=False, compare=False)

    @property
    def key(self) -> Key:
        """Return the schedule key."""
        return self.desired.key

    @property
    def row(self) -> LiveRow | None:
        """Return the one live row; None when the key is absent, unreadable or duplicate."""
        return only_row(self.live)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Return what is out of the ordinary on the live side."""
        return conditions(self.live)

    @cached_property
    def fires_as_desired(self) -> bool:
        """Return whether one live row holds a cron of the desired meaning; nothing live is as good as parked."""
        if self.live == ():
            return self.desired.state is State.PARKED
        return self.row is not None and same_cron(self.row.cron, self.desired.cron_to_save)

    @property
    def known_name(self) -> str:
        """Return the name that is live, as far as it is known: the last applied one; without one, the declared one."""
        return known_name(self.applied, self.desired.name)

    @property
    def is_live_as_desired(self) -> bool:
        """Return whether live holds cron, known name and state as desired: there is nothing to save or to report.

        A parked job need not be active.
        """
        return self.fires_as_desired and self.action is None

    @property
    def fields(self) -> tuple[SavedField, ...]:
        """Return which of the declared fields a save would change, as far as they are known (see `known_name`)."""
        changed = [] if self.fires_as_desired else [SavedField.CRON]
        if self.known_name != self.desired.name:
            changed.append(SavedField.NAME)
        if Condition.INACTIVE in self.conditions:
            changed.append(SavedField.STATE)
        return tuple(changed)

    @cached_property
    def verdict(self) -> Verdict:
        """Return the first verdict that fits (see `Verdict`)."""
        if isinstance(self.live, Unreadable):
            return Verdict.UNREADABLE
        if isinstance(self.desired.origin, Removed):
            return Verdict.ORPHAN
        if self.applied is None:
            return Verdict.IN_SYNC if self.fires_as_desired else Verdict.NEVER_APPLIED
        if self.live == ():
            return Verdict.VANISHED
        return self._three_way(self.applied)

    def _three_way(self, applied: Applied) -> Verdict:
        is_named_as_desired = self.known_name == self.desired.name
        as_applied = same_cron(applied.cron, self.desired.cron_to_save) and is_named_as_desired
        if self.fires_as_desired and is_named_as_desired:
            return Verdict.IN_SYNC if as_applied else Verdict.CONVERGED
        live_as_applied = self.row is not None and same_cron(self.row.cron, applied.cron)
        if not as_applied:
            return Verdict.PENDING if live_as_applied else Verdict.CONFLICTING
        return Verdict.DRIFTED

    @cached_property
    def action(self) -> Action | None:
        """Return what a save would do; None where no save is possible or none is needed.

        A key that differs in nothing but being inactive is `enable`, one that differs in nothing but its name `rename`;
        an override says whether these saves are made.
        """
        if isinstance(self.live, Unreadable) or Condition.DUPLICATE in self.conditions:
            return None
        if not self.fires_as_desired:
            if self.live == ():
                return Action.CREATE
            return Action.PARK if self.desired.state is State.PARKED else Action.UPDATE
        if Condition.INACTIVE in self.conditions and self.desired.state is State.ACTIVE:
            return Action.ENABLE
        if self.live and self.known_name != self.desired.name:
            return Action.RENAME
        return None


def _parses(cron: str) -> bool:
    return any(reading.expression(cron) is not None for reading in _readings(cron))

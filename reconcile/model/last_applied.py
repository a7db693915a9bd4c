"""Last applied: what was saved for each key and verified, and where that is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconcile.model.keys import Key
from reconcile.model.schedule import DeclaredAt, Schedule, State

UNJUDGED = "nothing counts as vanished, held, changed by hand, or applied at a later commit"
"""What the guards that need memory cannot tell without it."""

NO_ORPHANS = "no orphans"
ORPHANS_OF_BASE = "no orphans but those of --base"
TWO_WAY = f"no last applied: two-way, {NO_ORPHANS}, no lock; {UNJUDGED}"


class LastAppliedSource(StrEnum):
    """Where last applied was taken from."""

    LEDGER = "ledger"
    NONE = "none"


VALUES_KEPT = 20
"""So many of the values that a key had are kept, the last ones."""


@dataclass(frozen=True, slots=True)
class LastDeclaration:
    """What *file* (within the repository) declared of a key when it was last applied, beside its cron and name."""

    declared_cron: str
    state: State = State.ACTIVE
    protect: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


@dataclass(frozen=True, slots=True)
class ValueInForce:
    """What was applied to a key, by *run*, and in force from *since* (aware, UTC) until the next value.

    *since* is when the ledger recorded it, by the clock of that runner.
    """

    cron: str
    name: str
    state: State
    run: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What was last applied to a key, verified at the time. *cron* is what was saved: that of parking for a parked key.

    *job_ids* are all that its jobs were seen to have; *run* is the run that applied it, *revision* the commit. What was
    taken over from the old ref has no ids and no run. *declared* is None where an older program recorded it.
    """

    cron: str
    name: str
    job_ids: tuple[str, ...] = ()
    run: str | None = None
    revision: str | None = None
    declared: LastDeclaration | None = None


@dataclass(frozen=True, slots=True)
class LastApplied:
    """What was last applied in one environment, *by_key*, as *source* knows it.

    *removed* is what no file declares any more, each to be parked. *not_recorded* are those keys of *by_key* that the
    ledger has yet to take over from the old ref. *assumptions* say what *source* cannot know.
    """

    source: LastAppliedSource = LastAppliedSource.NONE
    by_key: Mapping[Key, Applied] = field(default_factory=dict)
    removed: Mapping[Key, Schedule] = field(default_factory=dict)
    assumptions: tuple[str, ...] = (TWO_WAY,)
    not_recorded: frozenset[Key] = frozenset()


NO_LAST_APPLIED = LastApplied()


def last_declaration(schedule: Schedule) -> LastDeclaration | None:
    """Return what is kept of a declaration once it is applied; None for what no file declares."""
    if not isinstance(schedule.origin, DeclaredAt):
        return None
    file = schedule.origin.file or None
    return LastDeclaration(schedule.declared_cron, schedule.state, schedule.protect, dict(schedule.labels), file)

"""Records of a ledger: runs, the change that each made to a key, holds, and the holder of the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.live import Live, Rows
from reconcile.model.outcome import Result
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action


class RunKind(StrEnum):
    """What a run was for."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    ADOPT = "adopt"
    """`ledger rebuild`: what was live was taken for last applied. `ledger accept`: the ledger was taken as it is.

    Nothing was saved."""
    TAKE = "take"
    """`ledger take`: the ledger was carried here from another place; nothing was saved."""


class Ending(StrEnum):
    """How a run ended. One that has none is running, or ended without a record (`RunState`)."""

    FINISHED = "finished"
    """Everything that was asked for is done and verified; a saved plan is used up."""
    UNFINISHED = "unfinished"
    INTERRUPTED = "interrupted"


class RunState(StrEnum):
    """Whether a run goes on, as far as the ledger can tell."""

    RUNNING = "running"
    """It holds the lock. Whether its process lives cannot be told from one look."""
    ENDED = "ended"
    UNRECORDED = "unrecorded"
    """It ended without a record: it was killed, or lost the ledger. What it left open is not settled yet."""
    SETTLED = "settled"
    """It ended without a record, and a later run settled it."""


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run when it begins. *started_at* is aware, UTC, and as right as the clock of its runner.

    *plan_digest* and *plan_made_at* (as the plan's document has it) together tell a saved plan from every other;
    *overrides* are the options that lifted guards, as typed; *of_run* is the run that a rollback is about.
    """

    id: str
    kind: RunKind
    started_at: datetime
    actor: str
    revision: str | None = None
    plan_digest: str | None = None
    plan_made_at: str | None = None
    desired_digest: str | None = None
    overrides: tuple[str, ...] = ()
    of_run: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the ledger recorded it. *summary* counts the changes by `Result`; *ending* is None while it goes on.

    Of two runs the one with the higher *serial* came later. *settled_by* is the run that found this one dead, and read
    what had become of all that it left open.
    """

    start: RunStart
    ended_at: datetime | None = None
    ending: Ending | None = None
    summary: Mapping[str, int] = field(default_factory=dict)
    serial: int = 0
    settled_by: str | None = None

    def state(self, lock: LockHolder | None) -> RunState:
        """Return whether it goes on; *lock* is the holder of the lock of its environment."""
        if self.ending is not None:
            return RunState.ENDED
        if lock is not None and lock.run == self.start.id:
            return RunState.RUNNING
        return RunState.UNRECORDED if self.settled_by is None else RunState.SETTLED


class Settled(StrEnum):
    """What a later run read of an intent without an outcome, or with the outcome `unknown`."""

    AS_DESIRED = "as-desired"
    AS_BEFORE = "as-before"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run has read, and no run has recorded yet.

    *settled* is what became of open changes, by run and key, and *settled_applied* the last applied that follows from
    it; *in_sync* is last applied of the keys that are live as declared.
    """

    settled: Mapping[tuple[str, Key], Settled] = field(default_factory=dict)
    settled_applied: Mapping[Key, Applied] = field(default_factory=dict)
    in_sync: Mapping[Key, Applied] = field(default_factory=dict)


NOTHING_LEARNED = Learned()


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """What a run was about to do to *key*, and what became of it.

    *name*, *cron* and *state* are what a save writes. *before* are the rows seen live beforehand, *applied* what had
    been applied last. *result* is None for an intent without an outcome; *after* is what was read last.
    """

    key: Key
    action: Action
    name: str
    cron: str
    state: State
    before: Rows
    applied: Applied | None = None
    result: Result | None = None
    reason: str = ""
    message: str = ""
    saves: int = 0
    after: Live | None = None
    settled: Settled | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it may have been saved, and no later run has read what became of it."""
        return self.settled is None and self.result in (None, Result.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Hold:
    """A key that the rollback *run* was to bring back.

    No apply touches it while its declaration says *name*, *cron* and *state*.
    """

    key: Key
    name: str
    cron: str
    state: State
    run: str
    reason: str
    placed_at: datetime

    @property
    def cause(self) -> str:
        """Return which rollback placed it, and its reason where there is one."""
        return f"by rollback {self.run}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run is about: *service* marks the service; *folder*, from the top of the repository, has the declarations.

    *folder* is ``""`` at the top, and outside Git.
    """

    service: str
    folder: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which ledger this is: an *id* from when it was made, and the *serial* of its last run or release.

    A copy, or an older state, of a ledger has its id. One that was made from others, or carried from another place,
    names those, its *parents*, as ``ID@SERIAL``; the serial is left out where it is not known.
    """

    id: str
    serial: int
    parents: tuple[str, ...] = ()

    @property
    def as_parent(self) -> str:
        """Return how a lineage that is begun from this one names it."""
        return f"{self.id}@{self.serial}"

    def is_of(self, named: str) -> bool:
        """Return whether this is the lineage with the id *named*, or was begun from it."""
        return named in (self.id, *(parent.partition("@")[0] for parent in self.parents))

    def is_after(self, seen: Lineage) -> bool:
        """Return whether this holds more than *seen*, or was begun from it."""
        return self.serial > seen.serial if self.id == seen.id else self.is_of(seen.id)

    def why_behind(self, seen: Lineage) -> str | None:
        """Return why this is not what *seen* has become; None: it is, as far as can be told."""
        if self.id == seen.id:
            return None if self.serial >= seen.serial else f"holds run {self.serial} of lineage {self.id}"
        return None if self.is_of(seen.id) else f"is of lineage {self.id}, which was not begun from another"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The ledger of another *environment* or *workspace*, at *place* (empty: in the same one), that knows *keys*."""

    workspace: str
    environment: str
    keys: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who is applying to an environment. *id* is what `reconcile unlock` takes.

    *renewed_at* is when the holder renewed the lock last, by the holder's own clock: for people, never compared.
    """

    id: str
    run: str
    actor: str
    since: datetime
    renewed_at: datetime

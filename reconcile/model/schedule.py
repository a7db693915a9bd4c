"""A schedule, as declared and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias

from reconcile.model.keys import Key
from reconcile.model.rules import ScheduleRule

# The service has no delete and no disable: a job that must not run is given a cron that fires once, far away.
PARKED_CRON = "0 0 0 1 1 ? 2099"


class State(StrEnum):
    """Whether a declared schedule is to fire."""

    ACTIVE = "active"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class DeclaredAt:
    """A file declares it: its entry begins at *line* (from 1) of *file*. Exact columns are found again on demand."""

    word: ClassVar[str] = "declared"

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a key that no file of the environment declares does not count as removed from Git.

    *rule* is ``outside-paths`` (another file declares it, at *place*) or ``missing`` (a tracked file that is not on
    disk, at *place*, declares it or may do so).
    """

    rule: ScheduleRule
    place: str


@dataclass(frozen=True, slots=True)
class Removed:
    """No file of the environment declares it any more: an orphan. It is to be parked, unless there is a *doubt*.

    *file* declared it last, where that is known.
    """

    WORD: ClassVar[str] = "removed"

    doubt: Doubt | None = None
    file: str | None = None

    @property
    def word(self) -> str:
        """Return how documents name it: ``removed``, or the rule of the doubt."""
        return self.WORD if self.doubt is None else str(self.doubt.rule)

    def __str__(self) -> str:
        if self.doubt is not None:
            return f"{self.doubt.rule} {self.doubt.place}"
        return "declared nowhere" if self.file is None else f"declared nowhere, before in {self.file}"


@dataclass(frozen=True, slots=True)
class BeforeRun:
    """It was live before *run*, which is rolled back. A plan that was read from a file does not know which run."""

    word: ClassVar[str] = "rollback"

    run: str | None

    @property
    def named(self) -> str:
        """Return the run, as a sentence names it."""
        return "a run" if self.run is None else f"run {self.run}"

    def __str__(self) -> str:
        return f"before {self.named}"


Origin: TypeAlias = DeclaredAt | Removed | BeforeRun
"""Why a schedule is desired. Its text says where a reader finds it; *word* names it in documents and digests."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The desired schedule of one key: from Git, with sets, defaults and overrides resolved, or of another *origin*.

    *cron* is plain Quartz text, *declared_cron* what the file says (they differ where it holds ``H``).
    """

    key: Key
    name: str
    cron: str
    declared_cron: str
    origin: Origin
    state: State = State.ACTIVE
    owner: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False

    @property
    def cron_to_save(self) -> str:
        """Return the cron text that the service is to hold: the parking cron for a parked schedule."""
        return PARKED_CRON if self.state is State.PARKED else self.cron

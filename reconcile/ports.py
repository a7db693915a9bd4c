"""What the flows need of the outside world. An edge implements each; a test replaces each with a few lines.

`Reader` has no save: plan, drift, health, history and review hold nothing else, so they cannot write to a service.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from reconcile.errors import LedgerError
from reconcile.model.execution import PAGE_SIZE, HistoryPage
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.live import Live
from reconcile.model.outcome import AnswerKind as AnswerKind
from reconcile.model.outcome import Intent, Outcome

Progress = Callable[[int], None]
"""Called with how many more keys are done."""


def no_progress(_: int) -> None:
    """Do nothing with progress."""


Objection = Callable[[Key], Refusal | None]
"""Called in the moment in which a save of a key is to be begun: why it must not be, or None. Any thread may call it."""


def no_objection(_: Key) -> Refusal | None:
    """Object to no save."""
    return None


class Reader(Protocol):
    """Reads the service."""

    def query(
        self, keys: Collection[Key], *, at_most: int | None = None, progress: Progress = no_progress
    ) -> Mapping[Key, Live]:
        """Return what one complete, well-formed answer says of each of *keys*.

        Every key is in the result: its rows in the order given (none: not in the answer, which is not yet *absent*), or
        why it is unreadable. Keys are asked in batches by tenant of the environment's size, or of *at_most*. Never
        raises for what a service says or fails to say.
        """

    def history(self, tenant: str, job_id: str, *, page: int = 1, page_size: int = PAGE_SIZE) -> HistoryPage:
        """Return one page of a job's history, newest first.

        Raises:
            ServiceError: it could not be read.
        """


@dataclass(frozen=True, slots=True)
class Save:
    """One save call: the name and the cron text to hold for *key*."""

    key: Key
    name: str
    cron: str


@dataclass(frozen=True, slots=True)
class SaveAnswer:
    """The answer to one save. *message* is free of control characters; *job_id* is there only when acknowledged."""

    kind: AnswerKind
    message: str = ""
    job_id: str | None = None
    hint: str | None = None


class Writer(Protocol):
    """Writes to the service."""

    def save(
        self, saves: Sequence[Save], *, objection: Objection = no_objection, progress: Progress = no_progress
    ) -> Mapping[Key, SaveAnswer]:
        """Make each of *saves* once (definite refusals may be repeated inside), concurrently, and return every answer.

        *objection* is asked just before each request, also before a repeated one: what it objects to is not sent.
        Once the run is stopped nothing new is begun; calls still open after a short grace are `lost`. Never raises for
        what a service says or fails to say.
        """


class Ledger(Protocol):
    """Remembers, for one run, what was about to be done and what became of it. Each call is one transaction."""

    def objection(self) -> LedgerError | None:
        """Return why nothing may be saved now (the run may have lost its lock); None: it may. Any thread may ask."""

    def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record a wave's intents, durably, before its first save.

        Raises:
            LockLostError: the run no longer holds its lock: nothing more may be saved.
            LedgerError: they could not be recorded: nothing may be saved.
        """

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Record a wave's outcomes, durably, after its read-back; a key recorded before gets the later outcome.

        Raises:
            LedgerError: they could not be recorded: the intents stay open, and the next run settles them.
        """


class PushKind(Enum):
    """How a push by compare-and-swap ended. *STALE*: the ref was moved since; *UNKNOWN*: nothing certain came back."""

    LANDED = auto()
    STALE = auto()
    REFUSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Pushed:
    """The end of a push; *message* and *hint* hold the server's own words where it did not land."""

    kind: PushKind
    message: str = ""
    hint: str | None = None


class SharedRef(Protocol):
    """A ref in another repository that names a tree of files, and is moved by compare-and-swap only.

    A commit is named by its id. Every method raises `ReconcileError` where the other repository could not be asked.
    """

    @property
    def shown(self) -> str:
        """Return ref and address, as they may be printed."""

    def tip(self) -> str | None:
        """Return the commit that the ref names now, of which nothing is fetched; None: there is no such ref."""

    def fetch(self) -> str | None:
        """Fetch what the ref names now, without its history, and return the commit; None: there is no such ref."""

    def files(self, commit: str) -> Mapping[str, bytes]:
        """Return the files of a commit that is here, by path."""

    def removed(self, folder: str) -> Mapping[str, bytes]:
        """Fetch the whole history of what `fetch` returned; return the files of *folder* that it removed, by path."""

    def commit(self, parent: str | None, changed: Mapping[str, bytes | None], subject: str) -> str:
        """Return a new commit after *parent*, with the files *changed* (None: without it); nothing is pushed."""

    def push(self, old: str | None, new: str) -> Pushed:
        """Move the ref from *old* (None: it must not exist) to *new*. Never raises: an unknown end is told as such."""

    def contains(self, commit: str) -> bool:
        """Return whether what the ref names now is *commit*, or follows it."""


class Tree(Protocol):
    """The files of a work tree or of a Git revision. Paths are relative to the tree's root, with forward slashes."""

    def paths(self) -> Collection[str]:
        """Return every file's path, sorted."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            SettingError: there is no such file, or it cannot be read.
        """


class Clock(Protocol):
    """Time, where waiting is the job."""

    def now(self) -> datetime:
        """Return the current instant, aware, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait, at most *seconds*; returns early once the run is stopped."""


class Stop(Protocol):
    """Whether the run was asked to stop (SIGINT, SIGTERM)."""

    def is_set(self) -> bool:
        """Return whether nothing new may be begun."""

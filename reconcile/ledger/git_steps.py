"""The steps of a run in a ledger that Git keeps: each is a commit, and a push moves the ref to the newest of them.

The lock is a file of the tree. A run takes it with its first push, by compare-and-swap on the very commit that it read:
a ledger that was moved since is refused by the server, and nothing was saved yet. Later pushes keep it: each moves the
ref, and a waiter watches the ref as it would watch the counter of a row (`lease`). No two clocks are compared.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

from reconcile.errors import (
    LedgerError,
    LedgerGoneError,
    LedgerMovedError,
    LedgerRefusedError,
    LockLostError,
    ReconcileError,
)
from reconcile.ledger.lease import Lease
from reconcile.ledger.ledger_tree import LOCK, META
from reconcile.model.ledger_records import Lineage
from reconcile.ports import PushKind, SharedRef

# A renewal is a push: it is made less often than in a database.
LEASE = Lease(renew_seconds=20.0)
POLL_SECONDS = 10.0
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Meta:
    """Which ledger this is: its *lineage*, made with it; *serial* counts its commits, *schema* is that of its rows."""

    schema: int
    lineage: str
    serial: int
    format: int = FORMAT

    @property
    def content(self) -> bytes:
        """Return the file."""
        return _content(asdict(self))


@dataclass(frozen=True, slots=True)
class GitLock:
    """The lock: *id* is random, so that no two are equal; each renewal adds one to *counter*."""

    id: str
    run: str
    actor: str
    since: str
    counter: int = 0

    @property
    def content(self) -> bytes:
        """Return the file."""
        return _content(asdict(self))


def _content(value: Mapping[str, object]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


@dataclass
class Steps:
    """The commits of one opening of the ledger. *at* is where the ref stands, as far as this run knows; None: nowhere.

    *head* is the newest commit, *doubtful* one whose push had no answer; *landed* is the
    lineage as of the last intents that were pushed. One push at a time: a thread renews the lock.
    """

    ref: SharedRef
    meta: Meta
    at: str | None
    now: Callable[[], float]
    lock: GitLock | None = None
    head: str | None = None
    doubtful: str | None = None
    has_landed: bool = False
    pushed_at: float = 0.0
    lost: LedgerError | None = None
    landed: Lineage | None = None
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.head = self.at

    def commit(self, changed: Mapping[str, bytes | None], subject: str) -> None:
        """Make a commit of the files *changed*; it is pushed by the next `push`."""
        with self._one_at_a_time, as_ledger_error(self.ref.shown):
            self.meta = replace(self.meta, serial=self.meta.serial + 1)
            own = {META: self.meta.content, LOCK: None if self.lock is None else self.lock.content}
            self.head = self.ref.commit(self.head, {**changed, **own}, subject)

    def push(self) -> None:
        """Move the ref to the newest commit; durable when this returns.

        Raises:
            LedgerMovedError: the first push came too late: another run moved the ledger since it was read.
            LedgerRefusedError: the first push did not land, as far as is known.
            LedgerGoneError: the ref is not there any more, or was taken back.
            LockLostError: another run has the lock now, or it was unlocked.
            LedgerError: it did not land: nothing may be saved.
        """
        with self._one_at_a_time:
            if self.lost is not None:
                raise self.lost
            if self.doubtful is not None:
                self._push(self.doubtful)
            if self.head is not None and self.head != self.at:
                self._push(self.head)

    def free(self, dead: GitLock, meta: Meta) -> None:
        """Free the lock of a *dead* run that was taken over by one that pushed nothing; the ledger read was of *meta*.

        Raises what `push` does.
        """
        if self.doubtful is None:  # else its own lock may be there
            self.head, self.meta, self.lock = self.at, meta, None
            self.commit({}, f"free the lock of {dead.run}, which is dead")
            self.push()

    def objection(self) -> LedgerError | None:
        """Return why nothing may be saved now; None: it may."""
        if self.lost is not None:
            return self.lost
        if not self.has_landed:
            return None  # the first push takes the lock
        stood = self.now() - self.pushed_at
        if self.lock is None or stood <= LEASE.saving_seconds:
            return None
        return self._no_longer(f"its lock was not renewed for {stood:.0f} seconds")

    def renew(self) -> None:
        """Push a renewal of the lock, unless something was pushed a short while ago. It never raises."""
        with self._one_at_a_time:
            is_held = self.has_landed and self.lock is not None and self.lost is None
            if not is_held or self.now() - self.pushed_at < LEASE.renew_seconds:
                return
            assert self.lock is not None
            self.lock = replace(self.lock, counter=self.lock.counter + 1)
            try:
                self.commit({}, f"renew the lock of {self.lock.run}")
                self.push()
            except ReconcileError:
                return  # the next renewal makes up for it; else saving stops when the lease is over

    def _push(self, commit: str) -> None:
        # A push that is made again may have landed the first time: the lease counts from there.
        began = self.now()
        pushed = self.ref.push(self.at, commit)
        if pushed.kind is PushKind.LANDED:
            self.at, self.doubtful, self.has_landed, self.pushed_at = commit, None, True, began
            return
        if pushed.kind is PushKind.STALE:
            if not self.has_landed and self.doubtful is None:
                raise LedgerMovedError(
                    f"the ledger {self.ref.shown} was moved by another run since it was read",
                    hint="run again: the plan is made from what the ledger holds now",
                )
            self._find_out_what_happened()
        if pushed.kind is PushKind.UNKNOWN:
            self.doubtful = commit
        error = LedgerError if self.has_landed else LedgerRefusedError
        raise error(f"the ledger {self.ref.shown} cannot be written: {pushed.message}", hint=pushed.hint)

    def _find_out_what_happened(self) -> None:
        """Raise what a push that came too late means for a run that held the lock."""
        self.lost = self._no_longer("another run moved the ledger: the lock was taken over, or unlocked")
        try:
            is_there = self.at is not None and self.ref.contains(self.at)
        except ReconcileError as error:
            raise self._no_longer(error.message) from None
        if not is_there:
            self.lost = LedgerGoneError(
                f"the ledger {self.ref.shown} was deleted or taken back while this run held its lock",
                hint="see who pushed to the ref (`git push --mirror` does); push the newest ledger back",
            )
        raise self.lost

    def _no_longer(self, because: str) -> LockLostError:
        return LockLostError(
            f"this run no longer holds the lock of the ledger {self.ref.shown}: {because}",
            hint="look at `reconcile runs` for who has been applying since; then apply again",
        )


@contextlib.contextmanager
def as_ledger_error(shown: str) -> Iterator[None]:
    """Raise what git says inside as an error of the ledger *shown*."""
    try:
        yield
    except (LedgerError, LedgerMovedError):
        raise
    except ReconcileError as error:
        raise LedgerError(f"the ledger {shown} cannot be used: {error.message}", hint=error.hint) from error

"""The lock of an environment: one apply at a time, for all workspaces. A row of the ledger, in SQLite and PostgreSQL.

The row of an environment is made once and stays. It holds

- a *nonce*, random and new for each holding, which is also the id of the lock; none: the lock is free;
- a *counter*, to which each renewal adds one. A waiter sees by it that the holder lives (`lease`);
- a *token*, to which each taking adds one. It is never used twice.

Each transaction of a run first asks whether nonce and token are still its own (`is_held_by`), and keeps the row locked
until it ends: so the lock cannot be taken between that question and the commit. Nothing depends on a connection or its
session, so a pooler may stand in between, and a connection that broke may be replaced.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from reconcile.engine.guard import refused_by
from reconcile.errors import LedgerError
from reconcile.ledger.database import Database, write_transaction
from reconcile.ledger.lease import Lease, Mark, Watch
from reconcile.ledger.tables import LOCKS
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import LockHolder
from reconcile.ports import Clock
from reconcile.times import instant_text

POLL_SECONDS = 0.5
# Two runs may make the row at the same time: the second one waits for the first, and then finds it.
_MAKE_ROW = text(
    "INSERT INTO reconcile_environment_locks (environment, token, counter) VALUES (:environment, 0, 0) "
    "ON CONFLICT DO NOTHING"
)


class Held:
    """A lock that was taken. It is lost for good once it was not renewed in time, or was found to be another run's."""

    def __init__(self, holder: LockHolder, *, token: int, taken_at: float, clock: Clock, lease: Lease) -> None:
        self.holder = holder
        self.token = token
        self._renewed_at = taken_at
        self._clock = clock
        self._lease = lease
        self._lost: str | None = None

    def objection(self) -> str | None:
        """Return why nothing may be saved any more; None: the lock is held, as far as this run's clock can tell."""
        passed = self._clock.monotonic() - self._renewed_at
        if self._lost is None and passed > self._lease.saving_seconds:
            self._lost = f"its lock could not be renewed for {passed:.0f} s, and another run may have it"
        return self._lost

    def renewed(self, *, began_at: float) -> None:
        """Take note of a renewal that succeeded; *began_at* is the clock read before it."""
        self._renewed_at = began_at

    def lose(self) -> None:
        """Take note that another run has the lock, or that it was unlocked."""
        self._lost = self._lost or "its lock was taken over or unlocked"


@dataclass(frozen=True, slots=True)
class Seen:
    """A lock that another run holds."""

    mark: Mark
    holder: LockHolder


class EnvironmentLock:
    """The lock of one environment. A method without a connection argument is a transaction of its own."""

    def __init__(self, database: Database, *, workspace: str, environment: str, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._workspace = workspace
        self.environment = environment
        self._clock = clock
        self._lease = lease
        self._is_its_row = LOCKS.c.environment == environment

    def take(self, candidate: LockHolder, *, over: Mark | None = None) -> Held | Seen:
        """Take the lock for *candidate*, if it is free, or if its mark is still *over*; else return who holds it."""
        began_at = self._clock.monotonic()
        with self._database.writing() as connection:
            connection.execute(_MAKE_ROW, {"environment": self.environment})
            row = self._row(connection, for_update=True)
            assert row is not None, "it was just made"
            seen = _seen(row)
            if seen is not None and seen.mark != over:
                return seen
            values = {
                "nonce": candidate.id,
                "token": row.token + 1,
                "counter": 0,
                "workspace": self._workspace,
                "run": candidate.run,
                "actor": candidate.actor,
                "since": candidate.since,
                "renewed_at": candidate.renewed_at,
            }
            connection.execute(update(LOCKS).where(self._is_its_row).values(values))
        return Held(candidate, token=row.token + 1, taken_at=began_at, clock=self._clock, lease=self._lease)

    @contextlib.contextmanager
    def kept(self, held: Held) -> Iterator[None]:
        """Renew the lock inside, and release it at the end."""
        done = threading.Event()
        renewal = threading.Thread(target=self._renew_until, args=(held, done), name="ledger-lease", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            # A lock that cannot be released is taken over by a waiter.
            with contextlib.suppress(LedgerError):
                self.release(held)

    def is_held_by(self, connection: Connection, held: Held) -> bool:
        """Return whether *held* is still the lock's newest taking. It stays so until the transaction ends."""
        its_own = select(LOCKS.c.token).where(*self._is_of(held)).with_for_update()
        return connection.execute(its_own).first() is not None

    def renew(self, held: Held, connection: Connection | None = None) -> bool:
        """Add one to the counter; return whether the lock is still held. One that was not renewed in time is lost."""
        if held.objection() is not None:
            return False
        began_at = self._clock.monotonic()
        values = {"counter": LOCKS.c.counter + 1, "renewed_at": self._clock.now()}
        its_own = update(LOCKS).where(*self._is_of(held)).values(values)
        if connection is None:
            with self._database.writing() as own_connection:
                is_held = own_connection.execute(its_own).rowcount == 1
        else:
            with write_transaction(connection):
                is_held = connection.execute(its_own).rowcount == 1
        if is_held:
            held.renewed(began_at=began_at)
        else:
            held.lose()
        return is_held

    def release(self, held: Held) -> None:
        """Free the lock, if it is still *held*."""
        with self._database.writing() as connection:
            connection.execute(update(LOCKS).where(*self._is_of(held)).values(nonce=None))

    def holder(self) -> LockHolder | None:
        """Return the holder of the lock. Whether it still lives cannot be told from one look."""
        with self._database.reading() as connection:
            row = self._row(connection)
        seen = None if row is None else _seen(row)
        return None if seen is None else seen.holder

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Free the lock with this id, and return who held it; None: there is no such lock."""
        with self._database.writing() as connection:
            row = self._row(connection, for_update=True)
            if row is None or row.nonce is None or row.nonce != lock_id:
                return None
            connection.execute(update(LOCKS).where(self._is_its_row).values(nonce=None))
        return _holder(row)

    def _row(self, connection: Connection, *, for_update: bool = False) -> Row[Any] | None:
        chosen = select(LOCKS).where(self._is_its_row)
        return connection.execute(chosen.with_for_update() if for_update else chosen).one_or_none()

    def _is_of(self, held: Held) -> tuple[Any, ...]:
        return self._is_its_row, LOCKS.c.nonce == held.holder.id, LOCKS.c.token == held.token

    def _renew_until(self, held: Held, done: threading.Event) -> None:
        """Renew until *done*, or until the lock is lost. The next renewal makes up for one that fails."""
        with contextlib.ExitStack() as stack:
            connection: Connection | None = None
            while not done.wait(self._lease.renew_seconds):
                with contextlib.suppress(SQLAlchemyError):
                    # A connection of its own: the run is using the other one.
                    connection = connection or stack.enter_context(self._database.engine.connect())
                    if not self.renew(held, connection):
                        return


def wait_for(
    lock: EnvironmentLock,
    candidate: LockHolder,
    *,
    clock: Clock,
    lease: Lease,
    timeout_seconds: float,
) -> Held:
    """Take the lock for *candidate*, waiting for its present holder, and return it.

    A holder that did not renew it for the length of *lease*, while this run was watching, is dead: the lock is taken
    over.

    Raises:
        RefusedError: it was not free within *timeout_seconds*, or the run was stopped while waiting.
    """
    deadline = clock.monotonic() + timeout_seconds
    watch = Watch()
    while True:
        found = lock.take(candidate, over=watch.overdue(lease, at=clock.monotonic()))
        if isinstance(found, Held):
            return found
        started = clock.monotonic()
        watch = watch.seeing(found.mark, at=started)
        pause = min(POLL_SECONDS, deadline - started)
        if pause > 0:
            clock.sleep(pause)
        # A sleep that ended early means that the run was stopped.
        if pause <= 0 or clock.monotonic() - started < pause / 2:
            raise refused(found.holder, lock.environment, lease)


def _seen(row: Row[Any]) -> Seen | None:
    return None if row.nonce is None else Seen(Mark(row.nonce, row.counter), _holder(row))


def _holder(row: Row[Any]) -> LockHolder:
    return LockHolder(row.nonce, row.run, row.actor, row.since, row.renewed_at)


def refused(holder: LockHolder, environment: str, lease: Lease) -> RefusedError:
    """Return the refusal of a run whose environment *holder* has locked."""
    message = (
        f"environment {environment} is locked: {holder.actor} has been applying since {instant_text(holder.since)} "
        f"(run {holder.run}, lock {holder.id}, last renewed {instant_text(holder.renewed_at)} by its own clock)"
    )
    hint = (
        f"wait for it with --lock-timeout 10m: if that run is dead, waiting takes the lock over after "
        f"{lease.seconds:.0f} s, and `reconcile unlock {holder.id}` at once"
    )
    return RefusedError(message, refusals=(refused_by("locked", message),), hint=hint)

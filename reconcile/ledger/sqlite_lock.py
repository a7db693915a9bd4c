"""The lock in a SQLite file: a row that expires, and a thread that renews it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError

from reconcile.errors import LedgerError
from reconcile.ledger.database import Database, write_transaction
from reconcile.ledger.environment_lock import holder_of, put_row, remove_row, row_of
from reconcile.ledger.tables import LOCKS
from reconcile.model.ledger_records import LockHolder
from reconcile.ports import Clock
from reconcile.times import later


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a lock row lasts without being renewed, and how often its holder renews it."""

    seconds: float = 60.0
    renew_seconds: float = 10.0


LEASE = Lease()


class SqliteLock:
    """A lock row that expires. A run that finds it expired may take it over."""

    def __init__(self, database: Database, *, workspace: str, environment: str, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._workspace = workspace
        self._environment = environment
        self._clock = clock
        self._lease = lease

    def take(self, candidate: LockHolder) -> LockHolder | None:
        """Take the lock for *candidate* and return it with its end; None when another run holds the lock."""
        holder = replace(candidate, expires_at=self._new_end())
        with self._database.writing() as connection:
            row = row_of(connection, self._environment)
            if row is not None and row.expires_at > self._clock.now():
                return None
            put_row(connection, self._environment, self._workspace, holder, backend=None)
        return holder

    @contextlib.contextmanager
    def kept(self, holder: LockHolder) -> Iterator[None]:
        """Renew the lock inside, and release it at the end."""
        done = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(holder, done), name="ledger-lease", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            # A row that cannot be removed expires by itself.
            with contextlib.suppress(LedgerError), self._database.writing() as connection:
                remove_row(connection, self._environment, holder.id)

    def is_held_by(self, connection: Connection, holder: LockHolder) -> bool:
        """Return whether the row is still that of *holder*, and renew it.

        If it is, no other run has had the lock since, even where the lease had run out: a run that takes an expired
        lock puts a row with another id in its place.
        """
        its_row = (LOCKS.c.environment == self._environment, LOCKS.c.id == holder.id)
        return connection.execute(update(LOCKS).where(*its_row).values(expires_at=self._new_end())).rowcount == 1

    def holder(self) -> LockHolder | None:
        """Return the holder that the row names, unless its lease has run out."""
        with self._database.reading() as connection:
            row = row_of(connection, self._environment)
        return holder_of(row) if row is not None and row.expires_at > self._clock.now() else None

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Remove the row with this id, expired or not, and return the holder that it named."""
        with self._database.writing() as connection:
            row = row_of(connection, self._environment)
            if row is None or row.id != lock_id:
                return None
            remove_row(connection, self._environment, lock_id)
        return holder_of(row)

    def _new_end(self) -> datetime:
        return later(self._clock.now(), timedelta(seconds=self._lease.seconds))

    def _renew(self, holder: LockHolder, done: threading.Event) -> None:
        """Renew until *done*, or until another run has the lock. The next renewal makes up for one that fails."""
        with contextlib.ExitStack() as stack:
            connection: Connection | None = None
            while not done.wait(self._lease.renew_seconds):
                with contextlib.suppress(SQLAlchemyError):
                    # A connection of its own: the run is using the other one.
                    connection = connection or stack.enter_context(self._database.engine.connect())
                    with write_transaction(connection):
                        is_still_held = self.is_held_by(connection, holder)
                    if not is_still_held:
                        return

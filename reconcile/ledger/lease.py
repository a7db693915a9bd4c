"""The lock in a SQLite file: a row that expires, and a thread that renews it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError

from reconcile.errors import LedgerError
from reconcile.ledger.connecting import Store, writing
from reconcile.ledger.locks import Lease, holder_of, put_row, remove_row, row_of
from reconcile.ledger.tables import LOCKS
from reconcile.model.ledger import LockHolder
from reconcile.ports import Clock
from reconcile.times import later


class LeaseLock:
    """A lock row with an end. Whoever finds it expired may take it over."""

    def __init__(self, store: Store, *, workspace: str, environment: str, clock: Clock, lease: Lease) -> None:
        self._store = store
        self._workspace = workspace
        self._environment = environment
        self._clock = clock
        self._lease = lease

    def take(self, wanted: LockHolder) -> LockHolder | None:
        """Take the lock for *wanted* and return it as it is held; None when somebody else holds it."""
        held = replace(wanted, expires_at=self._end())
        with self._store.writing() as connection:
            row = row_of(connection, self._environment)
            if row is not None and row.expires_at > self._clock.now():
                return None
            put_row(connection, self._environment, self._workspace, held, backend=None)
        return held

    @contextlib.contextmanager
    def kept(self, held: LockHolder) -> Iterator[None]:
        """Renew the lock inside, and give it back at the end."""
        done = threading.Event()
        heart = threading.Thread(target=self._beat, args=(held, done), name="ledger-lease", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()
            # A row that cannot be removed ends by itself.
            with contextlib.suppress(LedgerError), self._store.writing() as connection:
                remove_row(connection, self._environment, held.id)

    def is_held(self, connection: Connection, held: LockHolder) -> bool:
        """Return whether the row is still ours, and renew it.

        If it is, nobody has had the lock since, not even where the lease had run out: who takes an expired lock puts
        a row of another id in its place.
        """
        ours = (LOCKS.c.environment == self._environment, LOCKS.c.id == held.id)
        return connection.execute(update(LOCKS).where(*ours).values(expires_at=self._end())).rowcount == 1

    def holder(self) -> LockHolder | None:
        """Return whom the row names, unless its lease has run out."""
        with self._store.reading() as connection:
            row = row_of(connection, self._environment)
        return holder_of(row) if row is not None and row.expires_at > self._clock.now() else None

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Remove the row of this id, expired or not, and return whom it named."""
        with self._store.writing() as connection:
            row = row_of(connection, self._environment)
            if row is None or row.id != lock_id:
                return None
            remove_row(connection, self._environment, lock_id)
        return holder_of(row)

    def _end(self) -> datetime:
        return later(self._clock.now(), timedelta(seconds=self._lease.seconds))

    def _beat(self, held: LockHolder, done: threading.Event) -> None:
        """Renew until *done*, or until the lock is somebody else's. A beat that fails is made up for by the next."""
        with contextlib.ExitStack() as stack:
            connection: Connection | None = None
            while not done.wait(self._lease.renew_seconds):
                with contextlib.suppress(SQLAlchemyError):
                    # A connection of its own: that of the run is busy with the run.
                    connection = connection or stack.enter_context(self._store.engine.connect())
                    with writing(connection):
                        is_ours = self.is_held(connection, held)
                    if not is_ours:
                        return

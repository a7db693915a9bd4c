"""The lock in PostgreSQL: an advisory lock of the session that the run writes with. A row names the holder."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, text

from reconcile.errors import LedgerError
from reconcile.ledger.database import Database
from reconcile.ledger.environment_lock import holder_of, put_row, remove_row, row_of
from reconcile.model.ledger_records import LockHolder
from reconcile.ports import Clock

# `pg_locks` shows a 64-bit lock as two halves.
_HOLDERS = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND classid::bigint = :high AND objid::bigint = :low
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_ENDING_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


class PostgresLock:
    """A lock of this session. The server frees it when the session ends, for whatever reason."""

    def __init__(self, database: Database, *, workspace: str, environment: str, clock: Clock) -> None:
        self._database = database
        self._workspace = workspace
        self._environment = environment
        self._clock = clock
        self._key = int.from_bytes(hashlib.sha256(f"reconcile {environment}".encode()).digest()[:8], signed=True)
        unsigned = self._key % (1 << 64)
        self._halves = {"high": unsigned >> 32, "low": unsigned & 0xFFFF_FFFF}

    def take(self, candidate: LockHolder) -> LockHolder | None:
        """Take the lock for *candidate* and return it, without an end; None when another session holds the lock."""
        holder = replace(candidate, expires_at=None)
        with self._database.writing() as connection:
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar():
                return None
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            put_row(connection, self._environment, self._workspace, holder, backend=backend)
        return holder

    @contextlib.contextmanager
    def kept(self, holder: LockHolder) -> Iterator[None]:
        """Release the lock at the end; until then the session keeps it."""
        try:
            yield
        finally:
            # A session that can no longer release the lock no longer holds it.
            with contextlib.suppress(LedgerError), self._database.writing() as connection:
                remove_row(connection, self._environment, holder.id)
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})

    def is_held_by(self, connection: Connection, holder: LockHolder) -> bool:
        """Return whether this session took the lock for *holder*: a new connection holds nothing."""
        own_backend = connection.execute(text(f"{_HOLDERS} AND pid = pg_backend_pid()"), self._halves).scalar()
        row = row_of(connection, self._environment)
        return own_backend is not None and row is not None and row.id == holder.id

    def holder(self) -> LockHolder | None:
        """Return the holder that the row names, if the session that wrote it holds the lock."""
        row = self._held_row()
        return None if row is None else holder_of(row)

    def unlock(self, lock_id: str) -> LockHolder | None:
        """End the session that holds the lock with this id, and return the holder that its row named."""
        row = self._held_row()
        if row is None or row.id != lock_id:
            return None
        with self._database.writing() as connection:
            # Asked again: the session may have ended by now, and its number may be another session's.
            if self._holding_backend(connection) == row.backend:
                connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": row.backend})
            remove_row(connection, self._environment, lock_id)
        deadline = self._clock.monotonic() + _ENDING_SECONDS
        while self._held_by(row.backend):
            if self._clock.monotonic() > deadline:
                raise LedgerError(
                    f"the session that holds the lock {lock_id} of {self._environment} does not end",
                    hint="look on the server what keeps it (pg_stat_activity), or end it there",
                )
            self._clock.sleep(_PAUSE_SECONDS)
        return holder_of(row)

    def _held_row(self) -> Row[Any] | None:
        with self._database.reading() as connection:
            row = row_of(connection, self._environment)
            return row if row is not None and row.backend == self._holding_backend(connection) else None

    def _held_by(self, backend: int) -> bool:
        with self._database.reading() as connection:
            return self._holding_backend(connection) == backend

    def _holding_backend(self, connection: Connection) -> int | None:
        return connection.execute(text(_HOLDERS), self._halves).scalar()

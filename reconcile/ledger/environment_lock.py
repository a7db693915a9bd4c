"""The lock of an environment: one apply at a time, for all workspaces. What a lock offers, and waiting for it.

There are two kinds, because the databases differ. `sqlite_lock`: a row is the lock, and it expires a while after its
holder stopped renewing it. `postgres_lock`: the lock belongs to the connection that the run writes with. So a run that
can still write still holds the lock, and the lock ends with its holder.

With both kinds the run asks again inside each transaction (`is_held_by`). A run that was stopped for a while, or that
lost its lock to `reconcile unlock`, records no further intent, and so saves nothing more.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, select

from reconcile.engine.guard import refused_by
from reconcile.ledger.tables import LOCKS
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import LockHolder
from reconcile.ports import Clock
from reconcile.times import instant_text

POLL_SECONDS = 0.5


class EnvironmentLock(Protocol):
    """The lock of one environment. A method without a connection argument is a transaction of its own."""

    def take(self, candidate: LockHolder) -> LockHolder | None:
        """Take the lock for *candidate* and return it with its end; None when another run holds the lock."""

    def kept(self, holder: LockHolder) -> AbstractContextManager[None]:
        """Keep the lock inside, and release it at the end."""

    def is_held_by(self, connection: Connection, holder: LockHolder) -> bool:
        """Return whether *holder* has held the lock since it took it, and will until the transaction ends."""

    def holder(self) -> LockHolder | None:
        """Return the holder of the lock, as far as it is known."""

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Take the lock with this id away from its holder, and return the holder; None: there is no such lock."""


def row_of(connection: Connection, environment: str) -> Row[Any] | None:
    """Return the lock row of *environment*; None when there is none."""
    return connection.execute(select(LOCKS).where(LOCKS.c.environment == environment)).one_or_none()


def put_row(
    connection: Connection, environment: str, workspace: str, holder: LockHolder, *, backend: int | None
) -> None:
    """Write *holder* into the lock row, in place of an earlier holder."""
    connection.execute(delete(LOCKS).where(LOCKS.c.environment == environment))
    values = {
        "environment": environment,
        "id": holder.id,
        "workspace": workspace,
        "run": holder.run,
        "actor": holder.actor,
        "since": holder.since,
        "expires_at": holder.expires_at,
        "backend": backend,
    }
    connection.execute(insert(LOCKS), values)


def remove_row(connection: Connection, environment: str, lock_id: str) -> None:
    """Remove the lock row, if its id is *lock_id*."""
    connection.execute(delete(LOCKS).where(LOCKS.c.environment == environment, LOCKS.c.id == lock_id))


def holder_of(row: Row[Any]) -> LockHolder:
    """Return the holder that a lock row names."""
    return LockHolder(row.id, row.run, row.actor, row.since, row.expires_at)


def wait_for(
    lock: EnvironmentLock, candidate: LockHolder, *, environment: str, clock: Clock, timeout_seconds: float
) -> LockHolder:
    """Take the lock for *candidate*, waiting for its present holder, and return it as it is held.

    Raises:
        RefusedError: it was not free within *timeout_seconds*, or the run was stopped while waiting.
    """
    deadline = clock.monotonic() + timeout_seconds
    while (holder := lock.take(candidate)) is None:
        started = clock.monotonic()
        pause = min(POLL_SECONDS, deadline - started)
        if pause > 0:
            clock.sleep(pause)
        # A sleep that ended early means that the run was stopped.
        if pause <= 0 or clock.monotonic() - started < pause / 2:
            raise _refused(lock.holder(), environment)
    return holder


def _refused(holder: LockHolder | None, environment: str) -> RefusedError:
    if holder is None:
        message = f"environment {environment} is locked by another apply, which has not said yet which one it is"
        hint = "wait for it with --lock-timeout 10m"
    else:
        message = (
            f"environment {environment} is locked: {holder.actor} has been applying since {instant_text(holder.since)} "
            f"(run {holder.run}, lock {holder.id}, {_until(holder)})"
        )
        hint = f"wait for it with --lock-timeout 10m; if that run is dead, `reconcile unlock {holder.id}`"
    return RefusedError(message, refusals=(refused_by("locked", message),), hint=hint)


def _until(holder: LockHolder) -> str:
    if holder.expires_at is None:
        return "until its connection ends"
    return f"until {instant_text(holder.expires_at)} unless renewed"

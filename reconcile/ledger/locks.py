"""The lock: one apply in an environment, whichever workspace it is of. What a lock must be able to, and waiting for it.

Two kinds, as the databases differ. `lease`: in a SQLite file a row is the lock, and ends a while after its holder
stopped renewing it. `advisory`: in PostgreSQL the lock belongs to the very connection that the run writes with, so that
whoever can still write still holds it, and it ends with its holder.

Either way the writer asks again inside each transaction (`is_held`): a run that was stopped for a while, or whose lock
was taken away by `reconcile unlock`, records no further intent, and so saves nothing more.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, select

from reconcile.engine.guard import refused_by
from reconcile.ledger.tables import LOCKS
from reconcile.model.finding import RefusedError
from reconcile.model.ledger import LockHolder
from reconcile.ports import Clock
from reconcile.times import instant_text

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a lock row lasts without being renewed, and how often its holder renews it."""

    seconds: float = 60.0
    renew_seconds: float = 10.0


LEASE = Lease()


class EnvironmentLock(Protocol):
    """The lock of one environment. What has no connection as an argument is a transaction of its own."""

    def take(self, wanted: LockHolder) -> LockHolder | None:
        """Take the lock for *wanted* and return it as it is held; None when somebody else holds it."""

    def kept(self, held: LockHolder) -> AbstractContextManager[None]:
        """Keep the lock inside, and give it back at the end."""

    def is_held(self, connection: Connection, held: LockHolder) -> bool:
        """Return whether the lock was *held* by this run all the time, and will be until the transaction ends."""

    def holder(self) -> LockHolder | None:
        """Return who holds the lock, as far as it is known."""

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Take the lock away from whoever holds it under this id, and return who that was; None: nobody does."""


def row_of(connection: Connection, environment: str) -> Row[Any] | None:
    """Return the lock row of *environment*."""
    return connection.execute(select(LOCKS).where(LOCKS.c.environment == environment)).one_or_none()


def put_row(
    connection: Connection, environment: str, workspace: str, holder: LockHolder, *, backend: int | None
) -> None:
    """Say in the lock row that *holder* has the lock, instead of whoever it named before."""
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
    """Remove the lock row, if it is that of *lock_id*."""
    connection.execute(delete(LOCKS).where(LOCKS.c.environment == environment, LOCKS.c.id == lock_id))


def holder_of(row: Row[Any]) -> LockHolder:
    """Return whom a lock row names."""
    return LockHolder(row.id, row.run, row.actor, row.since, row.expires_at)


def wait_for(
    lock: EnvironmentLock, wanted: LockHolder, *, environment: str, clock: Clock, timeout_seconds: float
) -> LockHolder:
    """Return the lock once it is taken for *wanted*, waiting for whoever holds it.

    Raises:
        RefusedError: it was not free within *timeout_seconds*, or the run was stopped meanwhile.
    """
    deadline = clock.monotonic() + timeout_seconds
    while (held := lock.take(wanted)) is None:
        begun = clock.monotonic()
        pause = min(POLL_SECONDS, deadline - begun)
        if pause > 0:
            clock.sleep(pause)
        # A sleep that was cut short means that the run was stopped.
        if pause <= 0 or clock.monotonic() - begun < pause / 2:
            raise _refused(lock.holder(), environment)
    return held


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

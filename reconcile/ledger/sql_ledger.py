"""The ledger of one environment of one workspace: what it holds, its lock, and a `RunLedger` for each run."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from types import TracebackType

from sqlalchemy import Connection, delete, insert

from reconcile.engine.note_drift import DriftNotes
from reconcile.errors import LedgerError, LockLostError
from reconcile.ledger import queries
from reconcile.ledger.database import Database
from reconcile.ledger.encoding import note_columns, run_columns
from reconcile.ledger.environment_lock import EnvironmentLock, Held, wait_for
from reconcile.ledger.lease import Lease
from reconcile.ledger.lineage import advance, begun, new_lineage
from reconcile.ledger.run_ledger import RunLedger, lift
from reconcile.ledger.tables import OBSERVED, RUNS
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, ValueInForce
from reconcile.model.ledger_records import (
    ChangeRecord,
    Elsewhere,
    Hold,
    Lineage,
    LockHolder,
    RunRecord,
    RunStart,
    Subject,
)
from reconcile.ports import Clock


class SqlLedger:
    """An open ledger. Each call is one transaction, and raises `LedgerError` when that fails.

    Two threads must not use it at the same time. Close it, or use it in a `with`.
    """

    recorder: type[RunLedger] = RunLedger

    def __init__(self, database: Database, *, workspace: str, environment: str, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._owner = queries.Owner(workspace, environment)
        self._clock = clock
        self._lease = lease
        self._held: Held | None = None
        self._lock = EnvironmentLock(database, workspace=workspace, environment=environment, clock=clock, lease=lease)

    def __enter__(self) -> SqlLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def owner(self) -> queries.Owner:
        """Return whose rows these are."""
        return self._owner

    @property
    def shown(self) -> str:
        """Return where the ledger is, as it may be printed."""
        return self._database.address.shown

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def notices(self) -> tuple[Finding, ...]:
        """Return what a person has to do about the ledger."""
        return ()

    def notices_of_run(self) -> tuple[Finding, ...]:
        """Return what of this a run says at its end."""
        return ()

    def last_applied(self) -> dict[Key, Applied]:
        """Return last applied of every key of this workspace and environment."""
        with self._database.reading() as connection:
            return queries.last_applied(connection, self._owner)

    def in_force(self, keys: Collection[Key]) -> dict[Key, tuple[ValueInForce, ...]]:
        """Return the last values of those of *keys* that the ledger knows, oldest first; the last one is in force."""
        with self._database.reading() as connection:
            return queries.in_force(connection, self._owner.environment, keys)

    def foreign_keys(self) -> dict[Key, str]:
        """Return the keys of this environment that belong to other workspaces, each with its workspace."""
        with self._database.reading() as connection:
            return queries.foreign_keys(connection, self._owner)

    def open_changes(self) -> tuple[tuple[str, ChangeRecord], ...]:
        """Return the changes whose outcome is unknown, each with the id of its run, oldest first."""
        with self._database.reading() as connection:
            return queries.open_changes(connection, self._owner)

    def doubled(self) -> frozenset[Key]:
        """Return the keys that had several jobs after this workspace's last save of them."""
        with self._database.reading() as connection:
            return queries.doubled(connection, self._owner)

    def holds(self) -> dict[Key, Hold]:
        """Return the holds, by key."""
        with self._database.reading() as connection:
            return queries.holds(connection, self._owner)

    def drift_notes(self) -> DriftNotes:
        """Return what drift checks noted, by key. A ledger in Git has them elsewhere (`observed_ref`)."""
        with self._database.reading() as connection:
            return queries.drift_notes(connection, self._owner)

    def replace_drift_notes(self, before: DriftNotes, after: DriftNotes) -> None:
        """Put *after* in the place of the notes *before*. The lock is not asked for: no run that saves is concerned.

        Raises:
            LedgerError: another check has noted something since, or the ledger could not be written at once.
        """
        if self._database.address.is_copy:
            raise LedgerError(f"the ledger {self.shown} may not be written by this user")
        with self._database.writing_briefly() as connection:
            if queries.drift_notes(connection, self._owner) != before:
                raise LedgerError("another check noted what it saw at the same time")
            owner = self._owner._asdict()
            connection.execute(delete(OBSERVED).where(*(OBSERVED.c[name] == value for name, value in owner.items())))
            if after:
                connection.execute(insert(OBSERVED), [{**owner, **note_columns(note)} for note in after.values()])

    def lineage(self) -> Lineage | None:
        """Return which ledger this is; None: no run was recorded yet."""
        with self._database.reading() as connection:
            return queries.lineage(connection, self._owner)

    def begin_lineage(self) -> Lineage:
        """Return which ledger this is; one that no run was recorded in yet is begun by that."""
        with self._database.writing() as connection:
            return begun(connection, self._owner)

    def named(self, lineage: Lineage) -> Lineage:
        """Return *lineage*, as this database has it, with the id that the ledger is known by."""
        return lineage

    def taken_to(self) -> str | None:
        """Return where the ledger was carried (`carry`); None: it is here, and may be used."""
        with self._database.reading() as connection:
            return queries.taken_to(connection, self._owner)

    def guards(self) -> dict[str, str] | None:
        """Return what the workspace guarded with when everything was last applied; None: that is not known."""
        with self._database.reading() as connection:
            return queries.guards(connection, self._owner)

    def durable_lineage(self) -> Lineage | None:
        """Return the lineage with the last serial that this ledger will not lose any more; None: there is none yet."""
        return self.lineage()

    def elsewhere(self, service: str, keys: Collection[Key]) -> tuple[Elsewhere, ...]:
        """Return the other ledgers of this database that know some of *keys* as applied to *service*."""
        with self._database.reading() as connection:
            return queries.elsewhere(connection, self._owner, service, keys)

    def folder(self) -> str | None:
        """Return the folder of the declarations that the last run was about; None: that is not known."""
        with self._database.reading() as connection:
            return queries.folder(connection, self._owner)

    def runs(self, *, most: int) -> tuple[RunRecord, ...]:
        """Return the last runs, newest first."""
        with self._database.reading() as connection:
            return queries.runs(connection, self._owner, most=most)

    def run(self, name: str) -> tuple[RunRecord, tuple[ChangeRecord, ...]] | None:
        """Return the run whose id is *name* or begins with it, and its changes sorted by key; None when there is none.

        Raises:
            UsageError: the ids of several runs begin with *name*.
        """
        with self._database.reading() as connection:
            return queries.run(connection, self._owner, name)

    def applying_runs(self, *, most: int, besides: Collection[str] = ()) -> tuple[RunRecord, ...]:
        """Return the last runs that applied declarations of a commit, in whole or in part, newest first.

        Those called *besides* count too: reading has shown that what they were about to save is live, or may be.
        """
        with self._database.reading() as connection:
            return queries.applying_runs(connection, self._owner, most=most, besides=besides)

    def finished_with(self, plan_digest: str, plan_made_at: str) -> RunRecord | None:
        """Return the run that finished the saved plan; None when the plan may be used."""
        with self._database.reading() as connection:
            return queries.finished_with(connection, self._owner, plan_digest, plan_made_at)

    def release(self, keys: Collection[Key]) -> tuple[Key, ...]:
        """Lift the holds of *keys*, and return the keys that had one, sorted."""
        with self._database.writing() as connection:
            on_hold = queries.holds(connection, self._owner).keys() & set(keys)
            lift(connection, self._owner, on_hold)
            if on_hold:
                # A copy of the ledger from before is behind: it has the holds yet.
                advance(connection, self._owner)
        return tuple(sorted(on_hold))

    def lock_holder(self) -> LockHolder | None:
        """Return the holder of the lock of this environment, of any workspace."""
        return self._lock.holder()

    def unlock(self, lock_id: str) -> LockHolder | None:
        """Take the lock with this id away from its holder, and return the holder; None: there is no such lock."""
        return self._lock.unlock(lock_id)

    @contextlib.contextmanager
    def lock(self, run: str, actor: str, *, timeout_seconds: float) -> Iterator[LockHolder]:
        """Hold the lock of the environment inside, for *run*.

        Raises:
            RefusedError: another run holds it, and did not release it within *timeout_seconds*.
        """
        assert self._held is None, "an open ledger holds at most one lock"
        now = self._clock.now()
        held = wait_for(
            self._lock,
            LockHolder(secrets.token_hex(8), run, actor, since=now, renewed_at=now),
            clock=self._clock,
            lease=self._lease,
            timeout_seconds=timeout_seconds,
        )
        self._held = held
        try:
            with self._lock.kept(held):
                yield held.holder
        finally:
            self._held = None

    def begin(self, start: RunStart, *, parents: Collection[str] = (), about: Subject | None = None) -> RunLedger:
        """Record that a run begins, and return the `RunLedger` that records it. The lock must be held.

        With *parents* it begins a new lineage, which names them and the one before it. *about* is what it is about.

        Raises:
            LedgerError: the start could not be recorded, or the lock is not held.
        """
        if self._held is None:
            raise LedgerError(f"run {start.id} began without the lock of {self._owner.environment}")
        run_ledger = self.recorder(
            self._database, self._owner, start=start, lock=self._lock, held=self._held, clock=self._clock
        )
        with run_ledger.writing() as connection:
            serial = advance(connection, self._owner, parents=parents, about=about).serial
            record = RunRecord(start, serial=serial)
            connection.execute(insert(RUNS), {**self._owner._asdict(), **run_columns(record)})
        return run_ledger

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection for one transaction that only reads."""
        return self._database.reading()

    @contextlib.contextmanager
    def step(self, subject: str) -> Iterator[Connection]:  # noqa: ARG002
        """Give a connection in a transaction, if the lock is still held; durable after the block."""
        with self._database.writing() as connection:
            if self._held is not None and not self._lock.is_held_by(connection, self._held):
                raise LockLostError(f"the lock of {self._owner.environment} was taken over or unlocked")
            yield connection

    def secure(self) -> None:
        """Let other runs see the lock that is held, where they do not yet."""

    def read_whole(self) -> None:
        """Read what was not read when the ledger was opened, if anything."""

    def renewed_lineage(self) -> str:
        """Return the id of a lineage that begins here with the next step."""
        return new_lineage()

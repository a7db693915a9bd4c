"""Records one run in the ledger: one transaction a call, and each asks whether the run still holds the lock.

A run that lost the lock records its end and nothing else: its outcomes may be out of date, and would be taken for last
applied. Its intents stay open, and the next run reads what became of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from reconcile.errors import LedgerError, LockLostError
from reconcile.ledger.database import Database
from reconcile.ledger.encoding import applied_columns, change_columns, hold_columns, in_force_value
from reconcile.ledger.environment_lock import EnvironmentLock, Held
from reconcile.ledger.queries import Owner, check_entry, in_force, known
from reconcile.ledger.tables import APPLIED, CHANGES, HOLDS, IS_OPEN, LEDGERS, RUNS
from reconcile.model.change import Change, known_name
from reconcile.model.keys import Key
from reconcile.model.last_applied import VALUES_KEPT, Applied, ValueInForce, last_declaration
from reconcile.model.ledger_records import NOTHING_LEARNED, ChangeRecord, Ending, Hold, Learned, RunStart, Settled
from reconcile.model.live import Live
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.run import TOUCHED
from reconcile.model.schedule import PARKED_CRON, State
from reconcile.ports import Clock

_ONE_CHANGE = update(CHANGES).where(
    CHANGES.c.run == bindparam("of_run"),
    CHANGES.c.tenant == bindparam("of_tenant"),
    CHANGES.c.code == bindparam("of_code"),
)
_LIFT = delete(HOLDS).where(
    HOLDS.c.environment == bindparam("of_environment"),
    HOLDS.c.tenant == bindparam("of_tenant"),
    HOLDS.c.code == bindparam("of_code"),
    HOLDS.c.workspace == bindparam("of_workspace"),
)

# What an outcome adds to its intent.
_OF_OUTCOME = ("result", "reason", "message", "saves", "after")


class RunLedger:
    """Records what one run does. It implements `ports.Ledger`; every call may raise `LedgerError`."""

    def __init__(
        self,
        database: Database,
        owner: Owner,
        *,
        start: RunStart,
        lock: EnvironmentLock,
        held: Held,
        clock: Clock,
    ) -> None:
        self._database = database
        self._owner = owner
        self._start = start
        self._lock = lock
        self._held = held
        self._clock = clock
        self._is_begun = False
        self._begun: set[Key] = set()
        self._learned = NOTHING_LEARNED
        self._may_have_saved = False
        # Verified without a save, while nothing was saved yet.
        self._found: dict[Key, Outcome] = {}

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction, if the run still holds the lock."""
        with self._database.writing() as connection:
            if self._is_begun:
                check_entry(connection, self._start.id, self._database.address.shown)
            if not self._lock.is_held_by(connection, self._held):
                self._held.lose()
                raise self._lost("its lock was taken over or unlocked")
            yield connection
        self._is_begun = True

    def objection(self) -> LedgerError | None:
        """Return why nothing may be saved now; None: it may. Only this run's clock is asked, and where the file is."""
        because = self._held.objection()
        return self._database.objection() if because is None else self._lost(because)

    def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record a wave's intents, durably, before its first save. Without a lease that is young enough, refuse."""
        self._database.check_file()
        if objection := self.objection():
            raise objection
        values = [self._change_values(_intended(intent.change)) for intent in intents]
        with self.writing() as connection:
            self._known(connection, [Key(row["tenant"], row["code"]) for row in values])
            _upsert(connection, CHANGES, values)
        self._begun.update(Key(row["tenant"], row["code"]) for row in values)

    def learn(self, learned: Learned) -> None:
        """Keep what this run has read, to be recorded by the first outcome that may have changed the service.

        A run that changes nothing records it only if it is done (`record_learned`): what later runs decide by stays.
        """
        self._learned = learned

    def record_learned(self) -> None:
        """Record what this run has read, and what it verified without a save."""
        with self.writing() as connection:
            self._put_learned(connection)
        self._forget_learned()

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Record a wave's outcomes, durably; verified ones also as last applied, once this run may have saved.

        A later outcome of a key replaces an earlier one.
        """
        listed = tuple(outcomes)
        may_have_saved = self._may_have_saved or any(one.saves and one.result in TOUCHED for one in listed)
        # Without a live row (parked, and never created) nothing was applied that could vanish.
        verified = {one.key: one for one in listed if one.result is Result.VERIFIED and one.live != ()}
        with self.writing() as connection:
            _upsert(
                connection,
                CHANGES,
                [
                    self._change_values(_ended(_intended(one.change), one))
                    for one in listed
                    if one.key not in self._begun
                ],
            )
            # The row of a change with an intent exists: only the outcome is written into it.
            ended = [self._ended_values(one) for one in listed if one.key in self._begun]
            if ended:
                connection.execute(_ONE_CHANGE, ended)
            if may_have_saved:
                self._put_learned(connection)
                self._put_verified(connection, verified)
        self._may_have_saved = may_have_saved
        if may_have_saved:
            self._forget_learned()
        else:
            self._found.update(verified)

    def record_applied(self, applied: Mapping[Key, Applied]) -> None:
        """Record last applied of keys that are live as desired.

        An entry with the same cron, name and ids keeps its run and commit, which applied it: only its declaration may
        be another.
        """
        with self.writing() as connection:
            self._put_in_sync(connection, applied)

    def record_settled(self, settled: Mapping[tuple[str, Key], Settled], applied: Mapping[Key, Applied]) -> None:
        """Record what was read of open changes, by run and key, and the last applied that follows from it."""
        with self.writing() as connection:
            self._put_settled(connection, settled, applied)

    def record_guards(self, guards: Mapping[str, str]) -> None:
        """Record what the workspace guards with, now that everything is applied under it."""
        owner = LEDGERS.c.workspace == self._owner.workspace, LEDGERS.c.environment == self._owner.environment
        with self.writing() as connection:
            connection.execute(update(LEDGERS).where(*owner).values(guards=dict(guards)))

    def hold(self, holds: Iterable[Hold]) -> None:
        """Place holds; a new hold replaces an earlier one of its key."""
        with self.writing() as connection:
            listed = tuple(holds)
            serials = _serials(connection, {one.run for one in listed})
            owner = self._owner._asdict()
            rows = [{**owner, **hold_columns(one), "serial": serials.get(one.run, 0)} for one in listed]
            _upsert(connection, HOLDS, rows)

    def lift(self, keys: Iterable[Key]) -> None:
        """Lift the holds of *keys*; a key without a hold is ignored."""
        with self.writing() as connection:
            lift(connection, self._owner, keys)

    def end(self, ending: Ending, summary: Mapping[str, int]) -> None:
        """Record how the run ended, also when it lost its lock."""
        values = {"ended_at": self._clock.now(), "ending": ending, "summary": dict(summary)}
        with self._database.writing() as connection:
            check_entry(connection, self._start.id, self._database.address.shown)
            connection.execute(update(RUNS).where(RUNS.c.id == self._start.id).values(values))
            if self._lock.is_held_by(connection, self._held):
                self._settle_dead(connection)

    def _put_learned(self, connection: Connection) -> None:
        """Record what was read before the outcomes: a later save of the same key says what is applied."""
        learned = self._learned
        self._put_settled(connection, learned.settled, learned.settled_applied)
        self._put_in_sync(connection, learned.in_sync)
        self._put_verified(connection, self._found)

    def _forget_learned(self) -> None:
        self._learned, self._found = NOTHING_LEARNED, {}

    def _put_settled(
        self, connection: Connection, settled: Mapping[tuple[str, Key], Settled], applied: Mapping[Key, Applied]
    ) -> None:
        values = [
            {"of_run": run, "of_tenant": key.tenant, "of_code": key.code, "settled": found}
            for (run, key), found in settled.items()
        ]
        if values:
            connection.execute(_ONE_CHANGE, values)
            self._settle_dead(connection)
        self._put_applied(connection, applied, self._known(connection, applied))

    def _settle_dead(self, connection: Connection) -> None:
        """Record that this run settled the earlier ones without an end, if they left nothing open: it has their lock,
        so they are dead."""
        own = select(RUNS.c.serial).where(RUNS.c.id == self._start.id).scalar_subquery()
        is_dead = RUNS.c.ending.is_(None) & RUNS.c.settled_by.is_(None) & (RUNS.c.serial < own)
        is_ours = (RUNS.c.workspace == self._owner.workspace) & (RUNS.c.environment == self._owner.environment)
        has_open = RUNS.c.id.in_(select(CHANGES.c.run).where(IS_OPEN))
        connection.execute(update(RUNS).where(is_ours, is_dead, ~has_open).values(settled_by=self._start.id))

    def _put_in_sync(self, connection: Connection, applied: Mapping[Key, Applied]) -> None:
        before = self._known(connection, applied)
        changed = {
            key: _redeclared(one, before.get(key)) for key, one in applied.items() if _differs(one, before.get(key))
        }
        self._put_applied(connection, changed, before)

    def _put_verified(self, connection: Connection, verified: Mapping[Key, Outcome]) -> None:
        before = self._known(connection, verified)
        applied = {key: self._applied_by(one, before.get(key)) for key, one in verified.items()}
        self._put_applied(connection, applied, before)

    def _lost(self, because: str) -> LockLostError:
        return LockLostError(
            f"run {self._start.id} no longer holds the lock of {self._owner.environment}: {because}",
            hint="look at `reconcile runs` for who has been applying since; then apply again",
        )

    def _known(self, connection: Connection, keys: Iterable[Key]) -> dict[Key, Applied]:
        """Return last applied of *keys*; refuse keys of another workspace."""
        found = known(connection, self._owner.environment, list(keys))
        for key, (workspace, _) in sorted(found.items()):
            if workspace != self._owner.workspace:
                raise LedgerError(
                    f"{key} belongs to workspace {workspace}, not to {self._owner.workspace}",
                    hint="declare a key in one workspace only",
                )
        return {key: applied for key, (_, applied) in found.items()}

    def _applied_by(self, outcome: Outcome, before: Applied | None) -> Applied:
        """Return last applied after *outcome*.

        Where nothing was saved, the earlier name, run and revision stay: the service does not say which name is live,
        and another run applied it.
        """
        change = outcome.change
        earlier = before or change.applied
        name = change.desired.name if outcome.saves else known_name(earlier, change.desired.name)
        ids = _ids(earlier.job_ids if earlier else (), change.live, outcome.live)
        declared = last_declaration(change.desired) or (earlier.declared if earlier else None)
        if not outcome.saves and before is not None and before.cron == change.desired.cron_to_save:
            return replace(before, job_ids=ids, declared=declared)
        return Applied(change.desired.cron_to_save, name, ids, self._start.id, self._start.revision, declared)

    def _put_applied(
        self, connection: Connection, applied: Mapping[Key, Applied], before: Mapping[Key, Applied]
    ) -> None:
        accumulated = {
            key: replace(
                one,
                job_ids=_union(before[key].job_ids, one.job_ids),
                declared=one.declared or before[key].declared,
            )
            if key in before
            else one
            for key, one in applied.items()
        }
        values = in_force(connection, self._owner.environment, list(accumulated))
        serials = _serials(connection, {one.run for one in accumulated.values() if one.run is not None})
        owner = self._owner._asdict()
        rows = [
            {
                **owner,
                **applied_columns(key, one),
                "serial": serials.get(one.run or "", 0),
                "in_force": in_force_value(self._with_value(values.get(key, ()), one)),
            }
            for key, one in accumulated.items()
        ]
        _upsert(connection, APPLIED, rows)

    def _with_value(self, values: tuple[ValueInForce, ...], one: Applied) -> tuple[ValueInForce, ...]:
        """Return *values* with that of *one*, if it is another than the last; the oldest are left out."""
        state = State.PARKED if one.cron == PARKED_CRON else State.ACTIVE
        value = ValueInForce(one.cron, one.name, state, one.run, self._clock.now())
        if values and replace(values[-1], run=value.run, since=value.since) == value:
            return values
        return (*values, value)[-VALUES_KEPT:]

    def _ended_values(self, outcome: Outcome) -> dict[str, Any]:
        of_change = {"of_run": self._start.id, "of_tenant": outcome.key.tenant, "of_code": outcome.key.code}
        columns = change_columns(_ended(_intended(outcome.change), outcome))
        return {**of_change, **{name: columns[name] for name in _OF_OUTCOME}}

    def _change_values(self, record: ChangeRecord) -> dict[str, Any]:
        return {"run": self._start.id, **change_columns(record)}


def _intended(change: Change) -> ChangeRecord:
    assert change.action is not None, "a plan holds only changes that want a save"
    desired = change.desired
    before = change.live if isinstance(change.live, tuple) else ()
    return ChangeRecord(
        change.key, change.action, desired.name, desired.cron_to_save, desired.state, before, change.applied
    )


def _ended(record: ChangeRecord, outcome: Outcome) -> ChangeRecord:
    return replace(
        record,
        result=outcome.result,
        reason=outcome.reason,
        message=outcome.message,
        saves=outcome.saves,
        after=outcome.live,
    )


def lift(connection: Connection, owner: Owner, keys: Iterable[Key]) -> None:
    """Remove the holds that *owner* has on *keys*."""
    values = [
        {
            "of_workspace": owner.workspace,
            "of_environment": owner.environment,
            "of_tenant": key.tenant,
            "of_code": key.code,
        }
        for key in keys
    ]
    if values:
        connection.execute(_LIFT, values)


def _serials(connection: Connection, runs: Collection[str]) -> dict[str, int]:
    """Return the serials of *runs*, which are few: those of a run's own outcomes, or of what it settles."""
    if not runs:
        return {}
    chosen = select(RUNS.c.id, RUNS.c.serial).where(RUNS.c.id.in_(runs))
    return {row.id: row.serial for row in connection.execute(chosen)}


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Put *rows* into *table*; each replaces the row with its key, and of two in *rows* the later one counts."""
    if not rows:
        return
    statement = _insert_into(table, connection.dialect.name)
    key = [column.name for column in table.primary_key.columns]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
    single = {tuple(row[name] for name in key): row for row in rows}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest), list(single.values()))


def _insert_into(table: Table, dialect: str) -> Any:
    # Loading a dialect takes time, and a run needs only one.
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def _differs(applied: Applied, before: Applied | None) -> bool:
    if before is None or (before.cron, before.name) != (applied.cron, applied.name):
        return True
    if applied.declared not in (None, before.declared):
        return True
    return not set(applied.job_ids) <= set(before.job_ids)


def _redeclared(applied: Applied, before: Applied | None) -> Applied:
    is_same = before is not None and (before.cron, before.name) == (applied.cron, applied.name)
    if before is None or not is_same or applied.run not in (None, before.run):
        return applied
    return replace(before, job_ids=applied.job_ids, declared=applied.declared or before.declared)


def _ids(known_ids: tuple[str, ...], *readings: Live | None) -> tuple[str, ...]:
    rows = [row for live in readings if isinstance(live, tuple) for row in live]
    return _union(known_ids, tuple(row.job_id for row in rows if row.job_id))


def _union(known_ids: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known_ids, *more)))

"""The questions to a ledger: rows of its tables, read by `encoding`, as values of `model.ledger_records`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    CursorResult,
    Select,
    Table,
    Text,
    and_,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
)

from reconcile.errors import LedgerGoneError, UsageError
from reconcile.ledger.encoding import applied_in, change_in, hold_in, in_force_of, json_text, key_in, note_of, run_in
from reconcile.ledger.tables import APPLIED, CHANGES, HOLDS, IS_DOUBLED, IS_OPEN, LEDGERS, OBSERVED, RUNS
from reconcile.model.drift_note import DriftNote
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, ValueInForce
from reconcile.model.ledger_records import ChangeRecord, Elsewhere, Ending, Hold, Lineage, RunKind, RunRecord, Settled
from reconcile.model.outcome import Result
from reconcile.text import listed

# A JSON list of keys (pairs) as rows.
_KEYS_AS_ROWS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS tenant, json_extract(value, '$[1]') AS code"
    " FROM json_each(:asked)",
    "postgresql": "SELECT value ->> 0 AS tenant, value ->> 1 AS code FROM json_array_elements(CAST(:asked AS json))",
}

# Each key's earlier values are read only where they are asked for.
_OF_LAST_APPLIED = tuple(column for column in APPLIED.c if column is not APPLIED.c.in_force)
_VERIFIED = or_(CHANGES.c.result == Result.VERIFIED, CHANGES.c.settled == Settled.AS_DESIRED)


class Owner(NamedTuple):
    """The owner of a ledger's rows: an environment of a workspace."""

    workspace: str
    environment: str


def runs(connection: Connection, owner: Owner, *, most: int) -> tuple[RunRecord, ...]:
    """Return the last runs of *owner*, newest first."""
    newest = _runs(owner).order_by(RUNS.c.serial.desc()).limit(most)
    return tuple(run_in(row) for row in connection.execute(newest))


def run(connection: Connection, owner: Owner, name: str) -> tuple[RunRecord, tuple[ChangeRecord, ...]] | None:
    """Return the run whose id is *name* or begins with it, and its changes sorted by key; None when there is none.

    Raises:
        UsageError: the ids of several runs begin with *name*.
    """
    matching = _runs(owner).where(func.substr(RUNS.c.id, 1, len(name)) == name).order_by(RUNS.c.id)
    found = [run_in(row) for row in connection.execute(matching)] if name else []
    exact = [record for record in found if record.start.id == name] or found
    if len(exact) > 1:
        several = listed([record.start.id for record in exact])
        raise UsageError(f"{len(exact)} runs begin with {name}: {several}", hint="give more of the id")
    if not exact:
        return None
    of_run = select(CHANGES).where(CHANGES.c.run == exact[0].start.id)
    return exact[0], tuple(sorted(map(change_in, connection.execute(of_run)), key=lambda record: record.key))


def applying_runs(
    connection: Connection, owner: Owner, *, most: int, besides: Collection[str] = ()
) -> tuple[RunRecord, ...]:
    """Return the last runs that applied declarations of a commit, newest first.

    They are applies that ended with all as declared, or that made at least one save which was verified, or was seen as
    desired later; and those called *besides*.
    """
    verified = exists().where(CHANGES.c.run == RUNS.c.id, _VERIFIED)
    is_applied = or_(RUNS.c.ending == Ending.FINISHED, verified, RUNS.c.id.in_(tuple(besides)))
    of_commit = (RUNS.c.kind == RunKind.APPLY, RUNS.c.revision.is_not(None), RUNS.c.desired_digest.is_not(None))
    newest = _runs(owner).where(*of_commit, is_applied).order_by(RUNS.c.serial.desc()).limit(most)
    return tuple(run_in(row) for row in connection.execute(newest))


def finished_with(connection: Connection, owner: Owner, digest: str, made_at: str) -> RunRecord | None:
    """Return the run that finished a saved plan; None when there is none."""
    used = _runs(owner).where(
        RUNS.c.plan_digest == digest, RUNS.c.plan_made_at == made_at, RUNS.c.ending == Ending.FINISHED
    )
    row = connection.execute(used.order_by(RUNS.c.serial).limit(1)).first()
    return None if row is None else run_in(row)


def open_changes(connection: Connection, owner: Owner) -> tuple[tuple[str, ChangeRecord], ...]:
    """Return the changes whose outcome is unknown, each with the id of its run, oldest first."""
    chosen = select(CHANGES, RUNS.c.serial).join(RUNS).where(*_of(RUNS, owner), IS_OPEN).order_by(RUNS.c.serial)
    found = [(row.serial, row.run, change_in(row)) for row in connection.execute(chosen)]
    found.sort(key=lambda one: (one[0], one[2].key))
    return tuple((run, record) for _, run, record in found)


def doubled(connection: Connection, owner: Owner) -> frozenset[Key]:
    """Return the keys that had several jobs after a save by *owner*, and were not saved since."""
    last = func.max(RUNS.c.serial).label("serial")
    doubled_by = (
        select(CHANGES.c.tenant, CHANGES.c.code, last)
        .join(RUNS)
        .where(*_of(RUNS, owner), IS_DOUBLED)
        .group_by(CHANGES.c.tenant, CHANGES.c.code)
    )
    found = {Key(row.tenant, row.code): row.serial for row in connection.execute(doubled_by)}
    since = {key_in(row): row.serial for row in _known(connection, owner.environment, list(found))}
    return frozenset(key for key, serial in found.items() if since.get(key, 0) <= serial)


def last_applied(connection: Connection, owner: Owner) -> dict[Key, Applied]:
    """Return last applied of every key of *owner*."""
    chosen = select(*_OF_LAST_APPLIED).where(*_of(APPLIED, owner))
    return {key_in(row): applied_in(row) for row in connection.execute(chosen)}


def in_force(connection: Connection, environment: str, keys: Collection[Key]) -> dict[Key, tuple[ValueInForce, ...]]:
    """Return the last values of those of *keys* that the ledger knows, oldest first; the last one is in force."""
    columns = (APPLIED.c.tenant, APPLIED.c.code, APPLIED.c.in_force)
    return {key_in(row): in_force_of(row.in_force) for row in _known(connection, environment, keys, columns)}


def foreign_keys(connection: Connection, owner: Owner) -> dict[Key, str]:
    """Return the keys of the environment that belong to other workspaces, each with its workspace."""
    others = select(APPLIED).where(APPLIED.c.environment == owner.environment, APPLIED.c.workspace != owner.workspace)
    return {key_in(row): row.workspace for row in connection.execute(others)}


def known(connection: Connection, environment: str, keys: Collection[Key]) -> dict[Key, tuple[str, Applied]]:
    """Return workspace and last applied of those of *keys* that the ledger knows."""
    return {key_in(row): (row.workspace, applied_in(row)) for row in _known(connection, environment, keys)}


def lineage(connection: Connection, owner: Owner) -> Lineage | None:
    """Return which ledger of *owner* this is; None: no run was recorded yet."""
    row = connection.execute(select(LEDGERS).where(*_of(LEDGERS, owner))).first()
    return None if row is None else Lineage(row.lineage, row.serial, tuple(row.parents))


def taken_to(connection: Connection, owner: Owner) -> str | None:
    """Return where the ledger of *owner* was carried; None: it is here."""
    return connection.execute(select(LEDGERS.c.taken_to).where(*_of(LEDGERS, owner))).scalar()


def guards(connection: Connection, owner: Owner) -> dict[str, str] | None:
    """Return what the workspace guarded with when *owner* last applied everything; None: that is not known."""
    row = connection.execute(select(LEDGERS.c.guards).where(*_of(LEDGERS, owner))).first()
    return None if row is None or row.guards is None else dict(row.guards)


def folder(connection: Connection, owner: Owner) -> str | None:
    """Return the folder of the declarations that the last run of *owner* was about; None: that is not known."""
    return connection.execute(select(LEDGERS.c.folder).where(*_of(LEDGERS, owner))).scalar()


def elsewhere(connection: Connection, owner: Owner, service: str, keys: Collection[Key]) -> tuple[Elsewhere, ...]:
    """Return the ledgers of others than *owner* that know some of *keys* as applied to *service*.

    Those of other workspaces in the same environment are left out: a key has one workspace there.
    """
    asked = text(_KEYS_AS_ROWS[connection.dialect.name]).columns(tenant=Text, code=Text).subquery("asked")
    same = and_(APPLIED.c.workspace == LEDGERS.c.workspace, APPLIED.c.environment == LEDGERS.c.environment)
    chosen = (
        select(LEDGERS.c.workspace, LEDGERS.c.environment, func.count().label("known"))
        .join(APPLIED, same)
        .where(LEDGERS.c.service == service, LEDGERS.c.environment != owner.environment, LEDGERS.c.taken_to.is_(None))
        .where(tuple_(APPLIED.c.tenant, APPLIED.c.code).in_(select(asked)))
        .group_by(LEDGERS.c.workspace, LEDGERS.c.environment)
        .order_by(LEDGERS.c.workspace, LEDGERS.c.environment)
    )
    rows = connection.execute(chosen, {"asked": json_text(list(keys))})
    return tuple(Elsewhere(row.workspace, row.environment, row.known) for row in rows)


def holds(connection: Connection, owner: Owner) -> dict[Key, Hold]:
    """Return the holds of *owner*."""
    return {key_in(row): hold_in(row) for row in connection.execute(select(HOLDS).where(*_of(HOLDS, owner)))}


def drift_notes(connection: Connection, owner: Owner) -> dict[Key, DriftNote]:
    """Return what drift checks of *owner* noted."""
    rows = connection.execute(select(OBSERVED).where(*_of(OBSERVED, owner)))
    return {note.key: note for note in (note_of({**row._mapping}) for row in rows)}


def _known(
    connection: Connection, environment: str, keys: Collection[Key], columns: Iterable[Column[Any]] = _OF_LAST_APPLIED
) -> CursorResult[Any]:
    # One parameter for any number of keys: a list of pairs costs PostgreSQL a second for every few hundred.
    asked = text(_KEYS_AS_ROWS[connection.dialect.name]).columns(tenant=Text, code=Text).subquery("asked")
    is_asked = tuple_(APPLIED.c.tenant, APPLIED.c.code).in_(select(asked))
    chosen = select(*columns).where(APPLIED.c.environment == environment, is_asked)
    return connection.execute(chosen, {"asked": json_text(list(keys))})


def _runs(owner: Owner) -> Select[Any]:
    return select(RUNS).where(*_of(RUNS, owner))


def _of(table: Table, owner: Owner) -> tuple[Any, Any]:
    return table.c.workspace == owner.workspace, table.c.environment == owner.environment


def check_entry(connection: Connection, run: str, shown: str) -> None:
    """Raise where the ledger does not hold the *run* that is under way any more.

    Raises:
        LedgerGoneError: its rows were deleted, or a backup was restored in their place.
    """
    if connection.execute(select(RUNS.c.id).where(RUNS.c.id == run)).first() is None:
        raise LedgerGoneError(
            f"the ledger {shown} does not hold run {run} any more: it was emptied or replaced while the run went on",
            hint="see who emptied or restored it, and put the newest ledger back",
        )

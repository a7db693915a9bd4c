"""All rows of one owner, of whatever table: read, put into another database, given to another owner, or removed.

They are copied as the database has them. A table that is added with an owner is taken along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Table, func, select, text

from reconcile.ledger.queries import Owner, open_changes
from reconcile.ledger.tables import APPLIED, CHANGES, HOLDS, LEDGERS, LOCKS, RUNS, metadata
from reconcile.model.keys import Key

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]

# A row of another table before the rows that refer to it. Which ledger it is, and its lock, stay where they are.
CARRIED = tuple(table for table in metadata.sorted_tables if table not in (LEDGERS, LOCKS))
_OF_OWNER = "workspace = :workspace AND environment = :environment"
_OF_ITS_RUNS = f"run IN (SELECT id FROM {RUNS.name} WHERE {_OF_OWNER})"  # noqa: S608


class Holdings(NamedTuple):
    """How much a ledger holds of one owner: runs, keys of last applied, holds, and saves in doubt."""

    runs: int
    keys: int
    holds: int
    open: int


def holdings(connection: Connection, owner: Owner) -> Holdings:
    """Return how much is held of *owner*."""
    counts = []
    for table in (RUNS, APPLIED, HOLDS):
        counted = select(func.count()).select_from(table)
        is_its = table.c.workspace == owner.workspace, table.c.environment == owner.environment
        counts.append(connection.execute(counted.where(*is_its)).scalar_one())
    runs, keys, holds = counts
    return Holdings(runs, keys, holds, len(open_changes(connection, owner)))


def owners(connection: Connection) -> tuple[Owner, ...]:
    """Return the owners that anything is held of, sorted."""
    of_runs, of_applied = (select(table.c.workspace, table.c.environment) for table in (RUNS, APPLIED))
    return tuple(sorted(Owner(*row) for row in connection.execute(of_runs.union(of_applied))))


def keys_of_others(connection: Connection, environment: str, *, but: Sequence[Owner]) -> dict[Key, str]:
    """Return the keys of *environment* that belong to other owners than *but*, each with its workspace."""
    chosen = select(APPLIED.c.tenant, APPLIED.c.code, APPLIED.c.workspace).where(
        APPLIED.c.environment == environment, APPLIED.c.workspace.not_in([owner.workspace for owner in but])
    )
    return {Key(row.tenant, row.code): row.workspace for row in connection.execute(chosen)}


def rows_of(connection: Connection, owner: Owner) -> Rows:
    """Return all rows of *owner*."""
    found = {}
    for table in CARRIED:
        chosen = text(f"SELECT {_columns(table)} FROM {table.name} WHERE {_condition(table)}")  # noqa: S608
        found[table.name] = [dict(row) for row in connection.execute(chosen, owner._asdict()).mappings()]
    return found


def put(connection: Connection, rows: Rows, owner: Owner) -> None:
    """Put *rows*, of another database, there as those of *owner*."""
    for table in CARRIED:
        own = owner._asdict() if _has_owner(table) else {}
        values = ", ".join(f":{column.name}" for column in table.columns)
        added = [{**row, **own} for row in rows[table.name]]
        if added:
            statement = f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({values})"  # noqa: S608
            connection.execute(text(statement), added)


def give(connection: Connection, owner: Owner, to: Owner) -> None:
    """Make all rows of *owner* those of *to*, in the same database."""
    values = {**owner._asdict(), "of_workspace": to.workspace, "of_environment": to.environment}
    for table in CARRIED:
        if _has_owner(table):
            changed = "workspace = :of_workspace, environment = :of_environment"
            connection.execute(text(f"UPDATE {table.name} SET {changed} WHERE {_OF_OWNER}"), values)  # noqa: S608


def remove(connection: Connection, owner: Owner) -> None:
    """Remove all rows of *owner*, and which ledger it is."""
    for table in (*reversed(CARRIED), LEDGERS):
        connection.execute(text(f"DELETE FROM {table.name} WHERE {_condition(table)}"), owner._asdict())  # noqa: S608


def _has_owner(table: Table) -> bool:
    return {"workspace", "environment"} <= {column.name for column in table.columns}


def _condition(table: Table) -> str:
    assert _has_owner(table) or table is CHANGES, "a table has an owner, or the run of one"
    return _OF_OWNER if _has_owner(table) else _OF_ITS_RUNS


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)

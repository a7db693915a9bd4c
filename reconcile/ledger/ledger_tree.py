"""The rows of a ledger as files, and files as rows: what a ledger in Git holds.

::

    meta.json           format, schema version, lineage, serial
    lock.json           who holds the lock; absent while it is free
    runs/<id>.ndjson    the row of a run, then its changes
    state/00 … state/ff every other row, by the first byte of the SHA-256 of its key

A line is one row: its table, then its columns as the database has them. Lines are sorted. Triggers note the keys and
runs whose rows change, so that a step writes only the files that hold them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, inspect, text

from reconcile.ledger.migrations import SCHEMA_VERSION, NoLedgerError, migrate
from reconcile.ledger.tables import CHANGES, LOCKS, OBSERVED, RUNS, metadata

META, LOCK, RUN_FOLDER = "meta.json", "lock.json", "runs"
STATE_FOLDER = "state"

_ENDING = ".ndjson"
_TABLE = "table"
_NOTED = "reconcile_noted"
_TABLES = {table.name: table for table in metadata.tables.values() if table not in (LOCKS, OBSERVED)}
_OF_STATE = [table for table in _TABLES.values() if table not in (RUNS, CHANGES)]


class LedgerTree:
    """The files of a ledger whose rows are in the database of *connection*s; the files of a shard are kept as lines."""

    def __init__(self) -> None:
        self._shards: dict[str, dict[str, str]] = {}

    def load(self, connection: Connection, files: Mapping[str, bytes], *, version: int) -> None:
        """Make the tables, and fill them with the rows of *files*, which a program of schema *version* wrote.

        An earlier version is led up to this one's, and its files are written anew by the next step.

        Raises:
            NoLedgerError: a file is not one of a ledger.
        """
        migrate(connection, start=0, end=version)
        self.add(connection, files, names={path for path in files if path.startswith(f"{RUN_FOLDER}/")})
        state = {path: content for path, content in files.items() if path.startswith(f"{STATE_FOLDER}/")}
        self.add(connection, state, names=set(state))
        if version < SCHEMA_VERSION:
            migrate(connection, start=version)
            _watch(connection)
            _note_all(connection)
            return
        for path, content in state.items():
            self._shards[path] = {_identity(row): line for line, row in _rows(path, content)}
        _watch(connection)

    def add(self, connection: Connection, files: Mapping[str, bytes], *, names: Iterable[str]) -> None:
        """Put the rows of *names* among *files* into the tables, in the order in which the files hold them."""
        known = {name: {one["name"] for one in inspect(connection).get_columns(name)} for name in _present(connection)}
        for path in sorted(names):
            for _, row in _rows(path, files[path]):
                table = row.pop(_TABLE)
                if table not in known or not known[table] >= row.keys():
                    raise NoLedgerError(f"{path} holds a row that no ledger writes")
                # Both are names that the database knows.
                columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)  # noqa: S608

    def add_history(self, connection: Connection, files: Mapping[str, bytes]) -> None:
        """Put the rows of runs into the tables that the tree no longer holds; no file is written because of them."""
        self.add(connection, files, names=files)
        connection.execute(text(f"DELETE FROM {_NOTED}"))  # noqa: S608

    def changed(self, connection: Connection) -> dict[str, bytes | None]:
        """Return the files whose rows were changed since the last call, as they are now; None: it has none left."""
        noted = connection.execute(text(f"SELECT DISTINCT name, key FROM {_NOTED}")).all()  # noqa: S608
        connection.execute(text(f"DELETE FROM {_NOTED}"))  # noqa: S608
        found: dict[str, bytes | None] = {}
        for run in sorted({row.key for row in noted if row.name == RUNS.name}):
            found[run_path(run)] = self._run_file(connection, run)
        for name, key in sorted((row.name, row.key) for row in noted if row.name != RUNS.name):
            table, values = _TABLES[name], json.loads(key)
            row = _first(connection, table, dict(zip(_key_of(table), values, strict=True)))
            identity = json.dumps([*_ordered(values), name], ensure_ascii=False)
            path = _shard(values)
            lines = self._shards.setdefault(path, {})
            if row is None:
                lines.pop(identity, None)
            else:
                lines[identity] = _line(table, row)
            found[path] = None
        for path in found:
            if self._shards.get(path):
                found[path] = "".join(line for _, line in sorted(self._shards[path].items())).encode()
        return found

    def _run_file(self, connection: Connection, run: str) -> bytes | None:
        own = _first(connection, RUNS, {"id": run})
        if own is None:
            return None
        chosen = text(f"SELECT * FROM {CHANGES.name} WHERE run = :run ORDER BY tenant, code")  # noqa: S608
        changes = connection.execute(chosen, {"run": run}).mappings()
        return "".join([_line(RUNS, own), *(_line(CHANGES, dict(row)) for row in changes)]).encode()


def run_path(run: str) -> str:
    """Return the file of the run with this id, which is the name of no other file."""
    plain = "".join(character if character.isalnum() or character == "-" else "_" for character in run)
    return (
        f"{RUN_FOLDER}/{plain if plain == run else f'{plain}-{hashlib.sha256(run.encode()).hexdigest()[:8]}'}{_ENDING}"
    )


def _line(table: Table, row: Mapping[str, Any]) -> str:
    return json.dumps({_TABLE: table.name, **row}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _rows(path: str, content: bytes) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        for line in content.decode("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            if not _is_row(row):
                break
            yield f"{line}\n", row
        else:
            return
    except ValueError:
        pass
    raise NoLedgerError(f"{path} holds a line that no ledger writes")


def _is_row(row: object) -> bool:
    is_plain = isinstance(row, dict) and all(value is None or isinstance(value, str | int) for value in row.values())
    return is_plain and isinstance(row, dict) and row.get(_TABLE) in _TABLES


def _identity(row: Mapping[str, Any]) -> str:
    table = _TABLES[row[_TABLE]]
    return json.dumps([*_ordered([row[name] for name in _key_of(table)]), table.name], ensure_ascii=False)


def _key_of(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _ordered(values: list[Any]) -> list[Any]:
    """Return the key of a row without its owner, which all rows share: tenant and code, where it has them."""
    return values[-2:]


def _shard(values: list[Any]) -> str:
    name = "/".join(map(str, _ordered(values)))
    return f"{STATE_FOLDER}/{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:2]}"


def _first(connection: Connection, table: Table, key: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = " AND ".join(f"{name} = :{name}" for name in key)
    row = connection.execute(text(f"SELECT * FROM {table.name} WHERE {wanted}"), key).mappings().first()  # noqa: S608
    return None if row is None else dict(row)


def _present(connection: Connection) -> list[str]:
    return [name for name in inspect(connection).get_table_names() if name in _TABLES]


def _watch(connection: Connection) -> None:
    """Let the database note which runs, and which keys of other tables, are written."""
    connection.execute(text(f"CREATE TABLE {_NOTED} (name TEXT NOT NULL, key TEXT NOT NULL)"))
    for table, noted, columns in [
        (RUNS, RUNS, ["id"]),
        (CHANGES, RUNS, ["run"]),
        *((table, table, _key_of(table)) for table in _OF_STATE),
    ]:
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            key = ", ".join(f"{row}.{name}" for name in columns)
            value = key if noted is RUNS else f"json_array({key})"
            connection.execute(
                text(
                    f"CREATE TRIGGER {table.name}_{event} AFTER {event} ON {table.name} "  # noqa: S608
                    f"BEGIN INSERT INTO {_NOTED} VALUES ('{noted.name}', {value}); END"
                )
            )


def _note_all(connection: Connection) -> None:
    connection.execute(text(f"INSERT INTO {_NOTED} SELECT '{RUNS.name}', id FROM {RUNS.name}"))  # noqa: S608
    for table in _OF_STATE:
        key = ", ".join(_key_of(table))
        noted = f"INSERT INTO {_NOTED} SELECT '{table.name}', json_array({key}) FROM {table.name}"  # noqa: S608
        connection.execute(text(noted))

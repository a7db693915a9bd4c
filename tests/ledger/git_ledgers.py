"""Ledgers in a bare repository, opened as a run opens them, with a clock that a test sets."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, select

from reconcile.errors import LedgerError, LedgerMovedError
from reconcile.git.refs import ledger_ref
from reconcile.git.repository import find
from reconcile.git.scratch import scratch
from reconcile.git.shared_ref import GitRef
from reconcile.ledger import ledger_tree
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.git_home import GitHome
from reconcile.ledger.git_ledger import GitLedger, open_git_ledger
from reconcile.ledger.git_steps import Meta
from reconcile.ledger.ledger_tree import LedgerTree
from reconcile.ledger.migrations import SCHEMA_VERSION
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.ledger.tables import CHANGES, LOCKS, RUNS, metadata
from reconcile.ports import PushKind
from tests.ledger.run_builders import Clock


class Remote:
    """A bare repository that holds ledgers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "remote.git"
        self.git("init", "--quiet", "--bare", str(self.folder), there=False)

    def git(self, *words: str, there: bool = True) -> str:
        place = ["-C", str(self.folder)] if there else []
        done = subprocess.run(["git", *place, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def tip(self, environment: str = "prod") -> str:
        return self.git("rev-parse", ledger_ref("shop", environment))

    def subjects(self, environment: str = "prod") -> list[str]:
        """Return the subjects of the commits, oldest first."""
        return self.git("log", "--reverse", "--format=%s", ledger_ref("shop", environment)).split("\n")

    def files(self, environment: str = "prod") -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", ledger_ref("shop", environment)).split("\n")

    @property
    def address(self) -> LedgerAddress:
        url = f"file://{self.folder}"
        return LedgerAddress("", f"git+{url}", remote=url)

    @contextlib.contextmanager
    def opened(self, clock: Clock, *, create: bool = True, **more: object) -> Iterator[GitLedger | None]:
        values = {"workspace": "shop", "environment": "prod", **more}
        with contextlib.ExitStack() as stack:
            ledger = open_in_git(self.address, clock=clock, create=create, **values)
            yield None if ledger is None else stack.enter_context(ledger)


def open_in_git(address: LedgerAddress, *, clock: Clock, create: bool, **home: Any) -> GitLedger | None:
    """Open the ledger at *address* as a run does, from outside Git; it removes at its end what it made."""
    assert address.remote is not None
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch(find(Path(tempfile.gettempdir())), address.remote))
        ref = GitRef(place, ledger_ref(home["workspace"], home["environment"]), sleep=clock.sleep)
        ledger = open_git_ledger(GitHome(ref, place.folder.parent, clock=clock, **home), create=create)
        if ledger is not None:
            ledger.closing = stack.pop_all().close
        return ledger


def check_pushed(ledger: GitLedger, address: LedgerAddress, **home: Any) -> None:
    """Push what is left, and hold the rows of *ledger* to those that the ref then has, unless another run moved it."""
    with contextlib.suppress(LedgerError, LedgerMovedError):
        ledger.steps.push()
    again = open_in_git(address, clock=Clock(), create=False, **home)
    if again is not None:
        with again:
            again.read_whole()  # what this run pushed and keeps in its database may be only in the history by now
            assert again.steps.at != ledger.steps.head or rows_of(again) == rows_of(ledger)


def rows_of(ledger: SqlLedger) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows but the lock's, which the database of a run in Git has for itself alone."""
    with ledger._database.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table is not LOCKS
        }


def rewrite(address: LedgerAddress, script: str) -> None:
    """Run statements on the rows of a ledger, past the program, and push what they make of them.

    Which version they are of says the row of `reconcile_meta`, as in a database.
    """
    assert address.remote is not None
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch(find(Path(tempfile.gettempdir())), address.remote))
        ref = GitRef(place, ledger_ref("shop", "prod"), sleep=Clock().sleep)
        old = ref.fetch()
        files = {} if old is None else ref.files(old)
        connection = stack.enter_context(create_engine("sqlite://").connect())
        if files:
            LedgerTree().load(connection, files, version=SCHEMA_VERSION)
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.executescript(script)
        made = files_of(connection)
        new = ref.commit(old, {**dict.fromkeys(files), **made}, "by hand")
        assert ref.push(old, new).kind is PushKind.LANDED


def files_of(connection: Connection) -> dict[str, bytes]:
    """Return the rows of *connection* as the files of a ledger, of whichever version they are."""
    lines: dict[str, list[str]] = {}
    for name in ledger_tree._present(connection):
        table = metadata.tables[name]
        for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1, 2, 3").mappings():
            run = row["id"] if table is RUNS else row.get("run") if table is CHANGES else None
            values = [row[column] for column in ledger_tree._key_of(table)]
            path = ledger_tree.run_path(run) if run is not None else ledger_tree._shard(values)
            # The row of a run comes before its changes.
            of_file = lines.setdefault(path, [])
            of_file.insert(0 if table is RUNS else len(of_file), ledger_tree._line(table, row))
    version = connection.exec_driver_sql("SELECT value FROM reconcile_meta WHERE name = 'schema_version'").scalar()
    meta = Meta(int(version), "a" * 16, 1)
    return {path: "".join(one).encode() for path, one in lines.items()} | {ledger_tree.META: meta.content}


def version_at(address: LedgerAddress) -> int:
    """Return the version of the rows that the ref holds."""
    assert address.remote is not None
    words = ["git", "-C", address.remote.removeprefix("file://"), "show", f"{ledger_ref('shop', 'prod')}:meta.json"]
    return int(json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["schema"])

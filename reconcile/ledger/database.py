"""The connections to a ledger's database, and its transactions. A failure in one is raised as `LedgerError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event, make_url

from reconcile.errors import LedgerGoneError
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.database_errors import ledger_errors
from reconcile.ledger.open_file import OpenFile
from reconcile.ledger.tied_wal import refuse_mixture, tie

# How long a statement waits for another program's transaction on the same file.
BUSY_SECONDS = 30
BRIEF_SECONDS = 1
CONNECT_SECONDS = 10
# How soon a run notices that the server is gone: it may not wait for hours on a dead network.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_BEGIN = "reconcile_begin"


class Database:
    """A database that was reached. A SQLite file stays open; of a server nothing but transactions is relied on."""

    def __init__(self, address: LedgerAddress, *, create: bool = True) -> None:
        self.address = address
        with ledger_errors(address, "opened"):
            if create and address.path is not None and not address.path.exists():
                address.path.touch()  # no connection makes it, or else a later one would after it was removed
            if address.path is not None:
                refuse_mixture(address.path, address.shown)
            self.engine = _engine(address)
            self._connection = self.engine.connect()
        self._file: OpenFile | None = None
        if address.path is None:
            self._connection.close()  # into the pool
            return
        try:
            with self.reading() as connection:
                connection.exec_driver_sql("SELECT 1 FROM sqlite_master")
        except BaseException:
            self.close()
            raise
        self._file = OpenFile(address.path, address.shown)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for one transaction that only reads: it sees one state of all tables."""
        with ledger_errors(self.address, "read"), self._connected() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for one transaction: durable when this returns, rolled back when it raises.

        Raises:
            LedgerGoneError: the file at the path is not the one that is open. The open one has what was written: it may
                be put back.
        """
        with ledger_errors(self.address, "written"), self._connected() as connection, write_transaction(connection):
            if self.address.path is not None and self.objection() is None:
                tie(connection, self.address.path)
            yield connection
        self.check_file()

    @contextlib.contextmanager
    def writing_briefly(self) -> Iterator[Connection]:
        """Give a connection as `writing` does, for what may be left undone: it waits a second for another transaction.

        The connection to a file keeps to that: close the database then.
        """
        if self.address.path is not None:
            with ledger_errors(self.address, "written"):
                driver: Any = self._connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout = {BRIEF_SECONDS * 1000}").close()
        with self.writing() as connection:
            if self.address.path is None:
                for limit in ("lock_timeout", "statement_timeout"):
                    connection.exec_driver_sql(f"SET LOCAL {limit} = '{BRIEF_SECONDS}s'")
            yield connection

    def objection(self) -> LedgerGoneError | None:
        """Return why no other run would see what is written; None: it would, as far as files tell. Nothing is asked."""
        return None if self._file is None else self._file.objection()

    def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(Exception):  # it may be broken
            self._connection.close()
        self.engine.dispose()

    def check_file(self) -> None:
        """Raise where the file at the path is not the one that is open.

        Raises:
            LedgerGoneError: it is not there, or another one is.
        """
        if self._file is not None:
            self._file.check()

    def _connected(self) -> AbstractContextManager[Connection]:
        """Return a connection for one transaction. One to a server was tried just before, and replaced if it broke."""
        return self.engine.connect() if self.address.path is None else contextlib.nullcontext(self._connection)


@contextlib.contextmanager
def write_transaction(connection: Connection) -> Iterator[None]:
    """Run a transaction on *connection* that writes; in SQLite it takes the write lock when it begins."""
    if connection.dialect.name == "sqlite":
        connection.info[_BEGIN] = "BEGIN IMMEDIATE"
    with connection.begin():
        yield


def _engine(address: LedgerAddress) -> Engine:
    # An error's text must not hold parameters: they hold the names of jobs and people.
    if address.path is None:
        url = make_url(address.url)
        defaults: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "reconcile", **_KEEPALIVES}
        connect_args = {name: value for name, value in defaults.items() if name not in url.query}
        # A pooler may stand before the server: a prepared statement, and whatever is set in a session, is then another
        # client's, or gone, in the next transaction. So there is none, and each transaction begins with its level.
        connect_args["prepare_threshold"] = None
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            connect_args=connect_args,
        )
        # Many rows in one statement; otherwise each row is a statement of its own.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        return engine
    file = address.path.absolute().as_uri()
    url = URL.create("sqlite", database=file, query={"mode": "rw", "uri": "true"})
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Python's own BEGIN comes too late, and is of the wrong kind
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.info.pop(_BEGIN, "BEGIN"))

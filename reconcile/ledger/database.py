"""One connection to a ledger's database, and its transactions. A failure in one is raised as `LedgerError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url

from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.database_errors import ledger_errors

# How long a statement waits for another program's transaction on the same file.
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
# How soon each side notices that the other is gone: neither a run nor the lock may wait for hours on a dead network.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_SESSION = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",  # the session is idle while a run soaks, and the lock ends with the session
}
_BEGIN = "reconcile_begin"


class Database:
    """A connection that stays open: in PostgreSQL the lock belongs to it."""

    def __init__(self, address: LedgerAddress) -> None:
        self.address = address
        with ledger_errors(address, "opened"):
            self.engine = _engine(address)
            self._connection = self.engine.connect()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection for one transaction that only reads: it sees one state of all tables."""
        with ledger_errors(self.address, "read"), self._connection.begin():
            yield self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection for one transaction: durable when this returns, rolled back when it raises."""
        with ledger_errors(self.address, "written"), write_transaction(self._connection):
            yield self._connection

    def close(self) -> None:
        """Close the connection, which ends a lock that it holds."""
        with contextlib.suppress(Exception):  # it may be broken
            self._connection.close()
        self.engine.dispose()


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
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args)
        # Many rows in one statement; otherwise each row is a statement of its own.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    url = URL.create("sqlite", database=str(address.path))
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


def _prepare_postgres(connection: Any, _: object) -> None:
    """Set those of `_SESSION` that the server knows: an older server does not know all."""
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute("SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s", (value, name))
    connection.commit()

"""One connection to a ledger, and its transactions. What goes wrong in one is raised as `LedgerError`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url

from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.troubles import told

# How long a statement waits for another program's transaction on the same file.
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
# How soon each side finds that the other is gone: a run must not wait for hours on a dead network, nor the lock.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_SESSION = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",  # a soak is idle, and the lock ends with the session
}
_BEGIN = "reconcile_begin"


class Store:
    """A connection that stays open: in PostgreSQL the lock is its own."""

    def __init__(self, address: LedgerAddress) -> None:
        self.address = address
        with told(address, "opened"):
            self.engine = _engine(address)
            self._connection = self.engine.connect()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection for one transaction that only reads: it sees one state of everything."""
        with told(self.address, "read"), self._connection.begin():
            yield self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection for one transaction; it is durable when this returns, and undone when it raises."""
        with told(self.address, "written"), writing(self._connection):
            yield self._connection

    def close(self) -> None:
        """Close the connection, and with it what it holds."""
        with contextlib.suppress(Exception):  # it may be dead already
            self._connection.close()
        self.engine.dispose()


@contextlib.contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Hold a transaction on *connection* that will write; in SQLite it has the right to from its beginning on."""
    if connection.dialect.name == "sqlite":
        connection.info[_BEGIN] = "BEGIN IMMEDIATE"
    with connection.begin():
        yield


def _engine(address: LedgerAddress) -> Engine:
    # No parameter belongs into an error's text: names and actors are nobody's business there.
    if address.path is None:
        url = make_url(address.url)
        given: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "reconcile", **_KEEPALIVES}
        wanted = {name: value for name, value in given.items() if name not in url.query}
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=wanted)
        # Many rows in one statement; else each is a statement of its own.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    url = URL.create("sqlite", database=str(address.path))
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Python's own BEGIN would come too late, and be the wrong one
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.info.pop(_BEGIN, "BEGIN"))


def _prepare_postgres(connection: Any, _: object) -> None:
    """Set what the server knows of; an older one does not know all."""
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute("SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s", (value, name))
    connection.commit()

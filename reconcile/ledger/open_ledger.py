"""Opens a ledger: makes a missing one, brings an older one up to date, and refuses one of another workspace."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select, text

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.database import Database
from reconcile.ledger.database_errors import ledger_errors
from reconcile.ledger.file_places import FOLDER
from reconcile.ledger.lease import LEASE, Lease
from reconcile.ledger.migrations import SCHEMA_VERSION, migrate, schema_version
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.ledger.tables import APPLIED, RUNS
from reconcile.ports import Clock

# Two runs that make the tables at the same time would both fail. The number is arbitrary, and must never change.
_MIGRATION_LOCK = 0x7265_636F_6E63_6C65


def open_ledger(
    address: LedgerAddress, *, workspace: str, environment: str, clock: Clock, create: bool, lease: Lease = LEASE
) -> SqlLedger | None:
    """Return the ledger at *address*, for one environment of a workspace; None when there is none, without *create*.

    With *create* a missing ledger is made, and an older one gets this version's tables. Without, a ledger is left as it
    is if this version can read it, and gets this version's tables where columns are missing.

    Raises:
        LedgerError: it cannot be opened, is damaged, is of a newer version, or belongs to another workspace. The hint
            says what to do.
    """
    if not address.exists and not create:
        return None
    if address.path is not None and create:
        with ledger_errors(address, "made"):
            _make_folder(address.path.parent)
    database = Database(address, create=create)
    try:
        if not _is_ready(database, create=create):
            database.close()
            return None
        _refuse_foreign(database, workspace)
    except BaseException:
        database.close()
        raise
    return SqlLedger(database, workspace=workspace, environment=environment, clock=clock, lease=lease)


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder.parent / ".gitignore"
    if folder.parent.name == FOLDER and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _is_ready(database: Database, *, create: bool) -> bool:
    """Return whether there is a ledger that this version can read, after making or migrating it where needed."""
    with database.reading() as connection:
        _refuse_lossy(connection, database.address)
        version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger {database.address.shown} is of schema version {version}, and this reconcile knows only "
            f"{SCHEMA_VERSION}: a newer one has written it",
            hint="upgrade reconcile to the version that the other pipelines run",
        )
    if version == 0 and not create:
        return False
    # A plan by a newer version locks older versions out of a shared ledger only where it could not read it otherwise.
    if version < SCHEMA_VERSION:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            migrate(connection, start=schema_version(connection))
    return True


def _refuse_lossy(connection: Connection, address: LedgerAddress) -> None:
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise LedgerError(
            f"the ledger {address.shown} is in a database with the encoding {encoding}, which cannot hold every name",
            hint="name a database that was made with ENCODING 'UTF8'",
        )


def _refuse_foreign(database: Database, workspace: str) -> None:
    """Refuse a file that another workspace wrote; a server may be shared, key by key."""
    if database.address.path is None:
        return
    with database.reading() as connection:
        owners = set(connection.execute(select(RUNS.c.workspace).union(select(APPLIED.c.workspace))).scalars())
    if owners and workspace not in owners:
        raise LedgerError(
            f"the ledger {database.address.shown} belongs to workspace {', '.join(sorted(owners))}, and this is "
            f"workspace {workspace}",
            hint="move the file away; or, if the workspace was renamed, give it its old id again",
        )

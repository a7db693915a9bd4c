"""Makes and changes the tables, step by step. A released step never changes; a later step changes what it made.

The statements work in SQLite and in PostgreSQL. They do not use `tables`, which changes with the program.
"""

from __future__ import annotations

from sqlalchemy import Connection, column, delete, insert, inspect, select, table, text

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE reconcile_meta (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL)""",
        """CREATE TABLE reconcile_runs (
            id TEXT NOT NULL PRIMARY KEY,
            workspace TEXT NOT NULL,
            environment TEXT NOT NULL,
            kind TEXT NOT NULL,
            started_at TEXT NOT NULL,
            actor TEXT NOT NULL,
            revision TEXT,
            plan_digest TEXT,
            plan_made_at TEXT,
            desired_digest TEXT,
            overrides TEXT NOT NULL,
            of_run TEXT,
            ended_at TEXT,
            ending TEXT,
            summary TEXT NOT NULL)""",
        """CREATE TABLE reconcile_changes (
            run TEXT NOT NULL REFERENCES reconcile_runs (id),
            tenant TEXT NOT NULL,
            code TEXT NOT NULL,
            action TEXT NOT NULL,
            name TEXT NOT NULL,
            cron TEXT NOT NULL,
            state TEXT NOT NULL,
            before TEXT NOT NULL,
            applied TEXT,
            result TEXT,
            reason TEXT NOT NULL,
            message TEXT NOT NULL,
            saves INTEGER NOT NULL,
            after TEXT,
            settled TEXT,
            PRIMARY KEY (run, tenant, code))""",
        """CREATE TABLE reconcile_applied (
            environment TEXT NOT NULL,
            tenant TEXT NOT NULL,
            code TEXT NOT NULL,
            workspace TEXT NOT NULL,
            cron TEXT NOT NULL,
            name TEXT NOT NULL,
            job_ids TEXT NOT NULL,
            run TEXT,
            revision TEXT,
            PRIMARY KEY (environment, tenant, code))""",
        """CREATE TABLE reconcile_holds (
            environment TEXT NOT NULL,
            tenant TEXT NOT NULL,
            code TEXT NOT NULL,
            workspace TEXT NOT NULL,
            name TEXT NOT NULL,
            cron TEXT NOT NULL,
            state TEXT NOT NULL,
            run TEXT NOT NULL,
            reason TEXT NOT NULL,
            placed_at TEXT NOT NULL,
            PRIMARY KEY (environment, tenant, code))""",
        """CREATE TABLE reconcile_locks (
            environment TEXT NOT NULL PRIMARY KEY,
            id TEXT NOT NULL,
            workspace TEXT NOT NULL,
            run TEXT NOT NULL,
            actor TEXT NOT NULL,
            since TEXT NOT NULL,
            expires_at TEXT,
            backend INTEGER)""",
    ),
    (
        # Each run asks for open changes when it begins; they are very few among all changes.
        """CREATE INDEX reconcile_changes_open ON reconcile_changes (run)
            WHERE settled IS NULL AND (result IS NULL OR result = 'unknown')""",
        "CREATE INDEX reconcile_runs_newest ON reconcile_runs (workspace, environment, started_at)",
    ),
    ("CREATE INDEX reconcile_changes_doubled ON reconcile_changes (run) WHERE reason = 'duplicated'",),
    (
        # A lock is no history: one that an earlier version holds is lost, and its run then records nothing more.
        "DROP TABLE reconcile_locks",
        """CREATE TABLE reconcile_environment_locks (
            environment TEXT NOT NULL PRIMARY KEY,
            token INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            nonce TEXT,
            workspace TEXT,
            run TEXT,
            actor TEXT,
            since TEXT,
            renewed_at TEXT)""",
    ),
    # Which run came last was decided by the time at which it began: so old runs are counted, once.
    (
        """CREATE TABLE reconcile_ledgers (
            workspace TEXT NOT NULL,
            environment TEXT NOT NULL,
            lineage TEXT NOT NULL,
            serial INTEGER NOT NULL,
            parents TEXT NOT NULL,
            taken_to TEXT,
            guards TEXT,
            service TEXT,
            folder TEXT,
            PRIMARY KEY (workspace, environment))""",
        """CREATE TABLE reconcile_observed (
            workspace TEXT NOT NULL,
            environment TEXT NOT NULL,
            tenant TEXT NOT NULL,
            code TEXT NOT NULL,
            verdict TEXT NOT NULL,
            live TEXT NOT NULL,
            first_seen TEXT NOT NULL,
            PRIMARY KEY (workspace, environment, tenant, code))""",
        "ALTER TABLE reconcile_runs ADD COLUMN serial INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE reconcile_applied ADD COLUMN serial INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE reconcile_holds ADD COLUMN serial INTEGER NOT NULL DEFAULT 0",
        """UPDATE reconcile_runs SET serial = counted.place
            FROM (SELECT id, row_number() OVER (
                    PARTITION BY workspace, environment ORDER BY started_at, id) AS place
                FROM reconcile_runs) AS counted
            WHERE counted.id = reconcile_runs.id""",
        """UPDATE reconcile_applied SET serial = reconcile_runs.serial
            FROM reconcile_runs WHERE reconcile_runs.id = reconcile_applied.run""",
        """UPDATE reconcile_holds SET serial = reconcile_runs.serial
            FROM reconcile_runs WHERE reconcile_runs.id = reconcile_holds.run""",
        "ALTER TABLE reconcile_runs ADD COLUMN settled_by TEXT",
        "ALTER TABLE reconcile_applied ADD COLUMN declared TEXT",
        "ALTER TABLE reconcile_applied ADD COLUMN in_force TEXT",
        "DROP INDEX reconcile_runs_newest",
        "CREATE INDEX reconcile_runs_newest ON reconcile_runs (workspace, environment, serial)",
    ),
)
"""Step *n* (from 1) leads from schema version *n - 1* to *n*; version 0 is an empty database."""

SCHEMA_VERSION = len(MIGRATIONS)

# The same in every version.
_META = table("reconcile_meta", column("name"), column("value"))
_VERSION = "schema_version"


class NoLedgerError(Exception):
    """The database holds something other than a ledger, or a ledger without a valid version."""


def schema_version(connection: Connection) -> int:
    """Return the version of the tables; 0 when there are none.

    Raises:
        NoLedgerError: there is no valid version, or a SQLite file holds other tables.
    """
    present = inspect(connection).get_table_names()
    if _META.name not in present:
        if present and connection.dialect.name == "sqlite":
            raise NoLedgerError("it holds other tables than those of a ledger")
        return 0
    found = connection.execute(select(_META.c.value).where(_META.c.name == _VERSION)).scalar()
    if not isinstance(found, str) or not found.isdecimal() or int(found) < 1:
        raise NoLedgerError("it does not say which version it is of")
    return int(found)


def migrate(connection: Connection, *, start: int, end: int = SCHEMA_VERSION) -> None:
    """Bring the tables from version *start* to *end*, in the current transaction."""
    for statements in MIGRATIONS[start:end]:
        for statement in statements:
            connection.execute(text(statement))
    connection.execute(delete(_META).where(_META.c.name == _VERSION))
    connection.execute(insert(_META).values(name=_VERSION, value=str(end)))

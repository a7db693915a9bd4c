"""The tables, as this version of the program knows them. `migrations` makes them; a test holds the two together.

Instants are text, UTC, always of one length, so that they sort: 2026-11-25T01:35:00.000000+00:00. Columns typed `Json`
are text as well (see `encoding`). Names begin with `reconcile_`, as a server may hold other tables.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Dialect, ForeignKey, Integer, MetaData, Table, Text, TypeDecorator, text

from reconcile.ledger.encoding import json_text, storable

metadata = MetaData()


class Words(TypeDecorator[str]):
    """Text of any origin."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what the database can hold of it."""
        return None if value is None else storable(value)


class Instant(TypeDecorator[datetime]):
    """An aware instant."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return it as text that sorts."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the instant again, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """A list, an object, or nothing at all (NULL)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return it as JSON."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the value again."""
        return None if value is None else json.loads(value)


def _words(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def _maybe(name: str) -> Column[str]:
    return Column(name, Words)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True, nullable=False)


RUNS = Table(
    "reconcile_runs",
    metadata,
    _key("id"),
    _words("workspace"),
    _words("environment"),
    _words("kind"),
    Column("started_at", Instant, nullable=False),
    _words("actor"),
    _maybe("revision"),
    _maybe("plan_digest"),
    _maybe("plan_made_at"),
    _maybe("desired_digest"),
    Column("overrides", Json, nullable=False),
    _maybe("of_run"),
    Column("ended_at", Instant),
    _maybe("ending"),
    Column("summary", Json, nullable=False),
)

# What a run was about to do to a key (no result: nobody knows whether it did), and then what became of it.
CHANGES = Table(
    "reconcile_changes",
    metadata,
    Column("run", Text, ForeignKey(RUNS.c.id), primary_key=True, nullable=False),
    _key("tenant"),
    _key("code"),
    _words("action"),
    _words("name"),
    _words("cron"),
    _words("state"),
    Column("before", Json, nullable=False),
    Column("applied", Json),
    _maybe("result"),
    _words("reason"),
    _words("message"),
    Column("saves", Integer, nullable=False),
    Column("after", Json),
    _maybe("settled"),
)

# Nobody knows yet what became of it. Written out, as an index serves only a question that is worded like it.
IS_OPEN = text("settled IS NULL AND (result IS NULL OR result = 'unknown')")

# A save of it was seen to add a job. Such are few, and looked for at the beginning of each run.
IS_DOUBLED = text("reason = 'duplicated'")

# Last applied. A key has one owner in an environment: whoever else declares it is refused.
APPLIED = Table(
    "reconcile_applied",
    metadata,
    _key("environment"),
    _key("tenant"),
    _key("code"),
    _words("workspace"),
    _words("cron"),
    _words("name"),
    Column("job_ids", Json, nullable=False),
    _maybe("run"),
    _maybe("revision"),
)

HOLDS = Table(
    "reconcile_holds",
    metadata,
    _key("environment"),
    _key("tenant"),
    _key("code"),
    _words("workspace"),
    _words("name"),
    _words("cron"),
    _words("state"),
    _words("run"),
    _words("reason"),
    Column("placed_at", Instant, nullable=False),
)

# Who is applying. In SQLite the row is the lock, until it expires; in PostgreSQL it only says who holds the real one.
LOCKS = Table(
    "reconcile_locks",
    metadata,
    _key("environment"),
    _words("id"),
    _words("workspace"),
    _words("run"),
    _words("actor"),
    Column("since", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("backend", Integer),
)

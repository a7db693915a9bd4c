"""The tables, as this version of the program knows them. `migrations` makes them; a test compares the two.

Instants are text in UTC, always of the same length, so that they sort: 2026-11-25T01:35:00.000000+00:00. Columns of
type `Json` are text as well (see `encoding`). Names begin with `reconcile_`: a server may hold other tables.

`serial` counts the runs of an owner, and the releases of its holds, from 1: it alone says what came last, since each
runner has its own clock. A row of last applied, and a hold, has the serial of its run; 0 where it has no run.
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
        """Return *value* without the characters that a database cannot hold."""
        return None if value is None else storable(value)


class Instant(TypeDecorator[datetime]):
    """An aware instant."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return *value* as text that sorts."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the instant, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """A list, an object, or NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return *value* as JSON text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the value that the JSON text holds."""
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
    Column("serial", Integer, nullable=False),
    _maybe("settled_by"),
)

# What a run was about to do to a key, and its outcome. Without a result the outcome is unknown.
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

# The outcome is unknown. Written as text, because an index serves only a query with the same words.
IS_OPEN = text("settled IS NULL AND (result IS NULL OR result = 'unknown')")

# A save was seen to add a job. Such changes are few, and each run looks for them when it begins.
IS_DOUBLED = text("reason = 'duplicated'")

# Last applied. A key has one workspace in an environment: another workspace that declares it is refused.
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
    Column("serial", Integer, nullable=False),
    Column("declared", Json),
    Column("in_force", Json),
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
    Column("serial", Integer, nullable=False),
)

# Which ledger of its owner this is, and the serial of its last run or release. The first run makes the row.
# `taken_to` is where the ledger was carried (`carry`): from then on no run uses it here. `guards` are those of the
# workspace when everything was last applied: settings and their values. `service` marks the service that the last run
# was about, and `folder` is that of its declarations, from the top of the repository.
LEDGERS = Table(
    "reconcile_ledgers",
    metadata,
    _key("workspace"),
    _key("environment"),
    _words("lineage"),
    Column("serial", Integer, nullable=False),
    Column("parents", Json, nullable=False),
    _maybe("taken_to"),
    Column("guards", Json),
    _maybe("service"),
    _maybe("folder"),
)

# The keys that drift checks found moved, each with its first check. It is written without the lock, and no run that
# saves reads it. Where the ledger is in Git, a ref of its own holds this (`observed_ref`).
OBSERVED = Table(
    "reconcile_observed",
    metadata,
    _key("workspace"),
    _key("environment"),
    _key("tenant"),
    _key("code"),
    _words("verdict"),
    Column("live", Json, nullable=False),
    Column("first_seen", Instant, nullable=False),
)

# The lock of each environment. The row stays when the lock is free (without a nonce): the token only grows.
# `renewed_at` is for people to read: no program compares it with anything.
LOCKS = Table(
    "reconcile_environment_locks",
    metadata,
    _key("environment"),
    Column("token", Integer, nullable=False),
    Column("counter", Integer, nullable=False),
    _maybe("nonce"),
    _maybe("workspace"),
    _maybe("run"),
    _maybe("actor"),
    Column("since", Instant),
    Column("renewed_at", Instant),
)

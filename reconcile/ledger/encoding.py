"""Values as JSON, where a column holds more than one: rows seen live, last applied, lists and counts.

An object a value, with the names that the plan document uses; Chinese stays readable in a database shell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from reconcile.model.states import Applied, Live, LiveRow, Rows, Unreadable

Json: TypeAlias = Any


def json_text(value: Json) -> str:
    """Return *value* as JSON that any database holds: control characters and lone surrogates are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":")) if _has_surrogate(text) else text


def storable(text: str) -> str:
    r"""Return *text* without what no text column holds: U+FFFD stands for NUL and for lone surrogates.

    >>> storable("\0订单")
    '\ufffd订单'
    """
    if "\0" in text or _has_surrogate(text):
        return "".join("\ufffd" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return text


def rows_value(rows: Rows) -> Json:
    """Return rows as JSON values."""
    return [{"job_id": row.job_id, "cron": row.cron, "status": row.status, "active": row.active} for row in rows]


def rows_of(value: Json) -> Rows:
    """Return what `rows_value` was made from."""
    return tuple(LiveRow(row["job_id"], row["cron"], row["status"], row["active"]) for row in value)


def live_value(live: Live | None) -> Json:
    """Return what was read as a JSON value: a list of rows, an object for what could not be read, null for nothing."""
    if isinstance(live, Unreadable):
        return {"rule": live.rule, "message": live.message, "hint": live.hint}
    return None if live is None else rows_value(live)


def live_of(value: Json) -> Live | None:
    """Return what `live_value` was made from."""
    if isinstance(value, Mapping):
        return Unreadable(value["rule"], value["message"], value["hint"])
    return None if value is None else rows_of(value)


def applied_value(applied: Applied | None) -> Json:
    """Return last applied as a JSON value."""
    if applied is None:
        return None
    return {
        "cron": applied.cron,
        "name": applied.name,
        "job_ids": list(applied.job_ids),
        "run": applied.run,
        "revision": applied.revision,
    }


def applied_of(value: Json) -> Applied | None:
    """Return what `applied_value` was made from."""
    if value is None:
        return None
    return Applied(value["cron"], value["name"], tuple(value["job_ids"]), value["run"], value["revision"])


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False

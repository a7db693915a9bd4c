"""How habits distort a finished reply: rows twice or spoilt, members beside its data, another charset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from reconcile.twin.habits import Habits
from reconcile.twin.jobs import RowStyle, compact, read_json


def distorted_rows(habits: Habits, style: RowStyle, rows: Iterable[bytes]) -> list[bytes]:
    """Return the *rows* of a query, distorted. Each is the JSON of one row, or of several with commas between."""
    shown = list(rows)
    if habits.spoilt_code is not None:
        code = style.id(habits.spoilt_code)
        shown = [_changed(row, {habits.spoilt_field: None}, only=code) for row in shown]
    if habits.repeat_rows == "never":
        return shown
    return [*shown, *([_changed(row, _OTHER_CRON) for row in shown] if habits.repeat_rows == "other-cron" else shown)]


def distorted_body(habits: Habits, body: bytes) -> bytes:
    """Return the *body* of a reply with the members that *habits* put beside its data."""
    if habits.beside is None:
        return body
    return compact({**_members(habits.beside), **json.loads(body)})


def in_charset(habits: Habits, body: bytes) -> tuple[bytes, bytes]:
    """Return *body* in the charset of *habits*, and the content type that declares it."""
    charset = habits.charset or "UTF-8"
    try:
        encoded = body.decode().encode(charset, "replace") if habits.charset else body
    except LookupError:
        encoded = body
    return encoded, f"application/json;charset={charset}".encode("latin-1", "replace")


def _members(text: str) -> dict[str, object]:
    try:
        members = read_json(text.encode())
    except ValueError:
        members = None
    return members if isinstance(members, dict) else {"error_code": text}


def _changed(rows: bytes, members: Mapping[str, object], *, only: str | int | None = None) -> bytes:
    read = json.loads(b"[%s]" % rows)
    return b",".join(compact({**row, **members} if only in (None, row["bizcode"]) else row) for row in read)


_OTHER_CRON = {"cronexpression": "0 0 0 1 1 ? 2098"}

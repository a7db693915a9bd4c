"""What awkward habits make of an answer that is ready: rows twice or spoilt, what stands beside it, its charset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from reconcile.twin.awkward import Awkward
from reconcile.twin.jobs import RowStyle, compact, read_json


def dressed_rows(awkward: Awkward, style: RowStyle, rows: Iterable[bytes]) -> list[bytes]:
    """Return the *rows* of a query, each JSON of one row or of several with commas between, as the flags have them."""
    told = list(rows)
    if awkward.spoilt_code is not None:
        code = style.id(awkward.spoilt_code)
        told = [_changed(row, {awkward.spoilt_field: None}, only=code) for row in told]
    if awkward.repeat_rows == "never":
        return told
    return [*told, *([_changed(row, _OTHER_CRON) for row in told] if awkward.repeat_rows == "other-cron" else told)]


def dressed_body(awkward: Awkward, body: bytes) -> bytes:
    """Return the *body* of an answer with what the flags put beside its data."""
    if awkward.beside is None:
        return body
    return compact({**_members(awkward.beside), **json.loads(body)})


def in_charset(awkward: Awkward, body: bytes) -> tuple[bytes, bytes]:
    """Return *body* in the charset of the flags, and the content type that declares it."""
    charset = awkward.charset or "UTF-8"
    try:
        encoded = body.decode().encode(charset, "replace") if awkward.charset else body
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

"""JSON ⇄ model. Only this module knows the names that the service's API uses.

A reply is believed only when every part of it that is read has the documented shape; what it holds beside that is
left alone. Ids are opaque text: one that comes as a JSON number is refused, for of its 19 digits whoever wrote it may
have lost the last.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.states import LiveRow
from reconcile.ports import Save

TENANT_HEADER = "tecode"


class MalformedError(Exception):
    """A reply is not of the documented shape; the text says where and how, in words and numbers of our own."""


class StrayRowError(Exception):
    """A reply holds a row that was not asked for."""


class Digits(str):
    """A whole number of a JSON document, as the digits that stand there."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outermost object of a reply: *content* is its ``resp_data``, *code* its ``resp_code``; None when missing or
    null."""

    content: object | None
    code: str | None


# Text that is not valid Unicode cannot be sent: the three bodies raise UnicodeEncodeError for it.


def query_body(codes: Collection[str]) -> bytes:
    """Return the request that asks for the rows of *codes*."""
    return _encode({"codes": ",".join(codes), "jobtype": ""})


def history_body(job_id: str, *, page: int, page_size: int) -> bytes:
    """Return the request for one page of a job's history. ``quaryjournal`` is the service's own spelling."""
    operation = {"opttype": "quaryjournal", "jobinfoid": job_id, "pageindex": page, "pagesize": page_size}
    return _encode({"xw_quartz": operation})


def save_body(save: Save) -> bytes:
    """Return the request that saves one schedule."""
    operation = {"opttype": "save", "jobname": save.name, "cronexpression": save.cron, "bizcode": save.key.code}
    return _encode({"xw_quartz": operation})


def envelope(body: bytes) -> Envelope:
    """Read the outermost object of a reply.

    Raises:
        MalformedError: it is not UTF-8, not JSON, no object, or its ``resp_code`` is neither text nor number.
    """
    document = _decode(body)
    if not isinstance(document, dict):
        raise MalformedError(f"the reply is {_kind(document)}, not an object")
    code = document.get("resp_code")
    if code is not None and (isinstance(code, bool) or not isinstance(code, (str, float))):
        raise MalformedError(f"resp_code is {_kind(code)}, not text")
    return Envelope(document.get("resp_data"), None if code is None else _text(str(code), "resp_code"))


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a status query, by code, in the order given. *null* are the codes of rows with null fields; neither
    holds a code without a row."""

    rows: dict[str, tuple[LiveRow, ...]]
    null: tuple[str, ...] = ()


def listing(content: object, *, asked: Collection[str], active: Collection[str]) -> Listing:
    """Return the rows of a status query.

    *asked* are the codes of the request, *active* the words of ``jobstatus`` that mean active.

    Raises:
        MalformedError: a row is not of the documented shape.
        StrayRowError: a row's code was not asked for.
    """
    if not isinstance(content, list):
        raise MalformedError(f"resp_data is {_kind(content)}, not a list")
    found: dict[str, tuple[LiveRow, ...]] = {}
    further: dict[str, list[LiveRow]] = {}
    null = []
    for number, row in enumerate(content, 1):
        if not isinstance(row, dict):
            raise MalformedError(f"row {number} is {_kind(row)}, not an object")
        code = _id(row, "bizcode", number)
        if code not in asked:
            raise StrayRowError(f"row {number}, which was not asked for, is for code {code!r}")
        made = _live_row(row, number, active)
        if made is None:
            null.append(code)
        elif code not in found:
            found[code] = (made,)
        else:
            further.setdefault(code, []).append(made)
    for code, more in further.items():
        found[code] = (*found[code], *more)
    return Listing(found, tuple(null))


def job_id(content: object) -> str:
    """Return the job id that a save was acknowledged with.

    Raises:
        MalformedError: there is none.
    """
    if not isinstance(content, dict):
        raise MalformedError(f"resp_data is {_kind(content)}, not an object")
    return _id(content, "group_job_id", None)


def history_page(content: object, *, job: str, page: int, page_size: int, successful: Collection[str]) -> HistoryPage:
    """Return one page of the history of *job*. *successful* are the words of ``exestatus`` that mean success.

    Only what is missing or null may be so: the numbers then are what was asked for or counted, a time is None, a text
    empty.

    Raises:
        MalformedError: what is there is not of the documented shape.
        StrayRowError: a row belongs to another job.
    """
    listing = content.get("quartz_list") if isinstance(content, dict) else None
    if not isinstance(listing, dict):
        raise MalformedError("resp_data holds no object quartz_list")
    found = listing.get("data")
    if found is None:
        found = []
    if not isinstance(found, list):
        raise MalformedError(f"quartz_list.data is {_kind(found)}, not a list")
    return HistoryPage(
        index=_count(listing, "pageIndex", page),
        size=_count(listing, "pageSize", page_size),
        pages=_count(listing, "pageCount", page if found else 0),
        total=_count(listing, "resultCount", len(found)),
        executions=tuple(_execution(row, number, job, successful) for number, row in enumerate(found, 1)),
    )


def _live_row(row: Mapping[str, object], number: int, active: Collection[str]) -> LiveRow | None:
    if row.get("cronexpression") is None and row.get("jobinfoid") is None and row.get("jobstatus") is None:
        if {"jobinfoid", "cronexpression", "jobstatus"} <= row.keys():
            return None
        raise MalformedError(f"row {number} has no jobinfoid")
    cron, status = _required_text(row, "cronexpression", number), _required_text(row, "jobstatus", number)
    return LiveRow(_id(row, "jobinfoid", number), cron, status, status in active)


def _execution(row: object, number: int, job: str, successful: Collection[str]) -> Execution:
    if not isinstance(row, dict):
        raise MalformedError(f"row {number} is {_kind(row)}, not an object")
    owner = _optional_id(row, "jobinfoid", number) or job
    if owner != job:
        raise StrayRowError(f"row {number}, which was not asked for, is for job {owner!r}")
    status = _optional_text(row, "exestatus", number)
    return Execution(
        job_id=owner,
        trigger_id=_optional_id(row, "triggerid", number),
        fired_at=_instant(row, "triggertime", number),
        started_at=_instant(row, "exestarttime", number),
        updated_at=_instant(row, "updatetime", number),
        run_status=status,
        succeeded=status in successful,
        trigger_status=_optional_text(row, "triggerstatus", number),
        run_type=_optional_text(row, "runtype", number),
        message=_optional_text(row, "exedes", number),
    )


def _instant(row: Mapping[str, object], name: str, number: int) -> datetime | None:
    """Return a time as aware UTC. The service writes ``2020-04-26T15:59:59.652+0000``."""
    text = _optional_text(row, name, number)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MalformedError(f"{name} of row {number} is not a time like 2020-04-26T15:59:59.652+0000, but {text!r}")


def _count(listing: Mapping[str, object], name: str, missing: int) -> int:
    value = listing.get(name)
    if value is None:
        return missing
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST_COUNT:
        return int(value)
    raise MalformedError(f"{name} is {_kind(value)}, not a count")


def _id(row: Mapping[str, object], name: str, number: int | None) -> str:
    value = row.get(name)
    if type(value) is str and value and value.isascii():
        return value
    if type(value) is str and value:
        return _text(value, name)
    where = name if number is None else f"{name} of row {number}"
    raise MalformedError(f"{where} is {'missing' if name not in row else _kind(value)}, not an id")


def _optional_id(row: Mapping[str, object], name: str, number: int) -> str:
    return "" if row.get(name) in (None, "") else _id(row, name, number)


def _required_text(row: Mapping[str, object], name: str, number: int) -> str:
    value = row.get(name)
    if type(value) is str:
        return value if value.isascii() else _text(value, name)
    raise MalformedError(f"{name} of row {number} is {'missing' if name not in row else _kind(value)}, not text")


def _optional_text(row: Mapping[str, object], name: str, number: int) -> str:
    return "" if row.get(name) is None else _required_text(row, name, number)


def _text(value: str, name: str) -> str:
    """Return *value*; half of a surrogate pair is refused, for nothing could print or store it later."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedError(f"{name} is not valid Unicode") from None
    return value


def _kind(value: object) -> str:
    if isinstance(value, Digits):
        return "a whole number"
    return _KINDS.get(type(value), "something else") if value != "" else "empty"


def _encode(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _decode(body: bytes) -> object:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError("the reply is not UTF-8") from None
    if not text.strip():
        raise MalformedError("the reply is empty")
    try:
        document = _DECODER.decode(text)
        # Each key has its colon: as many colons as keys that were kept means that none stood there twice. Otherwise (a
        # colon may stand in a text) it takes the slower decoder to know.
        return document if text.count(":") == _kept_keys(document) else _STRICT_DECODER.decode(text)
    except RecursionError:
        raise MalformedError("the reply is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"the reply is not JSON ({error.msg} at character {error.pos + 1})") from None


def _kept_keys(document: object) -> int:
    """Count the keys of an object and of the objects in its lists; what lies deeper is left out."""
    if not isinstance(document, dict):
        return 0
    lists = (value for value in document.values() if isinstance(value, list))
    return len(document) + sum(len(one) for value in lists for one in value if isinstance(one, dict))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedError("an object of the reply holds a key twice")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedError(f"the reply holds {name}, which is not JSON")


_LONGEST_COUNT = 12
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    float: "a number with a fraction or an exponent",
    bool: "true or false",
    type(None): "null",
}
_DECODER = json.JSONDecoder(parse_int=Digits, parse_constant=_refuse_constant)
_STRICT_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=Digits, parse_constant=_refuse_constant)

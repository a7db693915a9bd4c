"""JSON ⇄ model. Only this module knows the names that the service's API uses.

A reply is used only when every part of it that is read has the documented shape. Other members are ignored, except
those that report an error (`reported_errors`). Ids are opaque text. An id that comes as a whole number of JSON, as a
Long does from Jackson or fastjson, is read digit for digit and never through a float.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.live import LiveRow
from reconcile.ports import Save
from reconcile.service.charsets import UTF_8, CharsetError, codec_of
from reconcile.service.reported_errors import json_text
from reconcile.times import instant

TENANT_HEADER = "tecode"


class MalformedError(Exception):
    """A reply is not of the documented shape; the text says where and how, and quotes no text of the reply."""


class StrayRowError(Exception):
    """A reply holds a row that was not asked for."""


class Digits(str):
    """A whole number of a JSON document, as its digits."""

    __slots__ = ()


class Fractional(str):
    """A number with a fraction or an exponent, as its text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outermost object of a reply: *content* is its ``resp_data``, *code* its ``resp_code`` as text; None when
    missing or null. *beside* are all members but ``resp_data``."""

    content: object | None
    code: str | None
    beside: Mapping[str, object] = field(default_factory=dict)


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


def envelope(body: bytes, content_type: str = "") -> Envelope:
    """Read the outermost object of a reply, in the charset that *content_type* declares, or else in UTF-8.

    Raises:
        MalformedError: it is not of that charset, not JSON, or not an object.
    """
    document = _decode(body, content_type)
    if not isinstance(document, dict):
        raise MalformedError(f"the reply is {_kind(document)}, not an object")
    content = document.pop("resp_data", None)
    code = document.get("resp_code")
    return Envelope(content, json_text(code) if isinstance(code, (str, bool)) else None, document)


def is_empty(content: object) -> bool:
    """Return whether ``resp_data`` holds nothing: missing, null, an empty list or text, an object of nothing but null.

    >>> is_empty([]), is_empty({"group_job_id": None}), is_empty({"group_job_id": "77"})
    (True, True, False)
    """
    if isinstance(content, dict):
        return all(value is None or value == "" for value in content.values())
    return content is None or (isinstance(content, (list, str)) and not content)


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a reply to a status query. A code without a row is in none of these.

    *rows* are by code, in the order given. *null* are the codes of rows with null fields. *spoilt* says, by code, why a
    row of it cannot be read; such a code is in none of the others. *ownerless* says, of the first row whose code cannot
    be read, why. *repeated* are the codes with the same row more than once; it is one of their *rows*.
    """

    rows: dict[str, tuple[LiveRow, ...]]
    null: tuple[str, ...] = ()
    spoilt: Mapping[str, str] = field(default_factory=dict)
    ownerless: str | None = None
    repeated: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether the list is empty."""
        return not self.null and self.says_nothing_but_null

    @property
    def says_nothing_but_null(self) -> bool:
        """Whether no row is, or may be, that of a job."""
        return not self.rows and not self.spoilt and self.ownerless is None


def listing(content: object, *, asked: Collection[str], active: Collection[str]) -> Listing:
    """Return the rows of a status query.

    *asked* are the codes of the request, *active* the words of ``jobstatus`` that mean active.

    Raises:
        MalformedError: it is not a list.
        StrayRowError: a row's code was not asked for.
    """
    if not isinstance(content, list):
        raise MalformedError(f"resp_data is {_kind(content)}, not a list")
    found: dict[str, LiveRow] = {}
    further: dict[str, dict[str, LiveRow]] = {}
    null: list[str] = []
    spoilt: dict[str, str] = {}
    repeated: set[str] = set()
    ownerless = None
    for number, row in enumerate(content, 1):
        try:
            code = _code_of_row(row, number)
        except MalformedError as error:
            ownerless = ownerless or str(error)
            continue
        if code not in asked:
            raise StrayRowError(f"row {number}, which was not asked for, is for code {code!r}")
        try:
            live_row = _live_row(row, number, active)
            if live_row is None:
                null.append(code)
            elif code not in found:
                found[code] = live_row
            elif _is_repeated(found[code], further.setdefault(code, {}), live_row, number):
                repeated.add(code)
        except MalformedError as error:
            spoilt.setdefault(code, str(error))
    for code, count in Counter(null).items():
        if code in found or count > 1:
            spoilt.setdefault(code, "a row of null beside another for the same code")
    rows = {code: (first, *further.get(code, {}).values()) for code, first in found.items() if code not in spoilt}
    left = tuple(code for code in null if code not in spoilt)
    return Listing(rows, left, spoilt, ownerless, frozenset(repeated - spoilt.keys()))


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

    A field may be missing or null: a number is then what was asked for or counted, a time is None, a text empty.

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


def _code_of_row(row: Any, number: int) -> str:
    if not isinstance(row, dict):
        raise MalformedError(f"row {number} is {_kind(row)}, not an object")
    return _id(row, "bizcode", number)


def _is_repeated(first: LiveRow, further: dict[str, LiveRow], row: LiveRow, number: int) -> bool:
    """Return whether *row* is one of *first* and the *further* rows of its code, by id; else put it among them."""
    known = first if first.job_id == row.job_id else further.setdefault(row.job_id, row)
    if known is row:
        return False
    if known != row:
        what = "cronexpression" if known.cron != row.cron else "jobstatus"
        raise MalformedError(f"row {number} has the jobinfoid of another, and another {what}")
    return True


def _live_row(row: Mapping[str, object], number: int, active: Collection[str]) -> LiveRow | None:
    if row.get("cronexpression") is None and row.get("jobinfoid") is None and row.get("jobstatus") is None:
        if {"jobinfoid", "cronexpression", "jobstatus"} <= row.keys():
            return None
        raise MalformedError(f"row {number} has no jobinfoid")
    cron, status = _required_text(row, "cronexpression", number), _word(row, "jobstatus", number)
    return LiveRow(_id(row, "jobinfoid", number), cron, status, status in active)


def _execution(row: object, number: int, job: str, successful: Collection[str]) -> Execution:
    if not isinstance(row, dict):
        raise MalformedError(f"row {number} is {_kind(row)}, not an object")
    owner = _optional_id(row, "jobinfoid", number) or job
    if owner != job:
        raise StrayRowError(f"row {number}, which was not asked for, is for job {owner!r}")
    status = "" if row.get("exestatus") is None else _word(row, "exestatus", number)
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
    found = instant(text)
    if found is not None:
        return found
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
    if type(value) is Digits:
        return str(value)
    if type(value) is str and value:
        return _text(value, name)
    member = name if number is None else f"{name} of row {number}"
    raise MalformedError(f"{member} is {'missing' if name not in row else _kind(value)}, not an id")


def _optional_id(row: Mapping[str, object], name: str, number: int) -> str:
    return "" if row.get(name) in (None, "") else _id(row, name, number)


def _required_text(row: Mapping[str, object], name: str, number: int) -> str:
    value = row.get(name)
    if type(value) is str:
        return value if value.isascii() else _text(value, name)
    raise MalformedError(f"{name} of row {number} is {'missing' if name not in row else _kind(value)}, not text")


def _word(row: Mapping[str, object], name: str, number: int) -> str:
    """Return a status: text, or the JSON text of a number or a boolean."""
    value = row.get(name)
    if isinstance(value, (bool, Digits, Fractional)):
        return json_text(value)
    return _required_text(row, name, number)


def _optional_text(row: Mapping[str, object], name: str, number: int) -> str:
    return "" if row.get(name) is None else _required_text(row, name, number)


def _text(value: str, name: str) -> str:
    """Return *value*; half of a surrogate pair is refused, because it cannot be printed or stored later."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedError(f"{name} is not valid Unicode") from None
    return value


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "something else") if value != "" else "empty"


def _encode(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _decode(body: bytes, content_type: str) -> object:
    try:
        codec = codec_of(content_type)
        text = body.decode(codec)
    except CharsetError as error:
        raise MalformedError(f"its Content-Type declares the charset {str(error)!r}, which is not known") from None
    except UnicodeError:
        raise MalformedError(_not_of_its_charset(content_type, codec)) from None
    if not text.strip():
        raise MalformedError("the reply is empty")
    try:
        document = _DECODER.decode(text)
        # Each key has a colon: with as many colons as keys no key is there twice. Otherwise (a text may hold a colon)
        # the slower decoder decides.
        return document if text.count(":") == _kept_keys(document) else _STRICT_DECODER.decode(text)
    except RecursionError:
        raise MalformedError("the reply is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"the reply is not JSON ({error.msg} at character {error.pos + 1})") from None


def _not_of_its_charset(content_type: str, codec: str) -> str:
    if "charset" not in content_type.lower():
        return "the reply is not UTF-8, and its Content-Type declares no other, such as charset=GBK"
    return f"the reply is not {'UTF-8' if codec == UTF_8 else codec}, which its Content-Type declares"


def _kept_keys(document: object) -> int:
    """Count the keys of an object and of the objects in its lists; deeper keys are not counted."""
    if not isinstance(document, dict):
        return 0
    lists = (value for value in document.values() if isinstance(value, list))
    return len(document) + sum(len(one) for value in lists for one in value if isinstance(one, dict))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise MalformedError("an object of the reply holds a key twice")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedError(f"the reply holds {name}, which is not JSON")


_LONGEST_COUNT = 12
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    Digits: "a whole number",
    Fractional: "a number with a fraction or an exponent",
    bool: "true or false",
    type(None): "null",
}
_DECODER = json.JSONDecoder(parse_int=Digits, parse_float=Fractional, parse_constant=_refuse_constant)
_STRICT_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Digits, parse_float=Fractional, parse_constant=_refuse_constant
)

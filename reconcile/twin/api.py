"""The three operations of the service's API: what a body asks for, and the bytes that answer it.

Paths, names and the spelling `quaryjournal` are the service's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reconcile.errors import CronSyntaxError, ServiceError
from reconcile.twin.core import Twin
from reconcile.twin.crons import NeverFiresError
from reconcile.twin.distortion import distorted_body, distorted_rows, in_charset
from reconcile.twin.habits import Habits
from reconcile.twin.jobs import compact, read_json

QUERY_PATH = "/task/quartz/queryjobstatus"
JOB_PATH = "/task/quartz/bizcronjob"
PATHS = frozenset({QUERY_PATH, JOB_PATH})

PAGE_SIZE = 10


class Reply(NamedTuple):
    """An answer as it goes out."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json;charset=UTF-8"),)


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for the rows of *codes*."""

    codes: list[str]
    operation = "query"


@dataclass(frozen=True, slots=True)
class History:
    """Ask for a page of the journal of the job *job_id*."""

    job_id: str
    page: int
    size: int
    operation = "history"


@dataclass(frozen=True, slots=True)
class Save:
    """Save the job of *code*."""

    code: str
    name: str
    cron: str
    operation = "save"


Call = Query | History | Save


class BadCallError(Exception):
    """A body that asks for nothing the API knows."""


def read_call(path: str, body: bytes) -> Call:
    """Return what *body*, posted to *path*, asks for.

    Raises:
        BadCallError: it is not JSON, or not one of the three operations.
    """
    try:
        document = read_json(body)
    except ValueError as error:
        raise BadCallError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise BadCallError("the body is not a JSON object")
    if path == QUERY_PATH:
        codes = document.get("codes")
        if not isinstance(codes, str):
            raise BadCallError("codes is not a text")
        return Query([code.strip() for code in codes.split(",")])
    asked = document.get("xw_quartz")
    if not isinstance(asked, dict):
        raise BadCallError("xw_quartz is not an object")
    kind = asked.get("opttype")
    if kind == "quaryjournal":
        return History(_id(asked), _number(asked, "pageindex", 1), _number(asked, "pagesize", PAGE_SIZE))
    if kind == "save":
        return Save(_text(asked, "bizcode"), _text(asked, "jobname"), _text(asked, "cronexpression"))
    raise BadCallError(f"opttype {kind!r} is unknown")


async def perform(twin: Twin, tenant: str, call: Call) -> Reply:
    """Do what *call* asks, and return the answer; a save is on disk before this returns."""
    reply = await _performed(twin, tenant, call)
    habits = twin.habits
    if habits.beside is None and habits.charset is None:
        return reply
    body, content_type = in_charset(habits, distorted_body(habits, reply.body))
    return reply._replace(body=body, headers=((b"content-type", content_type),))


async def _performed(twin: Twin, tenant: str, call: Call) -> Reply:
    if twin.habits.tenant_unknown == tenant:
        return refusal(twin.habits, "租户不存在", status=404)
    if isinstance(call, Query):
        return _query(twin, tenant, call)
    if isinstance(call, History):
        return _history(twin, tenant, call)
    return await _save(twin, tenant, call)


def refusal(habits: Habits, message: str, *, status: int = 400) -> Reply:
    """Return an error as *habits* shape it: HTTP 200 that reports it, or HTTP *status*."""
    if habits.errors == "beside":
        return Reply(200, compact({"resp_data": [], "error_code": message}))
    body = compact({"resp_code": "500" if habits.errors == "envelope" else str(status), "resp_msg": message})
    return Reply(200 if habits.errors == "envelope" else status, body)


def _query(twin: Twin, tenant: str, call: Query) -> Reply:
    habits = twin.habits
    codes = call.codes
    twin.statistics.codes_asked += len(codes)
    if habits.max_codes is not None and len(codes) > habits.max_codes:
        if habits.too_many == "refuse":
            return refusal(habits, f"too many codes: at most {habits.max_codes}")
        codes = codes[: habits.max_codes]
    # Codes asked for twice are answered once, as by IN (...) of SQL.
    asked = dict.fromkeys(codes)
    answers = twin.shelf.answers(tenant)
    if habits.unknown_code in ("null-row", "error"):
        rows = []
        for code in filter(None, asked):
            if code in answers:
                rows.append(answers[code])
            elif habits.unknown_code == "error":
                return refusal(habits, f"no job of code {code}", status=404)
            else:
                rows.append(_null_row(twin, code))
    else:
        rows = [answers[code] for code in asked if code in answers]
        if not rows and habits.unknown_code != "omit":
            return Reply(200, b'{"resp_data":null}' if habits.unknown_code == "null-data" else b"{}")
    if habits.spoilt_code is not None or habits.repeat_rows != "never":
        rows = distorted_rows(habits, twin.shelf.style, rows)
    return Reply(200, b'{"resp_data":[%s]}' % b",".join(rows))


def _null_row(twin: Twin, code: str) -> bytes:
    bizcode = twin.shelf.style.id(code)
    return compact({"jobinfoid": None, "cronexpression": None, "bizcode": bizcode, "jobstatus": None})


def _history(twin: Twin, tenant: str, call: History) -> Reply:
    total, rows = twin.history(tenant, call.job_id, call.page, call.size)
    if twin.habits.ids == "number":
        rows = [
            row | {name: twin.shelf.style.id(str(row[name])) for name in ("triggerid", "jobinfoid")} for row in rows
        ]
    listing = {
        "pageSize": call.size,
        "pageIndex": call.page,
        "resultCount": total,
        "pageCount": -(-total // call.size),
        "data": rows,
    }
    return Reply(200, compact({"resp_data": {"quartz_list": listing}}))


async def _save(twin: Twin, tenant: str, call: Save) -> Reply:
    if not (call.code.strip() and call.name.strip() and call.cron.strip()):
        return refusal(twin.habits, "bizcode, jobname and cronexpression must not be blank")
    try:
        job_id = twin.save(tenant, call.code, call.name, call.cron)
    except CronSyntaxError as error:
        return refusal(twin.habits, f"CronExpression '{call.cron}' is invalid: {error.message}")
    except NeverFiresError:
        message = f"Based on configured schedule, the given trigger '{tenant}.{call.code}' will never fire."
        return refusal(twin.habits, message)
    try:
        await twin.settled()
    except ServiceError as error:
        return refusal(twin.habits, error.message, status=500)
    return Reply(200, compact({"resp_data": {"group_job_id": twin.shelf.style.id(job_id)}}))


def _text(asked: dict[str, object], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadCallError(f"{name} is not a text")
    return value


def _id(asked: dict[str, object]) -> str:
    value = asked.get("jobinfoid")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BadCallError("jobinfoid is neither a text nor a number")
    return str(value)


def _number(asked: dict[str, object], name: str, default: int) -> int:
    """A number, also when it comes as text; the default when it is missing, no number, or below 1."""
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise BadCallError(f"{name} is not a number")
    try:
        number = default if value is None else int(value)
    except ValueError:
        return default
    return number if number >= 1 else default

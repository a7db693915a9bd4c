"""The three operations of the service's API: what the body of a request asks for, and the reply to it.

Paths, names and the spelling `quaryjournal` are the service's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reconcile.errors import CronSyntaxError, ServiceError
from reconcile.twin.distortion import distorted_body, distorted_rows, in_charset
from reconcile.twin.fire_times import NeverFiresError
from reconcile.twin.habits import Habits
from reconcile.twin.jobs import compact, read_json
from reconcile.twin.twin import Twin

QUERY_PATH = "/task/quartz/queryjobstatus"
JOB_PATH = "/task/quartz/bizcronjob"
PATHS = frozenset({QUERY_PATH, JOB_PATH})

PAGE_SIZE = 10


class Reply(NamedTuple):
    """A reply as it is sent."""

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


Request = Query | History | Save


class BadRequestError(Exception):
    """The body of a request is not one that the API knows."""


def read_request(path: str, body: bytes) -> Request:
    """Return what *body*, posted to *path*, asks for.

    Raises:
        BadRequestError: it is not JSON, or not one of the three operations.
    """
    try:
        document = read_json(body)
    except ValueError as error:
        raise BadRequestError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise BadRequestError("the body is not a JSON object")
    if path == QUERY_PATH:
        codes = document.get("codes")
        if not isinstance(codes, str):
            raise BadRequestError("codes is not a text")
        return Query([code.strip() for code in codes.split(",")])
    asked = document.get("xw_quartz")
    if not isinstance(asked, dict):
        raise BadRequestError("xw_quartz is not an object")
    kind = asked.get("opttype")
    if kind == "quaryjournal":
        return History(_id(asked), _number(asked, "pageindex", 1), _number(asked, "pagesize", PAGE_SIZE))
    if kind == "save":
        return Save(_text(asked, "bizcode"), _text(asked, "jobname"), _text(asked, "cronexpression"))
    raise BadRequestError(f"opttype {kind!r} is unknown")


async def perform(twin: Twin, tenant: str, request: Request) -> Reply:
    """Do what *request* asks, and return the reply; a save is on disk before this returns."""
    reply = await _performed(twin, tenant, request)
    habits = twin.habits
    if habits.beside is None and habits.charset is None:
        return reply
    body, content_type = in_charset(habits, distorted_body(habits, reply.body))
    return reply._replace(body=body, headers=((b"content-type", content_type),))


async def _performed(twin: Twin, tenant: str, request: Request) -> Reply:
    if twin.habits.tenant_unknown == tenant:
        return refusal(twin.habits, "租户不存在", status=404)
    if isinstance(request, Query):
        return _query(twin, tenant, request)
    if isinstance(request, History):
        return _history(twin, tenant, request)
    return await _save(twin, tenant, request)


def refusal(habits: Habits, message: str, *, status: int = 400) -> Reply:
    """Return an error as *habits* shape it: HTTP 200 that reports it, or HTTP *status*."""
    if habits.errors == "beside":
        return Reply(200, compact({"resp_data": [], "error_code": message}))
    body = compact({"resp_code": "500" if habits.errors == "envelope" else str(status), "resp_msg": message})
    return Reply(200 if habits.errors == "envelope" else status, body)


def _query(twin: Twin, tenant: str, request: Query) -> Reply:
    habits = twin.habits
    codes = request.codes
    twin.statistics.codes_asked += len(codes)
    if habits.max_codes is not None and len(codes) > habits.max_codes:
        if habits.too_many == "refuse":
            return refusal(habits, f"too many codes: at most {habits.max_codes}")
        codes = codes[: habits.max_codes]
    # Codes asked for twice are answered once, as by IN (...) of SQL.
    asked = dict.fromkeys(codes)
    known = twin.jobs.rows(tenant)
    if habits.unknown_code in ("null-row", "error"):
        rows = []
        for code in filter(None, asked):
            if code in known:
                rows.append(known[code])
            elif habits.unknown_code == "error":
                return refusal(habits, f"no job of code {code}", status=404)
            else:
                rows.append(_null_row(twin, code))
    else:
        rows = [known[code] for code in asked if code in known]
        if not rows and habits.unknown_code != "omit":
            return Reply(200, b'{"resp_data":null}' if habits.unknown_code == "null-data" else b"{}")
    if habits.spoilt_code is not None or habits.repeat_rows != "never":
        rows = distorted_rows(habits, twin.jobs.style, rows)
    return Reply(200, b'{"resp_data":[%s]}' % b",".join(rows))


def _null_row(twin: Twin, code: str) -> bytes:
    bizcode = twin.jobs.style.id(code)
    return compact({"jobinfoid": None, "cronexpression": None, "bizcode": bizcode, "jobstatus": None})


def _history(twin: Twin, tenant: str, request: History) -> Reply:
    total, rows = twin.history(tenant, request.job_id, request.page, request.size)
    if twin.habits.ids == "number":
        rows = [row | {name: twin.jobs.style.id(str(row[name])) for name in ("triggerid", "jobinfoid")} for row in rows]
    listing = {
        "pageSize": request.size,
        "pageIndex": request.page,
        "resultCount": total,
        "pageCount": -(-total // request.size),
        "data": rows,
    }
    return Reply(200, compact({"resp_data": {"quartz_list": listing}}))


async def _save(twin: Twin, tenant: str, request: Save) -> Reply:
    if not (request.code.strip() and request.name.strip() and request.cron.strip()):
        return refusal(twin.habits, "bizcode, jobname and cronexpression must not be blank")
    try:
        job_id = twin.save(tenant, request.code, request.name, request.cron)
    except CronSyntaxError as error:
        return refusal(twin.habits, f"CronExpression '{request.cron}' is invalid: {error.message}")
    except NeverFiresError:
        message = f"Based on configured schedule, the given trigger '{tenant}.{request.code}' will never fire."
        return refusal(twin.habits, message)
    try:
        await twin.flushed()
    except ServiceError as error:
        return refusal(twin.habits, error.message, status=500)
    return Reply(200, compact({"resp_data": {"group_job_id": twin.jobs.style.id(job_id)}}))


def _text(asked: dict[str, object], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"{name} is not a text")
    return value


def _id(asked: dict[str, object]) -> str:
    value = asked.get("jobinfoid")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BadRequestError("jobinfoid is neither a text nor a number")
    return str(value)


def _number(asked: dict[str, object], name: str, default: int) -> int:
    """Return a number, also from a text; *default* when it is missing, not a number, or below 1."""
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise BadRequestError(f"{name} is not a number")
    try:
        number = default if value is None else int(value)
    except ValueError:
        return default
    return number if number >= 1 else default

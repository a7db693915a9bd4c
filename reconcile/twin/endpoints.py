"""What a twin answers beside the three operations: the page, the API's description, and `/_twin/` to steer it.

Whatever steers is a POST of JSON, and refused when it does not say that it is JSON: a page of another site that is open
in somebody's browser can post a form here, but not that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconcile.errors import ServiceError, SettingError
from reconcile.resources import folder
from reconcile.twin import behind
from reconcile.twin.clock import from_ms, instant_ms, span_ms
from reconcile.twin.core import Twin
from reconcile.twin.habits import Habits
from reconcile.twin.jobs import Job, compact, read_json

_PAGE = {
    "/": ("index.html", "text/html"),
    "/_twin/page.js": ("page.js", "text/javascript"),
    "/_twin/page.css": ("page.css", "text/css"),
}
_GUARDED = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_SHOWN = 200

Told = Mapping[str, Any]
Act = Callable[[Told], Awaitable[object]]


class Steered(NamedTuple):
    """What is asked of a twin, or told it, under ``/_twin/``, and the method of `Steering` that does it."""

    method: str
    path: str
    act: str


ROUTES = (
    Steered("GET", "overview", "overview"),
    Steered("GET", "statistics", "statistics"),
    Steered("POST", "statistics/reset", "reset_statistics"),
    Steered("GET", "awkward", "habits"),
    Steered("POST", "awkward", "behave"),
    Steered("POST", "awkward/reset", "behave_well"),
    Steered("GET", "clock", "clock"),
    Steered("POST", "clock", "set_clock"),
    Steered("GET", "jobs", "jobs"),
    Steered("POST", "jobs/change", "change"),
    Steered("POST", "jobs/duplicate", "duplicate"),
    Steered("POST", "jobs/delete", "delete"),
    Steered("GET", "journal", "journal"),
    Steered("POST", "journal", "insert_rows"),
    Steered("POST", "seed", "seed"),
    Steered("GET", "export", "export"),
    Steered("POST", "import", "take_back"),
    Steered("POST", "reset", "reset"),
)


class NotJsonError(Exception):
    """A POST that does not come as JSON."""


def endpoints(twin: Twin) -> Starlette:
    """Return the application that answers what is not one of the three operations of *twin*."""
    steering = Steering(twin)
    routes = [
        Route(f"/_twin/{one.path}", _answering(twin, getattr(steering, one.act), one.method), methods=[one.method])
        for one in ROUTES
    ]
    routes += [Route(path, _file(name, kind), methods=["GET"]) for path, (name, kind) in _PAGE.items()]
    routes.append(Route("/openapi.json", _openapi, methods=["GET"]))
    errors: dict[Any, Any] = {
        SettingError: _refused(400),
        NotJsonError: _refused(415),
        behind.NoJobError: _refused(404),
        ServiceError: _refused(500),
    }
    return Starlette(routes=routes, exception_handlers=errors)


class Steering:
    """What can be asked of, and done to, *twin* behind the API's back; each method takes and returns JSON."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def statistics(self, _asked: Told) -> object:
        """Requests by operation, highest concurrency, saves per key."""
        return self._twin.statistics.as_json()

    def habits(self, _asked: Told) -> object:
        """The awkward habits."""
        return self._twin.habits.as_json()

    def clock(self, _asked: Told) -> object:
        """The time on the clock, its speed, and the zone in which crons fire."""
        now = from_ms(self._twin.now_ms(), self._twin.zone)
        return {
            "now": now.isoformat(timespec="milliseconds"),
            "speed": self._twin.clock.speed,
            "timezone": self._twin.settings.timezone,
        }

    def jobs(self, asked: Told) -> object:
        """The jobs of ``?tenant=``; ``find=`` narrows to codes and names that hold it, ``from=`` passes over some."""
        wanted, start = asked.get("find", "").casefold(), _count(asked.get("from", "0"))
        found = [
            job
            for job in self._twin.shelf.of(asked.get("tenant", ""))
            if wanted in job.code.casefold() or wanted in job.name.casefold()
        ]
        shown = found[start : start + _SHOWN] if "from" in asked else found
        return {"count": len(found), "jobs": [behind.described(self._twin, job) for job in shown]}

    def overview(self, asked: Told) -> object:
        """What the page shows: clock, counts, tenants and the newest fires."""
        twin = self._twin
        return {
            "clock": self.clock(asked),
            "requests": twin.statistics.total,
            "fires": twin.statistics.fires,
            "tenants": twin.shelf.tenants(),
            "recent": behind.recent(twin),
        }

    def journal(self, asked: Told) -> object:
        """The newest rows of ``?tenant=`` and ``jobinfoid=``."""
        total, rows = self._twin.history(asked.get("tenant", ""), asked.get("jobinfoid", ""), 1, _SHOWN)
        return {"count": total, "rows": rows}

    def export(self, _asked: Told) -> object:
        """All jobs and journals."""
        return behind.exported(self._twin)

    async def reset_statistics(self, _told: Told) -> object:
        """Count anew."""
        self._twin.statistics.reset()
        return {}

    async def behave(self, told: Told) -> object:
        """Set the habits that are given, by name; durations are numbers of seconds."""
        self._twin.behave(self._twin.habits.changed(told))
        return self._twin.habits.as_json()

    async def behave_well(self, _told: Told) -> object:
        """Switch all habits off."""
        self._twin.behave(Habits())
        return self._twin.habits.as_json()

    async def set_clock(self, told: Told) -> object:
        """Put the clock ``now``, change its ``speed``, or ``advance`` it (``7d``), firing what is due on the way."""
        _check_names(told, "now", "speed", "advance")
        speed = told.get("speed")
        if speed is not None and (
            isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0 <= speed < 1e9
        ):
            raise SettingError(f"speed is {speed!r}, and must be a number from 0")
        now = instant_ms(_text(told, "now")) if "now" in told else None
        span = span_ms(_text(told, "advance")) if "advance" in told else None
        if now is not None or speed is not None:
            self._twin.set_clock(now, speed)
        if span is not None:
            await self._twin.advance(span)
        return self.clock(told)

    async def change(self, told: Told) -> object:
        """Change ``name``, ``cron``, ``status`` of a ``code`` of a ``tenant``: all rows, or one ``jobinfoid``."""
        _check_names(told, "tenant", "code", "jobinfoid", "name", "cron", "status")
        status = told.get("status", "enable")
        if status not in {"enable", "disable"}:
            raise SettingError(f"status is {status!r}, and must be enable or disable")
        name, cron = (_text(told, key) if key in told else None for key in ("name", "cron"))
        jobs = self._meant(told)
        for job in jobs:
            self._twin.change(job, name=name, cron=cron, enabled=status == "enable" if "status" in told else None)
        return {"changed": len(jobs)}

    async def duplicate(self, told: Told) -> object:
        """Add a second row of a ``code`` of a ``tenant``."""
        return {"jobinfoid": behind.duplicate(self._twin, _text(told, "tenant"), _text(told, "code"))}

    async def delete(self, told: Told) -> object:
        """Delete a ``code`` of a ``tenant``: all rows, or one ``jobinfoid``."""
        jobs = self._meant(told)
        self._twin.remove(jobs)
        return {"deleted": len(jobs)}

    async def insert_rows(self, told: Told) -> object:
        """Write ``rows`` for a ``code`` of a ``tenant``: ``fired``, ``took_ms``, ``exedes``, what else is to show."""
        rows = told.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SettingError("rows must be a list of objects")
        return {"inserted": behind.insert_rows(self._twin, _text(told, "tenant"), _text(told, "code"), rows)}

    async def seed(self, told: Told) -> object:
        """Add the jobs of a seed: ``{"tenants": {"acme": [{"code", "name", "cron"}]}}``."""
        return {"jobs": behind.seed(self._twin, told)}

    async def take_back(self, told: Told) -> object:
        """Put an export in the place of everything."""
        return {"jobs": behind.take_back(self._twin, told)}

    async def reset(self, _told: Told) -> object:
        """Delete everything."""
        self._twin.clear()
        return {}

    def _meant(self, told: Told) -> list[Job]:
        return behind.jobs_of(self._twin, _text(told, "tenant"), _text(told, "code"), told.get("jobinfoid"))


def _answering(twin: Twin, act: Any, method: str) -> Callable[[Request], Awaitable[Response]]:
    return _reading(act) if method == "GET" else _acting(twin, act)


def _reading(read: Callable[[Told], object]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return _json(read(request.query_params))

    return answer


def _acting(twin: Twin, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise NotJsonError("the twin is steered by JSON: send Content-Type: application/json")
        body = await request.body()
        try:
            # A large import is read beside the loop, so that firing goes on.
            told = await run_in_threadpool(read_json, body) if body else {}
        except ValueError as error:
            raise SettingError(f"the body is not JSON: {error}") from error
        if not isinstance(told, dict):
            raise SettingError("the body is not a JSON object")
        result = await act(told)
        await twin.settled()
        return _json(result)

    return answer


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        body = files("reconcile.twin").joinpath("page", name).read_bytes()
        return Response(body, media_type=kind, headers=_GUARDED)

    return answer


async def _openapi(_request: Request) -> Response:
    return Response((folder("schemas") / "openapi.json").read_bytes(), media_type="application/json")


def _json(document: object) -> Response:
    return Response(compact(document), media_type="application/json")


def _refused(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error), "hint": getattr(error, "hint", None)}, status)

    return answer


def _check_names(told: Told, *known: str) -> None:
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise SettingError(f"{unknown[0]!r} is unknown here; known are {', '.join(known)}")


def _text(told: Told, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise SettingError(f"{name} is {value!r}, and must be a text")
    return value


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0

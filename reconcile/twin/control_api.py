"""The paths of a twin beside the three operations: the page, the API's description, and its control API at `/_twin/`.

What changes a twin is a POST with the content type of JSON, and refused without it: a page of another site that is open
in a browser can post a form here, but not JSON.
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
from reconcile.twin import admin
from reconcile.twin.clock import from_ms, instant_ms, span_ms
from reconcile.twin.habits import Habits
from reconcile.twin.jobs import Job, compact, read_json
from reconcile.twin.twin import Twin

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

Values = Mapping[str, Any]
Act = Callable[[Values], Awaitable[object]]


class ControlRoute(NamedTuple):
    """One route under ``/_twin/``, and the method of `ControlApi` that answers it."""

    method: str
    path: str
    act: str


ROUTES = (
    ControlRoute("GET", "overview", "overview"),
    ControlRoute("GET", "statistics", "statistics"),
    ControlRoute("POST", "statistics/reset", "reset_statistics"),
    ControlRoute("GET", "awkward", "habits"),
    ControlRoute("POST", "awkward", "behave"),
    ControlRoute("POST", "awkward/reset", "behave_well"),
    ControlRoute("GET", "clock", "clock"),
    ControlRoute("POST", "clock", "set_clock"),
    ControlRoute("GET", "jobs", "jobs"),
    ControlRoute("POST", "jobs/change", "change"),
    ControlRoute("POST", "jobs/duplicate", "duplicate"),
    ControlRoute("POST", "jobs/delete", "delete"),
    ControlRoute("GET", "journal", "journal"),
    ControlRoute("POST", "journal", "insert_rows"),
    ControlRoute("POST", "seed", "seed"),
    ControlRoute("GET", "export", "export"),
    ControlRoute("POST", "import", "import_all"),
    ControlRoute("POST", "reset", "reset"),
)


class NotJsonError(Exception):
    """A POST that does not come as JSON."""


def endpoints(twin: Twin) -> Starlette:
    """Return the application that answers what is not one of the three operations of *twin*."""
    control_api = ControlApi(twin)
    routes = [
        Route(f"/_twin/{one.path}", _answering(twin, getattr(control_api, one.act), one.method), methods=[one.method])
        for one in ROUTES
    ]
    routes += [Route(path, _file(name, kind), methods=["GET"]) for path, (name, kind) in _PAGE.items()]
    routes.append(Route("/openapi.json", _openapi, methods=["GET"]))
    errors: dict[Any, Any] = {
        SettingError: _refused(400),
        NotJsonError: _refused(415),
        admin.NoJobError: _refused(404),
        ServiceError: _refused(500),
    }
    return Starlette(routes=routes, exception_handlers=errors)


class ControlApi:
    """What can be read from, and changed in, *twin* without the service's API; each method takes and returns JSON."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def statistics(self, _values: Values) -> object:
        """Requests by operation, highest concurrency, saves per key."""
        return self._twin.statistics.as_json()

    def habits(self, _values: Values) -> object:
        """The awkward habits."""
        return self._twin.habits.as_json()

    def clock(self, _values: Values) -> object:
        """The time on the clock, its speed, and the zone in which crons fire."""
        now = from_ms(self._twin.now_ms(), self._twin.zone)
        return {
            "now": now.isoformat(timespec="milliseconds"),
            "speed": self._twin.clock.speed,
            "timezone": self._twin.settings.timezone,
        }

    def jobs(self, values: Values) -> object:
        """The jobs of ``?tenant=``; ``find=`` narrows to codes and names that hold it, ``from=`` skips some."""
        sought, start = values.get("find", "").casefold(), _count(values.get("from", "0"))
        found = [
            job
            for job in self._twin.jobs.of(values.get("tenant", ""))
            if sought in job.code.casefold() or sought in job.name.casefold()
        ]
        shown = found[start : start + _SHOWN] if "from" in values else found
        return {"count": len(found), "jobs": [admin.described(self._twin, job) for job in shown]}

    def overview(self, values: Values) -> object:
        """The content of the page: clock, counts, tenants and the newest fires."""
        twin = self._twin
        return {
            "clock": self.clock(values),
            "requests": twin.statistics.total,
            "fires": twin.statistics.fires,
            "tenants": twin.jobs.tenants(),
            "recent": admin.recent_fires(twin),
        }

    def journal(self, values: Values) -> object:
        """The newest rows of ``?tenant=`` and ``jobinfoid=``."""
        total, rows = self._twin.history(values.get("tenant", ""), values.get("jobinfoid", ""), 1, _SHOWN)
        return {"count": total, "rows": rows}

    def export(self, _values: Values) -> object:
        """All jobs and journals."""
        return admin.export_all(self._twin)

    async def reset_statistics(self, _values: Values) -> object:
        """Reset the counts."""
        self._twin.statistics.reset()
        return {}

    async def behave(self, values: Values) -> object:
        """Set the habits that are given, by name; durations are numbers of seconds."""
        self._twin.behave(self._twin.habits.changed(values))
        return self._twin.habits.as_json()

    async def behave_well(self, _values: Values) -> object:
        """Switch all habits off."""
        self._twin.behave(Habits())
        return self._twin.habits.as_json()

    async def set_clock(self, values: Values) -> object:
        """Set the clock to ``now``, change its ``speed``, or ``advance`` it (``7d``), firing what is due on the way."""
        _check_names(values, "now", "speed", "advance")
        speed = values.get("speed")
        if speed is not None and (
            isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0 <= speed < 1e9
        ):
            raise SettingError(f"speed is {speed!r}, and must be a number from 0")
        now = instant_ms(_text(values, "now")) if "now" in values else None
        span = span_ms(_text(values, "advance")) if "advance" in values else None
        if now is not None or speed is not None:
            self._twin.set_clock(now, speed)
        if span is not None:
            await self._twin.advance(span)
        return self.clock(values)

    async def change(self, values: Values) -> object:
        """Change ``name``, ``cron``, ``status`` of a ``code`` of a ``tenant``: all rows, or one ``jobinfoid``."""
        _check_names(values, "tenant", "code", "jobinfoid", "name", "cron", "status")
        status = values.get("status", "enable")
        if status not in {"enable", "disable"}:
            raise SettingError(f"status is {status!r}, and must be enable or disable")
        name, cron = (_text(values, key) if key in values else None for key in ("name", "cron"))
        jobs = self._jobs_of(values)
        for job in jobs:
            self._twin.change(job, name=name, cron=cron, enabled=status == "enable" if "status" in values else None)
        return {"changed": len(jobs)}

    async def duplicate(self, values: Values) -> object:
        """Add a second row of a ``code`` of a ``tenant``."""
        return {"jobinfoid": admin.duplicate(self._twin, _text(values, "tenant"), _text(values, "code"))}

    async def delete(self, values: Values) -> object:
        """Delete a ``code`` of a ``tenant``: all rows, or one ``jobinfoid``."""
        jobs = self._jobs_of(values)
        self._twin.remove(jobs)
        return {"deleted": len(jobs)}

    async def insert_rows(self, values: Values) -> object:
        """Write ``rows`` for a ``code`` of a ``tenant``: ``fired``, ``took_ms``, ``exedes``, what else is to show."""
        rows = values.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SettingError("rows must be a list of objects")
        return {"inserted": admin.insert_rows(self._twin, _text(values, "tenant"), _text(values, "code"), rows)}

    async def seed(self, values: Values) -> object:
        """Add the jobs of a seed: ``{"tenants": {"acme": [{"code", "name", "cron"}]}}``."""
        return {"jobs": admin.seed(self._twin, values)}

    async def import_all(self, values: Values) -> object:
        """Replace everything by an export."""
        return {"jobs": admin.import_all(self._twin, values)}

    async def reset(self, _values: Values) -> object:
        """Delete everything."""
        self._twin.clear()
        return {}

    def _jobs_of(self, values: Values) -> list[Job]:
        return admin.jobs_of(self._twin, _text(values, "tenant"), _text(values, "code"), values.get("jobinfoid"))


def _answering(twin: Twin, act: Any, method: str) -> Callable[[Request], Awaitable[Response]]:
    return _reading(act) if method == "GET" else _acting(twin, act)


def _reading(read: Callable[[Values], object]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return _json(read(request.query_params))

    return answer


def _acting(twin: Twin, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise NotJsonError("the twin is steered by JSON: send Content-Type: application/json")
        body = await request.body()
        try:
            # A large import is parsed in another thread, so that firing goes on.
            values = await run_in_threadpool(read_json, body) if body else {}
        except ValueError as error:
            raise SettingError(f"the body is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise SettingError("the body is not a JSON object")
        result = await act(values)
        await twin.flushed()
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


def _check_names(values: Values, *known: str) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingError(f"{unknown[0]!r} is unknown here; known are {', '.join(known)}")


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise SettingError(f"{name} is {value!r}, and must be a text")
    return value


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0

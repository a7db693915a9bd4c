"""A scheduling service in a few lines, over real HTTP, that a test can make misbehave in any way."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconcile.service.system_clock import SystemClock

Answer = tuple[int, bytes]
Hook = Callable[[str, dict[str, Any]], Answer | None]


def rows(*found: dict[str, str]) -> Answer:
    return 200, json.dumps({"resp_data": list(found)}, ensure_ascii=False).encode()


def nothing(_: str, __: dict[str, Any]) -> Answer | None:
    return None


class Service:
    """Jobs by tenant and code. *hook* may answer a request, given as tenant and body, in the service's place."""

    def __init__(self) -> None:
        self.jobs: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.saves: list[tuple[str, str, str, str]] = []
        self.queries: list[tuple[str, list[str]]] = []
        self.hook: Hook = nothing
        # What is added to the clock of the replies' Date; or a text that stands there.
        self.date: timedelta | str = timedelta()
        self.url = ""
        self._lock = threading.Lock()

    def put(self, tenant: str, code: str, *crons: str, status: str = "enable") -> None:
        self.jobs[tenant, code] = [
            {"jobinfoid": f"{code}-{at}", "cronexpression": cron, "bizcode": code, "jobstatus": status}
            for at, cron in enumerate(crons)
        ]

    def answer(self, tenant: str, body: dict[str, Any]) -> Answer:
        with self._lock:
            hooked = self.hook(tenant, body)
            if hooked is not None:
                return hooked
            if "codes" in body:
                codes = body["codes"].split(",")
                self.queries.append((tenant, codes))
                return rows(*(row for code in codes for row in self.jobs.get((tenant, code), [])))
            wanted = body["xw_quartz"]
            if wanted["opttype"] == "save":
                return self.save(tenant, wanted)
            page = {"pageSize": 10, "pageIndex": 1, "resultCount": 0, "pageCount": 0, "data": []}
            return 200, json.dumps({"resp_data": {"quartz_list": page}}).encode()

    def save(self, tenant: str, wanted: dict[str, str]) -> Answer:
        """Do what a save asks for; for a hook that then answers otherwise."""
        code, cron = wanted["bizcode"], wanted["cronexpression"]
        self.saves.append((tenant, code, cron, wanted["jobname"]))
        live = self.jobs.get((tenant, code))
        if live:
            live[0]["cronexpression"] = cron
        else:
            self.put(tenant, code, cron)
        return 200, json.dumps({"resp_data": {"group_job_id": f"{code}-0"}}).encode()


def history(fires: Callable[[], list[datetime]]) -> Hook:
    """Return a hook that shows *fires*, newest first, in the history of each job."""

    def hook(_: str, body: dict[str, Any]) -> Answer | None:
        wanted = body.get("xw_quartz", {})
        if wanted.get("opttype") != "quaryjournal":
            return None
        found = [_fire_of(wanted["jobinfoid"], at) for at in fires()]
        page = {"pageSize": 10, "pageIndex": 1, "resultCount": len(found), "pageCount": 1, "data": found}
        return 200, json.dumps({"resp_data": {"quartz_list": page}}).encode()

    return hook


def _fire_of(job_id: str, moment: datetime) -> dict[str, object]:
    said = f"{moment:%Y-%m-%dT%H:%M:%S.000+0000}"
    return {
        "triggerid": f"t{job_id}-{said}",
        "jobinfoid": job_id,
        "exestarttime": said,
        "exedes": "",
        "exestatus": "success",
        "triggerstatus": "success",
        "exetotaltime": 1,
        "dynamicid": "1",
        "triggertime": said,
        "updatetime": said,
        "runtype": "trigger",
    }


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer, written in two parts, waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = service.answer(self.headers["tecode"], body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def date_time_string(self, timestamp: float | None = None) -> str:
            if isinstance(service.date, str):
                return service.date
            # The clock of the run that asks, also where a test sets that.
            return format_datetime(SystemClock(threading.Event()).now() + service.date, usegmt=True)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Clients that are stopped leave in mid-answer."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

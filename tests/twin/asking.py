"""A client for the tests that is not the product's: what goes out is what the test says."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

QUERY = "/task/quartz/queryjobstatus"
JOB = "/task/quartz/bizcronjob"
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NIGHTLY = "0 0 2 * * ?"


class Client:
    """Asks the twin at *url* for one tenant, over one connection."""

    def __init__(self, url: str, tenant: str | None = "acme") -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.headers = {"Content-Type": "application/json"} | ({} if tenant is None else {"tecode": tenant})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        told = body if isinstance(body, (bytes, type(None))) else json.dumps(body, ensure_ascii=False).encode()
        self.connection.request(method, path, told, self.headers | headers)
        return self.connection.getresponse()

    def post(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        reply = self.ask("POST", path, body, **headers)
        return reply.status, json.loads(reply.read())

    def query(self, *codes: str) -> list[Any]:
        return self.post(QUERY, {"codes": ",".join(codes), "jobtype": ""})[1]["resp_data"]

    def save(self, code: str, cron: str = NIGHTLY, name: str = "a job") -> Any:
        asked = {"opttype": "save", "jobname": name, "cronexpression": cron, "bizcode": code}
        return self.post(JOB, {"xw_quartz": asked})[1]

    def saved(self, code: str, cron: str = NIGHTLY) -> str:
        return self.save(code, cron)["resp_data"]["group_job_id"]

    def history(self, job_id: str, page: object = 1, size: object = 10) -> dict[str, Any]:
        asked = {"opttype": "quaryjournal", "jobinfoid": job_id, "pageindex": page, "pagesize": size}
        return self.post(JOB, {"xw_quartz": asked})[1]["resp_data"]["quartz_list"]

    def get(self, path: str) -> Any:
        return json.loads(self.ask("GET", path).read())

    def close(self) -> None:
        self.connection.close()

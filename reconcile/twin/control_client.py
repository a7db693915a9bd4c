"""The client of a twin's control API, for `reconcile twin ctl`; it needs the standard library alone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from reconcile.errors import ServiceError, SettingError

_TIMEOUT_SECONDS = 600.0


class TwinControl:
    """The twin at *url*. Spans are texts such as ``7d`` or ``20ms``, instants ISO 8601 with an offset.

    Every method raises ServiceError when the twin cannot be reached or refuses, in its words.

    Raises:
        SettingError: *url* is not one of http.
    """

    def __init__(self, url: str, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise SettingError(f"{url!r} is not the URL of a twin, such as http://127.0.0.1:8001")
        self._url = url
        self._host, self._port = parts.hostname, parts.port
        self._timeout = timeout_seconds

    def statistics(self) -> dict[str, Any]:
        """Return requests by operation, codes asked for, fires, highest concurrency, and saves by tenant and code."""
        return self._ask("GET", "statistics")

    def reset_statistics(self) -> None:
        """Reset the counts."""
        self._ask("POST", "statistics/reset", {})

    def habits(self) -> dict[str, Any]:
        """Return the habits and their values."""
        return self._ask("GET", "awkward")

    def behave(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Change the habits that *values* name, leave the others, and return them all."""
        return self._ask("POST", "awkward", values)

    def behave_well(self) -> dict[str, Any]:
        """Switch all habits off, and return them."""
        return self._ask("POST", "awkward/reset", {})

    def clock(self) -> dict[str, Any]:
        """Return the time on the twin's clock (ISO 8601), its speed, and the zone in which crons fire."""
        return self._ask("GET", "clock")

    def set_clock(
        self, *, now: str | None = None, speed: float | None = None, advance: str | None = None
    ) -> dict[str, Any]:
        """Set the clock, change its speed, advance it; return it once everything due on the way has fired."""
        values = {"now": now, "speed": speed, "advance": advance}
        return self._ask("POST", "clock", {name: value for name, value in values.items() if value is not None})

    def jobs(self, tenant: str) -> list[dict[str, Any]]:
        """Return the jobs of *tenant*: code, name, cron, status, jobinfoid, next_fire and fires."""
        found: list[dict[str, Any]] = self._ask("GET", f"jobs?{urlencode({'tenant': tenant})}")["jobs"]
        return found

    def change(
        self,
        tenant: str,
        code: str,
        *,
        job_id: str | None = None,
        name: str | None = None,
        cron: str | None = None,
        status: str | None = None,
    ) -> int:
        """Change all rows of *code*, or the one with *job_id*, and return how many; *status* is enable or disable."""
        values = {"jobinfoid": job_id, "name": name, "cron": cron, "status": status}
        given = {key: value for key, value in values.items() if value is not None}
        return int(self._ask("POST", "jobs/change", {"tenant": tenant, "code": code, **given})["changed"])

    def duplicate(self, tenant: str, code: str) -> str:
        """Add a second row like the first of *code*, and return its jobinfoid."""
        return str(self._ask("POST", "jobs/duplicate", {"tenant": tenant, "code": code})["jobinfoid"])

    def delete(self, tenant: str, code: str, *, job_id: str | None = None) -> int:
        """Delete all rows of *code*, or the one with *job_id*, and return how many."""
        values = {"tenant": tenant, "code": code} | ({} if job_id is None else {"jobinfoid": job_id})
        return int(self._ask("POST", "jobs/delete", values)["deleted"])

    def insert_rows(self, tenant: str, code: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Write journal rows: each has ``fired``, perhaps ``took_ms`` and ``exedes``, and fields shown as they are."""
        values = {"tenant": tenant, "code": code, "rows": list(rows)}
        return int(self._ask("POST", "journal", values)["inserted"])

    def seed(self, document: Mapping[str, object]) -> int:
        """Add the jobs of a seed, and return how many."""
        return int(self._ask("POST", "seed", document)["jobs"])

    def export(self) -> dict[str, Any]:
        """Return all jobs and journals."""
        return self._ask("GET", "export")

    def import_all(self, document: Mapping[str, object]) -> int:
        """Replace all jobs and journals by those of an export, and return how many jobs there are."""
        return int(self._ask("POST", "import", document)["jobs"])

    def reset(self) -> None:
        """Delete all jobs and journals."""
        self._ask("POST", "reset", {})

    def _ask(self, method: str, path: str, values: Mapping[str, object] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        body = None if values is None else json.dumps(values, ensure_ascii=False).encode()
        try:
            connection.request(method, f"/_twin/{path}", body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            document = json.loads(reply.read())
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(
                f"the twin at {self._url} does not answer: {error}",
                hint="`reconcile twin` starts one; --url names another",
            ) from error
        except ValueError as error:
            raise ServiceError(f"what answers at {self._url} is not a twin") from error
        finally:
            connection.close()
        if reply.status != http.client.OK or not isinstance(document, dict):
            refusal = document if isinstance(document, dict) else {}
            raise ServiceError(
                f"the twin refuses: {refusal.get('error', f'HTTP {reply.status}')}", hint=refusal.get("hint")
            )
        return document

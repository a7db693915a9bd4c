"""The jobs of all tenants, and the row of each code as the bytes that a query answers with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconcile.twin.journal import Journal

_FIRST_ID = 1_300_000_000_000_000_000
_LAST_ID = 9_000_000_000_000_000_000
_DIGITS = len(str(_FIRST_ID))


def compact(value: object) -> bytes:
    """Return *value* as JSON without blanks, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read_json(body: bytes) -> object:
    """Return what JSON says.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or holds text that is not Unicode (half of a pair).
    """
    try:
        document = json.loads(body)
        # Only an escape can hold half a pair, which could be written into no reply and no file.
        if b"\\ud" in body or b"\\uD" in body:
            compact(document)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return document


class Ids:
    """Numbers of 19 digits, each given out once."""

    def __init__(self) -> None:
        self._next = _FIRST_ID

    def block(self, count: int = 1) -> int:
        """Return the first of *count* consecutive new numbers."""
        first = self._next
        self._next += count
        return first

    def passed(self, number: int) -> None:
        """Never give out *number* or a smaller one again."""
        self._next = max(self._next, number + 1)

    def taken(self, text: str) -> None:
        """Never give out the id *text*, which was chosen elsewhere, if it is one that could be given out."""
        if text.isdecimal() and len(text) == _DIGITS and int(text) < _LAST_ID:
            self.passed(int(text))


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """The definition of a job: its tenant and code, its name, its cron, and whether it is enabled."""

    tenant: str
    code: str
    name: str
    cron: str
    enabled: bool = True


class Job:
    """One row of a tenant. *serial* is the twin's own key; fires up to *base_ms* are done or are not made up for."""

    __slots__ = ("base_ms", "code", "cron", "enabled", "job_id", "journal", "name", "next_ms", "serial", "tenant")

    def __init__(self, serial: int, job_id: str, definition: JobDefinition, *, base_ms: int) -> None:
        self.serial = serial
        self.job_id = job_id
        self.tenant = definition.tenant
        self.code = definition.code
        self.name = definition.name
        self.cron = definition.cron
        self.enabled = definition.enabled
        self.base_ms = base_ms
        self.next_ms: int | None = None
        self.journal: Journal | None = None

    def __lt__(self, other: Job) -> bool:
        """Order by serial: the scheduler's heap may hold a job twice."""
        return self.serial < other.serial

    def log(self) -> Journal:
        """Return the job's journal, and begin one if there is none yet."""
        if self.journal is None:
            self.journal = Journal()
        return self.journal


class _Tenant:
    """The jobs of one tenant, in the order of their creation, and the rows of each code as bytes."""

    __slots__ = ("by_code", "by_id", "count", "rows")

    def __init__(self) -> None:
        self.count = 0
        self.by_code: dict[str, list[Job]] = {}
        self.by_id: dict[str, Job] = {}
        self.rows: dict[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class RowStyle:
    """How rows are written: *inactive_word* is the status of a disabled job; *ids* are texts or numbers; *jobstatus* is
    a word, a number or a boolean."""

    inactive_word: str = "disable"
    ids: str = "text"
    jobstatus: str = "word"

    def id(self, text: str) -> str | int:
        """Return an id as JSON shows it: as a number if it is one and *ids* are numbers."""
        return int(text) if self.ids == "number" and _NUMBER.fullmatch(text) else text

    def status(self, job: Job) -> str | int | bool:
        """Return the status of *job* as JSON shows it."""
        if self.jobstatus == "word":
            return "enable" if job.enabled else self.inactive_word
        return job.enabled if self.jobstatus == "boolean" else int(job.enabled)

    def row(self, job: Job) -> bytes:
        """Return the row of *job* in the answer to a query."""
        return compact(
            {
                "jobinfoid": self.id(job.job_id),
                "cronexpression": job.cron,
                "bizcode": self.id(job.code),
                "jobstatus": self.status(job),
            }
        )


# Another spelling of a number would come back as another id.
_NUMBER = re.compile("0|[1-9][0-9]{0,63}")


class JobTable:
    """All jobs, by tenant and behaviour code."""

    def __init__(self, style: RowStyle = RowStyle()) -> None:
        self._tenants: dict[str, _Tenant] = {}
        self.style = style
        self.ids = Ids()

    def __len__(self) -> int:
        return sum(one.count for one in self._tenants.values())

    def __iter__(self) -> Iterator[Job]:
        for tenant in self._tenants:
            yield from self.of(tenant)

    def tenants(self) -> dict[str, int]:
        """Return the tenants that have jobs, sorted, and how many each has."""
        return {name: one.count for name, one in sorted(self._tenants.items()) if one.count}

    def of(self, tenant: str) -> list[Job]:
        """Return the jobs of *tenant* in the order of their codes' first appearance."""
        of_tenant = self._tenants.get(tenant)
        return [] if of_tenant is None else [job for jobs in of_tenant.by_code.values() for job in jobs]

    def find(self, tenant: str, code: str) -> list[Job]:
        """Return the jobs of *code*: none, one, or duplicates."""
        of_tenant = self._tenants.get(tenant)
        return [] if of_tenant is None else list(of_tenant.by_code.get(code, ()))

    def by_id(self, tenant: str, job_id: str) -> Job | None:
        """Return the job of *tenant* with *job_id*."""
        of_tenant = self._tenants.get(tenant)
        return None if of_tenant is None else of_tenant.by_id.get(job_id)

    def rows(self, tenant: str) -> dict[str, bytes]:
        """Return the rows of *tenant* by code, as JSON; the caller must not change them."""
        of_tenant = self._tenants.get(tenant)
        return {} if of_tenant is None else of_tenant.rows

    def put(self, job: Job) -> None:
        """Add *job*, or update its row after a change."""
        of_tenant = self._tenants.setdefault(job.tenant, _Tenant())
        jobs = of_tenant.by_code.setdefault(job.code, [])
        if job not in jobs:
            jobs.append(job)
            of_tenant.count += 1
        of_tenant.by_id[job.job_id] = job
        self._write_rows(of_tenant, job.code)

    def remove(self, job: Job) -> None:
        """Remove *job*."""
        of_tenant = self._tenants[job.tenant]
        jobs = of_tenant.by_code[job.code]
        jobs.remove(job)
        of_tenant.count -= 1
        if of_tenant.by_id.get(job.job_id) is job:
            del of_tenant.by_id[job.job_id]
        if not jobs:
            del of_tenant.by_code[job.code]
        self._write_rows(of_tenant, job.code)

    def clear(self) -> None:
        """Remove all jobs; ids continue where they were."""
        self._tenants.clear()

    def set_style(self, style: RowStyle) -> None:
        """Write rows in *style* from now on."""
        if style == self.style:
            return
        self.style = style
        for of_tenant in self._tenants.values():
            for code in of_tenant.by_code:
                self._write_rows(of_tenant, code)

    def _write_rows(self, of_tenant: _Tenant, code: str) -> None:
        jobs = of_tenant.by_code.get(code)
        if jobs is None:
            of_tenant.rows.pop(code, None)
            return
        of_tenant.rows[code] = b",".join(map(self.style.row, jobs))

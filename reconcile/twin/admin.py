"""What people and accidents do to a scheduler without Git, and what the service's API does not offer."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.errors import SettingError
from reconcile.twin.clock import check_instant, from_ms, instant_ms, service_time
from reconcile.twin.jobs import Job, JobDefinition
from reconcile.twin.seeds import checked_seed, seeded_jobs
from reconcile.twin.twin import Twin

# A year: no run takes longer.
_LONGEST_RUN_MS = 366 * 86_400_000


class NoJobError(LookupError):
    """There is no job of this tenant, code or id."""


def jobs_of(twin: Twin, tenant: str, code: str, job_id: str | None = None) -> list[Job]:
    """Return the jobs of *code*, or only the one with *job_id*.

    Raises:
        NoJobError: there is none.
    """
    found = [job for job in twin.jobs.find(tenant, code) if job_id in (None, job.job_id)]
    if not found:
        raise NoJobError(f"tenant {tenant} has no job of code {code}" + (f" and id {job_id}" if job_id else ""))
    return found


def seed(twin: Twin, document: object) -> int:
    """Add the jobs of a seed, and return how many there are.

    Raises:
        SettingError: it is not a seed, or gives a job an id that another has.
    """
    tenants = checked_seed(document)
    for tenant, entries in tenants.items():
        for job_id in (entry["jobinfoid"] for entry in entries if "jobinfoid" in entry):
            if twin.jobs.by_id(tenant, job_id) is not None:
                raise SettingError(f"tenant {tenant} already has a job with the jobinfoid {job_id}")
    jobs = seeded_jobs(tenants, twin.jobs.ids, twin.now_ms())
    twin.add(jobs)
    return len(jobs)


def duplicate(twin: Twin, tenant: str, code: str) -> str:
    """Add a second row like the first one of *code*, and return its id.

    Raises:
        NoJobError: there is none.
    """
    job = jobs_of(twin, tenant, code)[0]
    return twin.create(JobDefinition(tenant, code, job.name, job.cron, enabled=job.enabled)).job_id


def insert_rows(twin: Twin, tenant: str, code: str, rows: list[Mapping[str, object]]) -> int:
    """Write journal rows for the first job of *code*, and return how many there are.

    A row needs ``fired`` (an ISO 8601 instant with its offset); ``took_ms`` and ``exedes`` may be given, and any other
    field shows as it is.

    Raises:
        NoJobError: there is no such job.
        SettingError: a row is malformed.
    """
    job = jobs_of(twin, tenant, code)[0]
    read = [_row(row) for row in rows]
    for fired, took, text, extra in read:
        twin.add_row(job, fired, took, text, extra)
    return len(read)


def described(twin: Twin, job: Job) -> dict[str, object]:
    """Return *job* as JSON, with its name and its next fire, which the service's API does not return."""
    return {
        "code": job.code,
        "name": job.name,
        "cron": job.cron,
        "status": "enable" if job.enabled else "disable",
        "jobinfoid": job.job_id,
        "next_fire": None if job.next_ms is None else from_ms(job.next_ms, twin.zone).isoformat(),
        "fires": 0 if job.journal is None else len(job.journal),
    }


def recent_fires(twin: Twin) -> list[dict[str, object]]:
    """Return the newest fires of all tenants as JSON, newest first."""
    return [
        {
            "fired": from_ms(fired, twin.zone).isoformat(),
            "tenant": job.tenant,
            "code": job.code,
            "name": job.name,
            "jobinfoid": job.job_id,
        }
        for fired, _trigger, job in twin.recent_fires.newest()
    ]


def export_all(twin: Twin) -> dict[str, object]:
    """Return all jobs and journals as JSON; `import_all` adds them again, in this or another twin."""
    tenants: dict[str, list[dict[str, object]]] = {}
    for name in twin.jobs.tenants():
        tenants[name] = [_exported(job) for job in twin.jobs.of(name)]
    return {"format_version": "1", "now": service_time(twin.now_ms()), "tenants": tenants}


def import_all(twin: Twin, document: object) -> int:
    """Replace all jobs and journals by those of an export (or a seed), and return how many jobs there are.

    Raises:
        SettingError: it is neither of them; nothing was changed.
    """
    tenants = checked_seed(_without_journals(document))
    jobs = seeded_jobs(tenants, twin.jobs.ids, twin.now_ms())
    entries = [entry for entries in document["tenants"].values() for entry in entries]  # type: ignore[index]
    journals = [[_exported_row(row) for row in entry.get("journal", ())] for entry in entries]
    for job, rows in zip(jobs, journals, strict=True):
        for fired, took, text, extra in rows:
            job.log().insert(twin.jobs.ids.block(), fired, took, text, extra)
    twin.clear()
    twin.add(jobs)
    return len(jobs)


def _exported(job: Job) -> dict[str, object]:
    entry: dict[str, object] = {
        "code": job.code,
        "name": job.name,
        "cron": job.cron,
        "status": "enable" if job.enabled else "disable",
        "jobinfoid": job.job_id,
    }
    if job.journal is not None:
        entry["journal"] = [[fired, took, text, extra] for _, fired, took, text, extra in job.journal.rows()]
    return entry


def _without_journals(document: object) -> object:
    """Return *document* without journals, so that it can be checked as a seed."""
    if not isinstance(document, dict) or not isinstance(document.get("tenants"), dict):
        return document
    return {
        "tenants": {
            tenant: [
                {name: value for name, value in entry.items() if name != "journal"}
                if isinstance(entry, dict)
                else entry
                for entry in entries
            ]
            if isinstance(entries, list)
            else entries
            for tenant, entries in document["tenants"].items()
        }
    }


_Row = tuple[int, int, str, dict[str, object]]


def _exported_row(row: object) -> _Row:
    """A journal row of an export: when it was fired, how long it took (both in milliseconds), text and fields."""
    if isinstance(row, list) and len(row) == 4:
        fired, took, text, extra = row
        if isinstance(fired, int) and isinstance(text, str) and isinstance(extra, dict):
            return check_instant(fired), _run_ms(took), text, extra
    raise SettingError(f"the journal row {row!r} is not one of an export")


def _row(row: Mapping[str, object]) -> _Row:
    extra = dict(row)
    fired, took, text = extra.pop("fired", None), extra.pop("took_ms", 0), extra.pop("exedes", "")
    if not isinstance(fired, str):
        raise SettingError("the journal row lacks its instant fired, such as 2026-01-05T00:00:00Z")
    instant = instant_ms(fired)
    if not isinstance(text, str):
        raise SettingError(f"the exedes of the journal row is {text!r}, and must be a text")
    return instant, _run_ms(took), text, extra


def _run_ms(took: object) -> int:
    if isinstance(took, bool) or not isinstance(took, int) or not 0 <= took <= _LONGEST_RUN_MS:
        raise SettingError(f"a run took {took!r} ms in the journal row, and must take a whole number of them, from 0")
    return took

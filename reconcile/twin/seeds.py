"""A seed: the jobs that a twin starts with, as a JSON file.

    {"tenants": {"acme": [{"code": "1", "name": "orders", "cron": "0 0 2 * * ?", "status": "disable"}]}}

``status`` and ``jobinfoid`` may be left out. Two entries of one code are two rows. Crons are taken as they are: a seed
may hold what Quartz would refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from reconcile.errors import SettingError
from reconcile.twin.jobs import Ids, Job, JobDefinition, read_json

_NEEDED = ("code", "name", "cron")
_KNOWN = {*_NEEDED, "status", "jobinfoid"}


def read_seed(path: Path) -> Mapping[str, list[Mapping[str, str]]]:
    """Return the jobs of the file at *path*, by tenant.

    Raises:
        SettingError: it cannot be read, or is not a seed.
    """
    try:
        document = read_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingError(f"the seed {path} cannot be read: {error}") from error
    try:
        return checked_seed(document)
    except SettingError as error:
        raise SettingError(f"the seed {path} is not one: {error.message}") from error


def checked_seed(document: object) -> Mapping[str, list[Mapping[str, str]]]:
    """Return the jobs of a seed that was read from JSON, by tenant.

    Raises:
        SettingError: its shape is not that of the module's docstring.
    """
    tenants = document.get("tenants") if isinstance(document, dict) else None
    if not isinstance(tenants, dict):
        raise SettingError('it has no object "tenants"')
    for tenant, jobs in tenants.items():
        if not tenant.strip() or not isinstance(jobs, list):
            raise SettingError(f"tenant {tenant!r} must have a name, and be a list of jobs")
        for number, job in enumerate(jobs, start=1):
            _check(job, f"job {number} of tenant {tenant}")
        ids = Counter(job["jobinfoid"] for job in jobs if "jobinfoid" in job)
        twice = [job_id for job_id, count in ids.items() if count > 1]
        if twice:
            raise SettingError(f"two jobs of tenant {tenant} have the jobinfoid {twice[0]}")
    return tenants


def seeded_jobs(tenants: Mapping[str, list[Mapping[str, str]]], ids: Ids, now_ms: int) -> list[Job]:
    """Return the jobs of a checked seed, with new ids for those without one."""
    seeded = []
    for tenant, jobs in tenants.items():
        for job in jobs:
            serial = ids.block()
            enabled = job.get("status", "enable") == "enable"
            job_id = job.get("jobinfoid") or str(serial)
            ids.taken(job_id)
            definition = JobDefinition(tenant, job["code"], job["name"], job["cron"], enabled=enabled)
            seeded.append(Job(serial, job_id, definition, base_ms=now_ms))
    return seeded


def _check(job: object, place: str) -> None:
    if not isinstance(job, dict):
        raise SettingError(f"{place} is not an object")
    for name in _NEEDED:
        if not isinstance(job.get(name), str) or not job[name]:
            raise SettingError(f"{place} lacks its text {name!r}")
    for name, value in job.items():
        if name not in _KNOWN or not isinstance(value, str):
            raise SettingError(f"{place} has {name!r}, which is unknown or not a text")
    if job.get("status", "enable") not in {"enable", "disable"}:
        raise SettingError(f"{place} has the status {job['status']!r}, and may have enable or disable")

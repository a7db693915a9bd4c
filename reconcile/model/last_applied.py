"""Last applied: what was saved for each key and verified, and where that is known from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LastAppliedSource(StrEnum):
    """Where last applied was taken from."""

    LEDGER = "ledger"
    GIT = "git"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was last applied to a key, verified at the time. *cron* is what was saved: that of parking for a parked key.

    *job_ids* are all that its jobs were seen to have; *run* is the run that applied it, *revision* the commit. Where
    Git is the source there are no ids and no run.
    """

    cron: str
    name: str
    job_ids: tuple[str, ...] = ()
    run: str | None = None
    revision: str | None = None

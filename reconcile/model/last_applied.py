"""Last applied: what was saved for each key and verified, and where that is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule

TWO_WAY = "no last applied: two-way, no orphans, no lock"


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


@dataclass(frozen=True, slots=True)
class LastApplied:
    """What was last applied in one environment, *by_key*, as *source* knows it.

    *removed* is what no file declares any more, each to be parked. *only_in_git* are those keys of *by_key* that the
    ledger lacks. *assumptions* say what *source* cannot know.
    """

    source: LastAppliedSource = LastAppliedSource.NONE
    by_key: Mapping[Key, Applied] = field(default_factory=dict)
    removed: Mapping[Key, Schedule] = field(default_factory=dict)
    assumptions: tuple[str, ...] = (TWO_WAY,)
    only_in_git: frozenset[Key] = frozenset()


NO_LAST_APPLIED = LastApplied()

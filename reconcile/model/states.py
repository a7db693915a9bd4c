"""The live side of a key, and the words for how it stands to what Git wants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from reconcile.model.rules import Rule


class Verdict(StrEnum):
    """How desired, last applied and live stand to one another; the first that fits, in this order."""

    UNREADABLE = "unreadable"
    ORPHAN = "orphan"
    VANISHED = "vanished"
    NEVER_APPLIED = "never-applied"
    IN_SYNC = "in-sync"
    CONVERGED = "converged"
    PENDING = "pending"
    DRIFTED = "drifted"
    CONFLICTING = "conflicting"


class Condition(StrEnum):
    """What is out of the ordinary on the live side, whatever the verdict."""

    INACTIVE = "inactive"
    PARKED = "parked"
    DUPLICATE = "duplicate"
    UNPARSEABLE = "unparseable"


class Action(StrEnum):
    """What a save would do to a key."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    PARK = "park"
    ENABLE = "enable"


class LastAppliedSource(StrEnum):
    """Where last applied was taken from."""

    LEDGER = "ledger"
    GIT = "git"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One row of a status query. *job_id*, *cron* and *status* are the service's own text; *active* is how the
    environment's ``active_status`` reads *status*."""

    job_id: str
    cron: str
    status: str
    active: bool = True

    @property
    def may_be_active(self) -> bool:
        """Whether it is inactive for a number or a boolean, which ``active_status`` may merely not name."""
        return not self.active and (self.status in ("true", "false") or self.status.isdecimal())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a key could not be read. It is never the same as absent. *rule* says why, and *message* in full."""

    rule: Rule
    message: str
    hint: str | None = None


Rows: TypeAlias = tuple[LiveRow, ...]
"""The rows that the service holds for a key: none when it is absent, several when it is `duplicate`."""

Live: TypeAlias = Rows | Unreadable
"""What is known of the live side of a key."""


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

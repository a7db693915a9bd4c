"""A schedule, as declared and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconcile.model.keys import Key

# The service has no delete and no disable: a job that must not run is given a cron that fires once, far away.
PARKED_CRON = "0 0 0 1 1 ? 2099"


class State(StrEnum):
    """Whether a declared schedule is to fire."""

    ACTIVE = "active"
    PARKED = "parked"


class Origin(StrEnum):
    """Where it comes from that a schedule is wanted so."""

    DECLARED = "declared"
    REMOVED = "removed"
    """No file declares it any more: an orphan, and *file* is empty. It is wanted parked."""
    ROLLBACK = "rollback"
    """What was live before a run; *file* names the run."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is wanted for one key: what Git says, with sets, defaults and overrides resolved, or another *origin*.

    *cron* is plain Quartz text, *declared_cron* what the file says (they differ where it holds ``H``). *file* and
    *line* (from 1) say where the entry begins; exact columns are found again on demand.
    """

    key: Key
    name: str
    cron: str
    declared_cron: str
    file: str
    line: int
    state: State = State.ACTIVE
    owner: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False
    origin: Origin = Origin.DECLARED

    @property
    def wanted_cron(self) -> str:
        """Return the cron text that the service is to hold: the parking cron for a parked schedule."""
        return PARKED_CRON if self.state is State.PARKED else self.cron

    @property
    def where(self) -> str:
        """Return where a reader finds it: file and line, or why there are none."""
        if self.origin is Origin.REMOVED:
            return "declared nowhere"
        if self.origin is Origin.ROLLBACK:
            return f"before run {self.file}" if self.file else "before a run"
        return f"{self.file}:{self.line}"

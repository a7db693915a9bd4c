"""A history row: one run of a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PAGE_SIZE = 10
"""How many rows of a history are read at once, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One row of a job's history. Times are aware, UTC; None where the service gave none.

    *fired_at* may lie some 350 ms before the second it belongs to. *succeeded* is how the environment's
    ``success_status`` reads *run_status*; *fired* whether the scheduler fired it. *message* is the service's own text.
    """

    job_id: str
    trigger_id: str
    fired_at: datetime | None
    started_at: datetime | None
    updated_at: datetime | None
    run_status: str
    succeeded: bool
    trigger_status: str
    run_type: str
    message: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of a job's history, newest first. *index* counts from 1."""

    index: int
    size: int
    pages: int
    total: int
    executions: tuple[Execution, ...]

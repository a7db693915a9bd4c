"""The settings of a twin: where it listens, what it keeps, what it fires, and by which clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reconcile.twin.habits import Habits

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class TwinSettings:
    """What a twin is started with. Times are aware, durations are in seconds.

    *port* 0 takes a free one. *db* is the SQLite file that holds the state; without one it lives in memory. *seed* is a
    JSON file of jobs, read only by a twin that holds none yet. *timezone* is the IANA zone in which crons fire.

    The clock shows the machine's time, or starts at *clock*, and runs *speed* times as fast; 0 lets it stand until it
    is advanced. A fire calls *run_url* (``{tenant}`` and ``{code}`` are filled in), or else is a run that takes
    *run_seconds* and fails, with *failure_text*, in a share *failure_rate* of the fires. *habits*
    are those at its start; they can be changed while it runs.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    db: Path | None = None
    seed: Path | None = None
    timezone: str = "UTC"
    clock: datetime | None = None
    speed: float = 1.0
    run_url: str | None = None
    run_timeout_seconds: float = 10.0
    run_seconds: float = 0.0
    failure_rate: float = 0.0
    failure_text: str = "java.net.SocketTimeoutException: timeout"
    habits: Habits = field(default_factory=Habits)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the twin."""
        return self.host in LOOPBACK or self.host.startswith("127.")

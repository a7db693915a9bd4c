"""How a twin is started: where it listens, what it keeps, what it fires, and on whose clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reconcile.twin.awkward import Awkward

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class TwinSettings:
    """All that a twin is told at its start. Times are aware, durations are in seconds.

    *port* 0 takes a free one. *db* is the SQLite file that holds the state; without one it lives in memory. *seed* is a
    JSON file of jobs, read only by a twin that holds none yet. *timezone* is the IANA zone in which crons fire.

    The clock shows the machine's time, or starts at *clock*, and runs *speed* times as fast; 0 lets it stand until it
    is advanced. A fire calls *run_url* (``{tenant}`` and ``{code}`` are filled in), or else is a run that takes
    *run_seconds* and fails, with *failure_text*, in a share *failure_rate* of the fires. *awkward* is how awkward it is
    at first; that can be changed while it runs.
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
    awkward: Awkward = field(default_factory=Awkward)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the twin."""
        return self.host in LOOPBACK or self.host.startswith("127.")

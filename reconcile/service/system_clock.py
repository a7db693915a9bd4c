"""The clock of a real run."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

# Linux stops `time.monotonic` while a machine sleeps. A lock must be lost meanwhile.
_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Real time; a sleep ends early once *stop* is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> datetime:
        """Return the current instant, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards, and go on while the machine sleeps, where the system counts so."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        """Wait at most *seconds*; return at once when the run is stopped."""
        if seconds > 0:
            self._stop.wait(seconds)

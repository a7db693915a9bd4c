"""The rate limit: requests begin no closer together than the environment's ``rate`` allows."""

from __future__ import annotations

import threading

from reconcile.ports import Clock


class RateLimiter:
    """Spaces requests out. Safe from any thread."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._gap_seconds = 1 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until one more request may begin, or until the run is stopped."""
        if not self._gap_seconds:
            return
        with self._lock:
            now = self._clock.monotonic()
            begins = max(now, self._next)
            self._next = begins + self._gap_seconds
        if begins > now:
            self._clock.sleep(begins - now)

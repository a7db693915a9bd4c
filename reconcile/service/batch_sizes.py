"""How many codes a query may ask for, as far as this run knows."""

from __future__ import annotations

import threading


class BatchSizes:
    """The longest batch that was answered, the shortest that was refused, and how many codes were refused when asked
    for alone. All queries of a client share it; safe from any thread."""

    def __init__(self) -> None:
        self._answered = 0
        self._refused: int | None = None
        self._alone = 0
        self._lock = threading.Lock()

    @property
    def limit(self) -> int | None:
        """How many codes a new batch may hold; None while no batch was refused, or none was answered.

        It is the longest batch that was answered, or half of the shortest refused where that is more: a query for one
        code must not make all batches one code long while the limit of the service is still being searched for.
        """
        with self._lock:
            if self._refused is None or not self._answered:
                return None
            return max(self._answered, (self._refused + 1) // 2)

    @property
    def refused_alone(self) -> int:
        """How many codes were refused when asked for alone; 0 once any query was answered."""
        with self._lock:
            return 0 if self._answered else self._alone

    def add_answered(self, length: int) -> None:
        """Record that a batch of *length* codes was answered."""
        with self._lock:
            self._answered = max(self._answered, length)

    def add_refused(self, length: int) -> None:
        """Record that a batch of *length* codes was refused."""
        with self._lock:
            self._refused = length if self._refused is None else min(self._refused, length)
            self._alone += length == 1

"""How long a batch may be, as far as this run has learnt. Shared by all queries of a client; safe from any thread."""

from __future__ import annotations

import threading


class Lengths:
    """Remembers the longest batch that worked, the shortest that was refused, and the codes refused when alone."""

    def __init__(self) -> None:
        self._worked = 0
        self._refused: int | None = None
        self._alone = 0
        self._lock = threading.Lock()

    @property
    def limit(self) -> int | None:
        """Return how many codes a new batch may hold; None while none was refused, or none worked.

        It is the longest batch that worked. While the search for what was wrong with a longer one is still going on,
        half of the shortest refused is as good a guess: an earlier query for one code must not make all batches one
        code long.
        """
        with self._lock:
            if self._refused is None or not self._worked:
                return None
            return max(self._worked, (self._refused + 1) // 2)

    @property
    def refused_alone(self) -> int:
        """Return how many codes were refused when asked for alone, if no query has worked yet; else 0."""
        with self._lock:
            return 0 if self._worked else self._alone

    def worked(self, length: int) -> None:
        """Note that a batch of *length* codes was answered."""
        with self._lock:
            self._worked = max(self._worked, length)

    def refused(self, length: int) -> None:
        """Note that a batch of *length* codes was refused."""
        with self._lock:
            self._refused = length if self._refused is None else min(self._refused, length)
            self._alone += length == 1

"""Counts of the twin's requests: by operation, the highest concurrency, and saves by key."""

from __future__ import annotations

from collections import Counter


class Statistics:
    """Counts since the start or the last reset. *by_key* counts the saves that were done, by ``(tenant, code)``."""

    def __init__(self) -> None:
        self.by_operation: Counter[str] = Counter()
        self.by_key: Counter[tuple[str, str]] = Counter()
        self.codes_asked = 0
        self.fires = 0
        self.open_requests = 0
        self.highest_concurrency = 0

    def begin(self) -> None:
        """Count a request as open."""
        self.open_requests += 1
        if self.open_requests > self.highest_concurrency:
            self.highest_concurrency = self.open_requests

    def end(self) -> None:
        """Count a request as answered or given up."""
        self.open_requests -= 1

    def reset(self) -> None:
        """Reset the counts."""
        self.by_operation.clear()
        self.by_key.clear()
        self.codes_asked = 0
        self.fires = 0
        self.highest_concurrency = self.open_requests

    @property
    def total(self) -> int:
        """All requests of the three operations."""
        return self.by_operation.total()

    def as_json(self) -> dict[str, object]:
        """Return the counts as a JSON object."""
        saves: dict[str, dict[str, int]] = {}
        for (tenant, code), count in sorted(self.by_key.items()):
            saves.setdefault(tenant, {})[code] = count
        return {
            "requests": dict(sorted(self.by_operation.items())),
            "codes_asked": self.codes_asked,
            "fires": self.fires,
            "highest_concurrency": self.highest_concurrency,
            "saves": saves,
        }

"""One value for all that are equal: a large workspace says the same labels and crons a hundred thousand times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Shared:
    """Remembers the crons and labels of a run, a fifth of its memory if each entry kept its own."""

    def __init__(self) -> None:
        self._crons: dict[str, str] = {}
        self._labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def share(self, entries: Iterable[dict[str, Any]]) -> None:
        """Put the remembered value in place of each equal one of *entries*, which fit the schema."""
        crons, all_labels = self._crons, self._labels
        for entry in entries:
            cron = entry.get("cron")
            if cron is not None:
                entry["cron"] = crons.setdefault(cron, cron)
            labels = entry.get("labels")
            if labels:
                entry["labels"] = all_labels.setdefault(tuple(labels.items()), labels)

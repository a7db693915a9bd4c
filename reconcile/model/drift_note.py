"""What a drift check notes of a key that moved: how it was found, and since when it is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconcile.model.change import Change, same_rows
from reconcile.model.keys import Key
from reconcile.model.live import Rows
from reconcile.model.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class DriftNote:
    """What was noted of *key*: its verdict, its live rows, and the instant of the first check that saw it so."""

    key: Key
    verdict: Verdict
    live: Rows
    first_seen: datetime

    def fits(self, change: Change) -> bool:
        """Return whether *change*, of the same key, is as it was noted: by meaning, whatever the job ids."""
        return change.verdict is self.verdict and isinstance(change.live, tuple) and same_rows(change.live, self.live)

"""A ledger that lasts as long as the run: for tests, and for runs without a ledger."""

from __future__ import annotations

from collections.abc import Iterable

from reconcile.errors import LedgerError
from reconcile.model.outcome import Intent, Outcome


class MemoryLedger:
    """Keeps intents and outcomes in the order in which they were recorded."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self.outcomes: list[Outcome] = []

    def objection(self) -> LedgerError | None:
        """Object to nothing: it has no lock to lose."""
        return None

    def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record a wave's intents."""
        self.intents.extend(intents)

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Record a wave's outcomes."""
        self.outcomes.extend(outcomes)

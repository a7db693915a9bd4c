"""The status of an environment: what is known of it without asking its service."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.model.finding import Finding
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import ChangeRecord, Hold, Lineage, LockHolder, RunRecord
from reconcile.model.rules import Severity


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """The status of *environment*: where *last_applied* is from, and *revision*, the commit last applied as a whole.

    *lineage* is that of its ledger, None before the first run. *keys* counts what is known as applied. *runs* are the
    last ones, newest first; *runs_since* counts those that may have saved something since that commit was applied.
    *open_changes* are saves whose outcome is unknown, each with its run's id. *findings* say what could not be read,
    and what a person has to do about the ledger.
    """

    environment: str
    last_applied: LastAppliedSource
    revision: str | None
    ledger: str | None
    lineage: Lineage | None = None
    keys: int = 0
    runs: tuple[RunRecord, ...] = ()
    runs_since: int = 0
    holds: tuple[Hold, ...] = ()
    open_changes: tuple[tuple[str, ChangeRecord], ...] = ()
    lock: LockHolder | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether all could be read: notes are about something else."""
        return all(found.severity is Severity.NOTE for found in self.findings)

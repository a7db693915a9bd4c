"""One apply: what was planned, what became of each change, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.exits import Exit
from reconcile.model.finding import Finding, Refusal
from reconcile.model.ledger_records import RunStart
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.rules import LedgerRule

# Results after which the service may hold what it did not hold before.
TOUCHED = frozenset({Result.VERIFIED, Result.MISMATCHED, Result.UNKNOWN})


@dataclass(frozen=True)
class Run:
    """An apply that ended. *outcomes* holds one for each change of *plan*, sorted by key.

    *refusals* are those that applied to this run, with its overrides; one without a key means that nothing was begun,
    or, once the lock was lost, nothing more.
    *interrupted* says that a signal stopped it, *is_recorded* that the ledger took all that it was given. *start* is
    how the ledger knows it; None for a run without one.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    refusals: tuple[Refusal, ...] = ()
    findings: tuple[Finding, ...] = ()
    interrupted: bool = False
    is_recorded: bool = True
    start: RunStart | None = None

    def count(self, result: Result) -> int:
        """Return how many changes ended as *result*."""
        return sum(outcome.result is result for outcome in self.outcomes)

    @property
    def saved_something(self) -> bool:
        """Return whether this run may have changed the service."""
        return any(outcome.saves and outcome.result in TOUCHED for outcome in self.outcomes)

    @property
    def is_done(self) -> bool:
        """Return whether every selected key is as desired, as far as was asked, was read back, and is recorded."""
        verified = all(outcome.result is Result.VERIFIED for outcome in self.outcomes)
        blocked = any(attention.is_blocked for attention in self.plan.attention)
        return verified and not blocked and not self.refusals and self.plan.is_complete and self.is_recorded

    @property
    def is_ledger_gone(self) -> bool:
        """Return whether no ledger that another run reads knows this run, at least not all of it."""
        return any(finding.rule is LedgerRule.LEDGER_GONE for finding in self.findings)

    @property
    def is_lock_lost(self) -> bool:
        """Return whether this run lost its lock, and so saved nothing more."""
        return any(finding.rule is LedgerRule.LOCK_LOST for finding in self.findings)

    @property
    def exit_code(self) -> Exit:
        """Return how the run ends: an error that left nothing saved beats a guard that did."""
        if self.is_done:
            return Exit.DONE
        if self.saved_something:
            return Exit.PARTLY_SAVED
        if self.is_ledger_gone or self.is_lock_lost:
            return Exit.REFUSED
        errors = any(outcome.result in (Result.FAILED, Result.SKIPPED) for outcome in self.outcomes)
        is_error = errors or not self.plan.is_complete or not self.is_recorded
        return Exit.ERROR if is_error else Exit.REFUSED

"""The tally of an apply: what it has learnt so far, and whether it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconcile.flows.wave import WaveResult
from reconcile.model.finding import Finding, Severity
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.states import Action
from reconcile.ports import Stop

# A run is given up once this many changes have failed and they are at least this share of those tried.
BREAKER_FAILURES = 5
BREAKER_SHARE = 0.5

_BAD = frozenset({Result.FAILED, Result.UNKNOWN, Result.MISMATCHED})


def ignore(_: Outcome) -> None:
    """Do nothing with an outcome."""


@dataclass
class Tally:
    """What an apply has learnt so far.

    *upserting*: it is established that saving over a job updates it. *appending*: saving was seen to add a job.
    *is_recorded*: the ledger took all that it was given. *on_outcome* hears of each key once, *on_correction* of each
    outcome that a later look put right.
    """

    upserting: bool = False
    on_outcome: Callable[[Outcome], None] = ignore
    on_correction: Callable[[Outcome], None] = ignore
    appending: bool = False
    is_recorded: bool = True
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    stopped_because: str = ""

    @property
    def is_stopped(self) -> bool:
        """Return whether nothing more may be saved."""
        return bool(self.stopped_because)

    def stop(self, because: str, *findings: Finding) -> None:
        """Save nothing more; the first reason is the one that is told."""
        self.stopped_because = self.stopped_because or because
        self.findings.extend(findings)

    def heed(self, stop: Stop) -> None:
        """Save nothing more once *stop* is set."""
        if stop.is_set():
            self.stop("it was interrupted")

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take in the outcomes of keys that had none, and tell whoever listens."""
        for outcome in outcomes:
            self.outcomes[outcome.key] = outcome
            self.on_outcome(outcome)
            if outcome.saves and outcome.result is Result.VERIFIED and outcome.change.action is not Action.CREATE:
                self.upserting = True

    def correct(self, outcomes: Iterable[Outcome]) -> None:
        """Put other outcomes in the place of those that their keys had, and tell whoever listens."""
        for outcome in outcomes:
            self.outcomes[outcome.key] = outcome
            self.on_correction(outcome)

    def take(self, wave: WaveResult) -> None:
        """Take in what became of a wave, and stop where it showed a reason to."""
        self.add(wave.outcomes)
        self.findings.extend(wave.findings)
        if wave.stops_run:
            self.appending = True
            self.stop("saving was seen to add a job instead of updating it", _appends(wave.outcomes))
        if wave.unrecorded is not None:
            self.is_recorded = False
            self.stop("the ledger could not be written", wave.unrecorded)
        bad = sum(outcome.result in _BAD for outcome in self.outcomes.values())
        tried = sum(outcome.result is not Result.REFUSED for outcome in self.outcomes.values())
        if bad >= BREAKER_FAILURES and bad >= BREAKER_SHARE * tried:
            self.stop(f"{bad} of {tried} changes so far were not saved and verified")


def _appends(outcomes: tuple[Outcome, ...]) -> Finding:
    doubled = next(outcome for outcome in outcomes if outcome.reason == "duplicated")
    return Finding(
        "save-appends",
        Severity.ERROR,
        f"after saving {doubled.key} the service holds several jobs for it: saving adds a job, or somebody else did",
        hint="remove the surplus job in the service, and set service.save to append in reconcile.yaml "
        "(or to upsert, if somebody else added it)",
        key=doubled.key,
    )

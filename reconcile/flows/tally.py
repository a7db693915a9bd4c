"""The tally of an apply: what is done, what is pending, and whether it goes on. A value: each step returns the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconcile.flows.wave import FinishedWave
from reconcile.model.change import Change
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import RunRule
from reconcile.model.verdicts import Action
from reconcile.ports import Stop

# A run is given up once this many changes have failed and they are at least this share of those tried.
BREAKER_FAILURES = 5
BREAKER_SHARE = 0.5

_BAD = frozenset({Result.FAILED, Result.UNKNOWN, Result.MISMATCHED})


@dataclass(frozen=True, slots=True)
class Tally:
    """What an apply has done and learnt so far.

    *pending* are the changes without an outcome, in the plan's order. *upserting*: it is established that saving over a
    job updates it. *appending*: saving was seen to add a job. *is_recorded*: the ledger recorded all that it was given.
    *stopped_because*: why nothing more may be saved.
    """

    pending: tuple[Change, ...] = ()
    upserting: bool = False
    appending: bool = False
    is_recorded: bool = True
    outcomes: Mapping[Key, Outcome] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    stopped_because: str = ""

    @property
    def is_stopped(self) -> bool:
        """Return whether nothing more may be saved."""
        return bool(self.stopped_because)

    @property
    def is_verified(self) -> bool:
        """Return whether every change is saved and verified."""
        return not self.pending and all(one.result is Result.VERIFIED for one in self.outcomes.values())

    def stopped(self, because: str, *findings: Finding) -> Tally:
        """Return this tally, stopped; only the first reason is kept."""
        return replace(self.with_findings(findings), stopped_because=self.stopped_because or because)

    def stopped_by(self, stop: Stop) -> Tally:
        """Return this tally, stopped once *stop* is set."""
        return self.stopped("it was interrupted") if stop.is_set() else self

    def with_findings(self, findings: Iterable[Finding]) -> Tally:
        """Return this tally and *findings*."""
        return replace(self, findings=(*self.findings, *findings))

    def with_lock_lost(self, lost: Finding) -> Tally:
        """Return this tally with the finding that the run lost its lock, which is told once."""
        is_told = any(finding.rule is lost.rule for finding in self.findings)
        return self if is_told else self.with_findings((lost,))

    def with_outcomes(self, outcomes: Iterable[Outcome]) -> Tally:
        """Return this tally and the outcomes of keys that had none; they are no longer pending."""
        added = {outcome.key: outcome for outcome in outcomes}
        return replace(
            self,
            pending=_without(self.pending, added),
            outcomes={**self.outcomes, **added},
            upserting=self.upserting or any(_shows_an_update(outcome) for outcome in added.values()),
        )

    def with_corrections(self, outcomes: Iterable[Outcome]) -> Tally:
        """Return this tally with *outcomes* in the place of those that their keys had."""
        corrected = {outcome.key: outcome for outcome in outcomes}
        appending = self.appending or any(outcome.reason == "duplicated" for outcome in corrected.values())
        return replace(self, outcomes={**self.outcomes, **corrected}, appending=appending)

    def without_record(self, unrecorded: Finding) -> Tally:
        """Return this tally once the ledger could not take what it was given."""
        return replace(self.with_findings((unrecorded,)), is_recorded=False)

    def with_wave(self, wave: FinishedWave) -> Tally:
        """Return this tally and what became of *wave*, stopped where that shows a reason to."""
        tally = self.with_outcomes(wave.outcomes).with_findings(wave.findings)
        if wave.stops_run:
            tally = replace(tally, appending=True)
            tally = tally.stopped("saving was seen to add a job instead of updating it", _appends(wave.outcomes))
        if wave.unrecorded is not None:
            tally = tally.without_record(wave.unrecorded).stopped("the ledger could not be written")
        bad = sum(outcome.result in _BAD for outcome in tally.outcomes.values())
        tried = sum(outcome.result is not Result.REFUSED for outcome in tally.outcomes.values())
        if bad >= BREAKER_FAILURES and bad >= BREAKER_SHARE * tried:
            tally = tally.stopped(f"{bad} of {tried} changes so far were not saved and verified")
        return tally


def _without(pending: tuple[Change, ...], ended: Mapping[Key, Outcome]) -> tuple[Change, ...]:
    """Return *pending* without the keys that *ended* has: mostly its first, as a wave is taken from the front."""
    first, others = pending[: len(ended)], pending[len(ended) :]
    if all(change.key in ended for change in first):
        return others
    return tuple(change for change in pending if change.key not in ended)


def _shows_an_update(outcome: Outcome) -> bool:
    """Whether *outcome* shows that saving over a job updates it."""
    is_verified = outcome.saves > 0 and outcome.result is Result.VERIFIED
    return is_verified and outcome.change.action is not Action.CREATE


def _appends(outcomes: tuple[Outcome, ...]) -> Finding:
    doubled = next(outcome for outcome in outcomes if outcome.reason == "duplicated")
    return Finding(
        RunRule.SAVE_APPENDS,
        f"after saving {doubled.key} the service holds several jobs for it: saving adds a job, or another program did",
        hint="remove the surplus job in the service, and set service.save to append in reconcile.yaml "
        "(or to upsert, if another program added it)",
        key=doubled.key,
    )

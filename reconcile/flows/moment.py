"""The moment of a save. What a guard says of the time holds only then, and a run lasts: so it is asked again.

Before a wave, so that nothing is begun in a freeze; and just before each request, because the requests of one wave wait
for a free thread, for the rate limit, and for the pause before a repeat. What is refused here was not sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconcile.engine.guard import Judging, refusal_now, refusals_now
from reconcile.errors import LockLostError
from reconcile.flows.tally import Tally
from reconcile.flows.wave import Ports
from reconcile.flows.wording import lock_lost, refused_by_ledger, unsaved
from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.outcome import Result


@dataclass(frozen=True, slots=True)
class Moment:
    """Judges saves by the clock of *ports*, each time it is asked. *judging* says by what else."""

    judging: Judging
    ports: Ports

    def objection(self, change: Change) -> Refusal | None:
        """Return why *change* must not be saved now."""
        error = self.ports.ledger.objection()
        return refusal_now(change, self.now()) if error is None else refused_by_ledger(error)

    def admit(self, tally: Tally, first: Iterable[Change]) -> Tally:
        """Return *tally* without what must not be saved now: all that is pending in a freeze, else some of *first*."""
        now = self.now()
        error = self.ports.ledger.objection()
        if isinstance(error, LockLostError):
            tally = tally.with_lock_lost(lock_lost(error))
        of_run = next(iter(refusals_now(now)), None) if error is None else refused_by_ledger(error)
        if of_run is not None:
            return without_refused(tally, ((change, of_run) for change in tally.pending), self.ports)
        asked = ((change, refusal_now(change, now)) for change in first)
        return without_refused(tally, ((change, refusal) for change, refusal in asked if refusal), self.ports)

    def refuse_left(self, tally: Tally) -> Tally:
        """Return *tally*, in which all that is pending is refused, if the run lost its lock."""
        is_lost = isinstance(self.ports.ledger.objection(), LockLostError)
        return self.admit(tally, ()) if is_lost and not tally.is_verified else tally

    def now(self) -> Judging:
        """Return how a save is judged now."""
        return replace(self.judging, now=self.ports.clock.now(), skew=self.ports.skew())


def without_refused(tally: Tally, refused: Iterable[tuple[Change, Refusal]], ports: Ports) -> Tally:
    """Return *tally* with an outcome for each change that is *refused*; these outcomes are reported."""
    outcomes = []
    for change, refusal in refused:
        outcome = unsaved(change, Result.REFUSED, "guard", live=change.live, because=refusal.message)
        outcomes.append(replace(outcome, hint=refusal.hint))
    ports.tell(outcomes)
    return tally.with_outcomes(outcomes)

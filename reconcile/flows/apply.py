"""Apply: carry out a plan in waves, and end with an outcome for every change.

What the API leaves open decides the order. Whether saving over a job updates it or adds a second one is not documented:
so until that is established the first update goes alone and is read back. Then whole waves follow: creates and updates
in the plan's order, each wave settled before the next begins. Two rows where one was, in any wave, stop the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconcile.engine.guard import Allowances, Situation, refusals
from reconcile.flows.wave import Ports, run_wave
from reconcile.flows.wording import unsaved
from reconcile.model.change import Change
from reconcile.model.finding import Finding, Refusal, Severity
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.model.states import Action
from reconcile.model.workspace import SaveMode

# A run is given up once this many changes have failed and they are at least this share of those tried.
BREAKER_FAILURES = 5
BREAKER_SHARE = 0.5

_BAD = frozenset({Result.FAILED, Result.UNKNOWN, Result.MISMATCHED})


def _ignore(_: Outcome) -> None:
    """Do nothing with an outcome."""


@dataclass
class _Progress:
    """What an apply has learnt so far. *upserting*: it is established that saving over a job updates it."""

    upserting: bool
    on_outcome: Callable[[Outcome], None]
    outcomes: list[Outcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stopped_because: str = ""

    def add(self, *outcomes: Outcome) -> None:
        """Take in outcomes, and tell whoever listens."""
        for outcome in outcomes:
            self.outcomes.append(outcome)
            self.on_outcome(outcome)
            if outcome.saves and outcome.result is Result.VERIFIED and outcome.change.action is not Action.CREATE:
                self.upserting = True


def apply(
    plan: Plan,
    ports: Ports,
    *,
    situation: Situation,
    wave_size: int,
    allowances: Allowances = Allowances(),
    on_outcome: Callable[[Outcome], None] = _ignore,
) -> Run:
    """Carry out *plan* and return what became of each change.

    Nothing is saved when a guard refuses the plan as a whole; a key that is refused by itself is left out. A stop
    signal ends it before the next wave: what was not begun is `skipped`. *on_outcome* hears of each outcome once.
    """
    refused = refusals(plan, situation=situation, allowances=allowances)
    progress = _Progress(situation.service.save in (SaveMode.UPSERT, SaveMode.REPLACE), on_outcome)
    pending = _admitted(plan.changes, refused, progress)
    while pending:
        if ports.stop.is_set():
            progress.stopped_because = "it was interrupted"
        if progress.stopped_because:
            reason = "run-stopped"
            progress.add(*(unsaved(c, Result.SKIPPED, reason, because=progress.stopped_because) for c in pending))
            break
        wave, pending = _next_wave(pending, upserting=progress.upserting, size=wave_size)
        _run(wave, ports, progress)
    return Run(
        plan=plan,
        outcomes=tuple(sorted(progress.outcomes, key=lambda outcome: outcome.key)),
        refusals=refused,
        findings=tuple(progress.findings),
        interrupted=ports.stop.is_set(),
    )


def _admitted(changes: tuple[Change, ...], refused: tuple[Refusal, ...], progress: _Progress) -> tuple[Change, ...]:
    """The changes that no guard refuses; the others get their outcome."""
    whole = next((refusal for refusal in refused if refusal.key is None), None)
    single = {refusal.key: refusal for refusal in refused}
    admitted = []
    for change in changes:
        refusal = single.get(change.key, whole)
        if refusal is None:
            admitted.append(change)
        else:
            outcome = unsaved(change, Result.REFUSED, "guard", live=change.live, because=refusal.message)
            progress.add(replace(outcome, hint=refusal.hint))
    return tuple(admitted)


def _next_wave(
    pending: tuple[Change, ...], *, upserting: bool, size: int
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """The next wave and what is left: one update alone while upserting is not established, if there is any."""
    if not upserting:
        lone = next((index for index, change in enumerate(pending) if change.action is not Action.CREATE), None)
        if lone is not None:
            return (pending[lone],), pending[:lone] + pending[lone + 1 :]
    return pending[:size], pending[size:]


def _run(wave: tuple[Change, ...], ports: Ports, progress: _Progress) -> None:
    result = run_wave(wave, ports, upserting=progress.upserting)
    progress.add(*result.outcomes)
    progress.findings.extend(result.findings)
    if result.stops_run:
        progress.stopped_because = "saving was seen to add a job instead of updating it"
        progress.findings.append(_appends(result.outcomes))
        return
    bad = sum(outcome.result in _BAD for outcome in progress.outcomes)
    tried = sum(outcome.result is not Result.REFUSED for outcome in progress.outcomes)
    if bad >= BREAKER_FAILURES and bad >= BREAKER_SHARE * tried:
        progress.stopped_because = f"{bad} of {tried} changes so far were not saved and verified"


def _appends(outcomes: tuple[Outcome, ...]) -> Finding:
    doubled = next(outcome for outcome in outcomes if outcome.reason == "duplicated")
    return Finding(
        "save-appends",
        Severity.ERROR,
        f"after saving {doubled.key} the service holds several jobs for it: saving adds a job, or somebody else did",
        hint="remove the surplus job in the service, and set service.save to append in reconcile.yaml",
        key=doubled.key,
    )

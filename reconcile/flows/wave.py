"""One wave of saves: re-read, write down the intents, save, read back and settle, write down the outcomes.

A job may be changed by hand between plan and save. So each key is read again just before it is saved, and a key that is
no longer as the plan saw it is refused as stale. Only what was read back counts as done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from reconcile.engine.settle import Attempt, Ended, ReadBack, SaveNow, Seen, Step, interrupted, seen, settle
from reconcile.errors import LedgerError, LockLostError
from reconcile.flows.observe import observe
from reconcile.flows.pacing import Pacing
from reconcile.flows.wording import not_recorded, outcome_of, refused_by_ledger, unsaved
from reconcile.model.change import Change, same_rows
from reconcile.model.clock_skew import ClockSkew
from reconcile.model.finding import Finding, Refusal
from reconcile.model.keys import Key
from reconcile.model.live import Live, Unreadable
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.verdicts import Condition
from reconcile.ports import AnswerKind, Clock, Ledger, Reader, Save, SaveAnswer, Stop, Writer


def no_objection(_: Change) -> Refusal | None:
    """Object to no change."""
    return None


def no_skew() -> ClockSkew | None:
    """Return that both clocks are as one."""
    return None


def ignore(_: Outcome) -> None:
    """Do nothing with an outcome."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, as far as an apply needs it.

    *skew* returns how far the service's clock is from *clock*, as far as replies have told; None: it is tolerated.
    *on_outcome* is called once for each key, with its outcome; *on_correction* for each outcome that a later look
    corrects.
    """

    reader: Reader
    writer: Writer
    ledger: Ledger
    clock: Clock
    stop: Stop
    on_outcome: Callable[[Outcome], None] = ignore
    on_correction: Callable[[Outcome], None] = ignore
    skew: Callable[[], ClockSkew | None] = no_skew

    def tell(self, outcomes: Iterable[Outcome]) -> None:
        """Call *on_outcome* with the outcomes of keys that had none."""
        for outcome in outcomes:
            self.on_outcome(outcome)


@dataclass(frozen=True, slots=True)
class FinishedWave:
    """The end of a wave; *begun* are the keys that were to be saved.

    *stops_run*: saving was seen to add a job. *unrecorded* is the finding about an error of the ledger. After either
    nothing more may be saved.
    """

    outcomes: tuple[Outcome, ...]
    begun: tuple[Key, ...] = ()
    stops_run: bool = False
    unrecorded: Finding | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """A save that is not settled yet."""

    change: Change
    attempt: Attempt
    step: Step
    answer: SaveAnswer | None = None
    live: Live | None = None


def run_wave(
    changes: tuple[Change, ...],
    ports: Ports,
    *,
    upserting: bool,
    pacing: Pacing = Pacing(),
    at_most: int | None = None,
    objection: Callable[[Change], Refusal | None] = no_objection,
) -> FinishedWave:
    """Save *changes*, and return an outcome for each of them, in their order. At most one row was live for each.

    Only the first *at_most* changes that need a save are saved; those beyond them get no outcome. A change is saved
    only after the ledger recorded its intent, and where *objection*, asked just before its request, has none. The
    outcomes are reported.
    """
    observation = observe(ports.reader, [change.key for change in changes])
    stopped = ports.stop.is_set()
    outcomes = {
        change.key: outcome
        for change in changes
        if (outcome := _before_saving(change, observation.live[change.key], stopped=stopped))
    }
    begun = [change for change in changes if change.key not in outcomes][:at_most]
    unrecorded, stops = None, False
    try:
        if begun:
            ports.ledger.record_intents(Intent(change) for change in begun)
    except LedgerError as error:
        unrecorded = not_recorded(error, sent=False)
        outcomes.update((change.key, _without_intent(change, error)) for change in begun)
    else:
        unsettled = {change.key: _Open(change, _attempt(change, upserting=upserting), SaveNow()) for change in begun}
        settled = _settle_all(unsettled, ports, pacing, objection)
        outcomes.update({key: outcome_of(o.change, o.attempt, _end(o), o.answer, o.live) for key, o in settled.items()})
        stops = any(_end(one).stops_run for one in settled.values())
    ordered = tuple(outcomes[change.key] for change in changes if change.key in outcomes)
    if unrecorded is None:
        unrecorded = record(ordered, ports.ledger)
    ports.tell(ordered)
    return FinishedWave(ordered, tuple(change.key for change in begun), stops, unrecorded, observation.findings)


def record(outcomes: tuple[Outcome, ...], ledger: Ledger) -> Finding | None:
    """Record *outcomes* in *ledger*; return a finding where it could not be written."""
    try:
        if outcomes:
            ledger.record_outcomes(outcomes)
    except LedgerError as error:
        return not_recorded(error, sent=any(outcome.saves for outcome in outcomes))
    return None


def _before_saving(change: Change, live: Live, *, stopped: bool) -> Outcome | None:
    """Why *change* needs no save, or may have none: None when it is still what the plan saw."""
    if stopped:
        return unsaved(change, Result.SKIPPED, "not-started", live=live)
    if isinstance(live, Unreadable):
        return unsaved(change, Result.FAILED, "unreadable", live=live)
    if isinstance(change.live, tuple) and same_rows(change.live, live):
        return None
    if _is_done(change, live):
        return unsaved(change, Result.VERIFIED, "already-as-desired", live=live)
    return unsaved(change, Result.REFUSED, "stale", live=live)


def _without_intent(change: Change, error: LedgerError) -> Outcome:
    """Return the outcome of a change whose intent the ledger did not take."""
    if not isinstance(error, LockLostError):
        return unsaved(change, Result.SKIPPED, "no-intent", because=error.message)
    refusal = refused_by_ledger(error)
    return replace(unsaved(change, Result.REFUSED, "guard", because=refusal.message), hint=refusal.hint)


def _is_done(change: Change, live: Live) -> bool:
    """Whether *live* shows *change* as done already: by a run before this one, or by hand."""
    now = replace(change, live=live)
    if now.is_live_as_desired:
        return True
    # A new name besides the cron, or a job that was paused before and still is, leaves an action, but no stale plan.
    is_newly_paused = Condition.INACTIVE in now.conditions and Condition.INACTIVE not in change.conditions
    return seen(change, live) is Seen.AS_DESIRED and not is_newly_paused


def _settle_all(
    unsettled: dict[Key, _Open], ports: Ports, pacing: Pacing, objection: Callable[[Change], Refusal | None]
) -> dict[Key, _Open]:
    """Carry each save to its end, in step: saves together, then read-backs together, after the longest pause due."""
    while not all(isinstance(item.step, Ended) for item in unsettled.values()):
        saving = {key: item for key, item in unsettled.items() if isinstance(item.step, SaveNow)}
        unsettled.update(_save(saving, ports, objection))
        reading = {key: item for key, item in unsettled.items() if isinstance(item.step, ReadBack)}
        unsettled.update(_read_back(reading, ports, pacing))
    return unsettled


def _save(items: Mapping[Key, _Open], ports: Ports, objection: Callable[[Change], Refusal | None]) -> dict[Key, _Open]:
    if not items:
        return {}
    saves = [Save(key, item.change.desired.name, item.change.desired.cron_to_save) for key, item in items.items()]
    answers = ports.writer.save(saves, objection=lambda key: objection(items[key].change))
    advanced = {}
    for key, item in items.items():
        attempt, step = settle(item.attempt, answers[key].kind)
        advanced[key] = replace(item, attempt=attempt, step=step, answer=_after(item.answer, answers[key]))
    return advanced


def _after(before: SaveAnswer | None, answer: SaveAnswer) -> SaveAnswer:
    """Return *answer*, with what came *before* it where the save was to be repeated, and was not."""
    if before is None or answer.kind is not AnswerKind.REFUSED:
        return answer
    return replace(answer, message=f"{before.message}; not saved again: {answer.message}")


def _read_back(items: Mapping[Key, _Open], ports: Ports, pacing: Pacing) -> dict[Key, _Open]:
    if not items:
        return {}
    pause = max(pacing.read_back_seconds[one.step.reads] for one in items.values() if isinstance(one.step, ReadBack))
    if pause:
        ports.clock.sleep(pause)
    if ports.stop.is_set():
        return {key: replace(item, step=interrupted(item.attempt)) for key, item in items.items()}
    live = observe(ports.reader, list(items)).live
    advanced = {}
    for key, item in items.items():
        attempt, step = settle(item.attempt, seen(item.change, live[key]))
        advanced[key] = replace(item, attempt=attempt, step=step, live=live[key])
    return advanced


def _attempt(change: Change, *, upserting: bool) -> Attempt:
    assert change.action is not None, "a plan holds only changes that want a save"
    return Attempt(change.action, upserting=upserting)


def _end(item: _Open) -> Ended:
    assert isinstance(item.step, Ended), "every save is carried to its end"
    return item.step

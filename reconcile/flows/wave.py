"""One wave of saves: re-read, write down the intents, save, read back and settle, write down the outcomes.

Between plan and save somebody may have changed a job by hand, so each key is read again just before it is saved, and a
key that is no longer what the plan saw is refused as stale. What counts as done is only what was read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconcile.engine.settle import Attempt, Ended, ReadBack, SaveNow, Step, seen, settle
from reconcile.flows.observe import observe
from reconcile.flows.wording import outcome_of, unsaved
from reconcile.model.change import Change, same_rows
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.states import Live, Unreadable
from reconcile.ports import Clock, Ledger, Reader, Save, SaveAnswer, Stop, Writer

PAUSES_SECONDS = (0.0, 0.5, 1.0, 2.0)
"""How long to wait before each read-back of a save, by how many there were before it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, as far as an apply needs it."""

    reader: Reader
    writer: Writer
    ledger: Ledger
    clock: Clock
    stop: Stop


@dataclass(frozen=True, slots=True)
class WaveResult:
    """What became of a wave. *stops_run*: something was seen after which nothing more may be saved."""

    outcomes: tuple[Outcome, ...]
    stops_run: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """A save that is not settled yet."""

    change: Change
    attempt: Attempt
    step: Step
    answer: SaveAnswer | None = None
    live: Live | None = None


def run_wave(changes: tuple[Change, ...], ports: Ports, *, upserting: bool) -> WaveResult:
    """Save *changes*, and return an outcome for each of them, in their order. At most one row was live for each."""
    observation = observe(ports.reader, [change.key for change in changes])
    interrupted = ports.stop.is_set()
    outcomes = {
        change.key: outcome
        for change in changes
        if (outcome := _before_saving(change, observation.live[change.key], interrupted=interrupted))
    }
    begun = [change for change in changes if change.key not in outcomes]
    if begun:
        ports.ledger.record_intents(Intent(change) for change in begun)
    unsettled = {change.key: _Open(change, _attempt(change, upserting=upserting), SaveNow()) for change in begun}
    settled = _settle_all(unsettled, ports)
    outcomes.update({key: outcome_of(o.change, o.attempt, _end(o), o.answer, o.live) for key, o in settled.items()})
    ordered = tuple(outcomes[change.key] for change in changes)
    ports.ledger.record_outcomes(ordered)
    stops = any(_end(item).stops_run for item in settled.values())
    return WaveResult(ordered, stops, observation.findings)


def _before_saving(change: Change, live: Live, *, interrupted: bool) -> Outcome | None:
    """Why *change* needs no save, or may have none: None when it is still what the plan saw."""
    if interrupted:
        return unsaved(change, Result.SKIPPED, "not-started", live=live)
    if isinstance(live, Unreadable):
        return unsaved(change, Result.FAILED, "unreadable", live=live)
    now = replace(change, live=live)
    if now.action is None and now.fires_as_desired:
        return unsaved(change, Result.VERIFIED, "already-as-desired", live=live)
    if isinstance(change.live, tuple) and same_rows(change.live, live):
        return None
    return unsaved(change, Result.REFUSED, "stale", live=live)


def _settle_all(unsettled: dict[Key, _Open], ports: Ports) -> dict[Key, _Open]:
    """Carry each save to its end, in step: saves together, then read-backs together, after the longest pause due."""
    while not all(isinstance(item.step, Ended) for item in unsettled.values()):
        saving = {key: item for key, item in unsettled.items() if isinstance(item.step, SaveNow)}
        unsettled.update(_save(saving, ports))
        reading = {key: item for key, item in unsettled.items() if isinstance(item.step, ReadBack)}
        unsettled.update(_read_back(reading, ports))
    return unsettled


def _save(items: Mapping[Key, _Open], ports: Ports) -> dict[Key, _Open]:
    if not items:
        return {}
    saves = [Save(key, item.change.desired.name, item.change.desired.wanted_cron) for key, item in items.items()]
    answers = ports.writer.save(saves)
    advanced = {}
    for key, item in items.items():
        attempt, step = settle(item.attempt, answers[key].kind)
        advanced[key] = replace(item, attempt=attempt, step=step, answer=answers[key])
    return advanced


def _read_back(items: Mapping[Key, _Open], ports: Ports) -> dict[Key, _Open]:
    if not items:
        return {}
    pause = max(PAUSES_SECONDS[item.step.reads] for item in items.values() if isinstance(item.step, ReadBack))
    if pause:
        ports.clock.sleep(pause)
    if ports.stop.is_set():
        interrupted = Ended(Result.UNKNOWN, "interrupted")
        return {key: replace(item, step=interrupted) for key, item in items.items()}
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

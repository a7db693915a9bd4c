"""Apply: carry out a plan in waves, and end with an outcome for every change.

The order answers what the API leaves open: canaries, a soak where one is asked for, whole waves, and a closing look::

    admitted ──► canaries ──► soak ──► wave ──► wave … ──► what is left ──► closing read-back ──► Run
                    │           │        │
                    └───────────┴────────┴─ a reason to stop: nothing more is saved

Whether saving over a job updates it or adds a second one is not documented, so an update goes first, alone, and is read
back (`canaries`). Creates and updates follow in the plan's order, each wave settled before the next begins. Two rows
where one was, in any wave, stop the run: of what is left the updates are then refused, and the creates skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconcile.engine.guard import CLOCKS_DISAGREE, Judging, refusals, refused_by
from reconcile.engine.judges import Situation
from reconcile.engine.overrides import ENABLE_INACTIVE, OVERRIDE_FREEZE, Allowances
from reconcile.flows.canaries import SentCanaries, kinds_in, send_canaries
from reconcile.flows.closing import close
from reconcile.flows.moment import Moment, without_refused
from reconcile.flows.pacing import Pacing, SoakUntil
from reconcile.flows.soak import fire_within_limit, in_vain, soak
from reconcile.flows.tally import Tally
from reconcile.flows.wave import Ports, run_wave
from reconcile.flows.wording import unsaved
from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.model.verdicts import Action
from reconcile.model.workspace import SaveMode
from reconcile.times import between, in_zone, instant_text

_NEVER = float("inf")


def apply_plan(
    plan: Plan,
    ports: Ports,
    *,
    situation: Situation,
    pacing: Pacing = Pacing(),
    allowances: Allowances = Allowances(),
) -> Run:
    """Carry out *plan* and return what became of each change. Never raises for what service or ledger do.

    Nothing is saved when a guard refuses the plan as a whole; a key that is refused by itself is left out. Guards that
    look at the time are asked again before each wave and each save. A stop signal ends it before the next wave: what
    was not begun is `skipped`.
    """
    moment = Moment(Judging(situation, allowances), ports)
    refused = refusals(plan, moment.now())
    upserting = situation.service.save in (SaveMode.UPSERT, SaveMode.REPLACE)
    # Who asks for active jobs is not done while one is inactive, also where its cron is saved (or it is new).
    changes = tuple(replace(change, to_activate=ENABLE_INACTIVE in allowances) for change in plan.changes)
    tally = Tally(changes, upserting=upserting)
    tally = without_refused(tally, _refused(tally, refused), ports)
    sent = _go_first(moment, tally, pacing=pacing, situation=situation)
    tally = sent.tally
    if sent.verified and tally.pending and pacing.soak is not None and not tally.is_stopped:
        tally = soak(sent.verified, moment, tally, pacing=pacing)
    while tally.pending and not tally.is_stopped:
        tally = _wave(moment, tally, pacing)
    # The closing look comes first: it may show that saving appends, and then what is left is refused.
    tally = close(ports, tally, pacing=pacing)
    tally = moment.refuse_left(tally)
    left = tuple(_left(tally))
    ports.tell(left)
    tally = tally.with_outcomes(left)
    return Run(
        plan=plan,
        outcomes=tuple(sorted(tally.outcomes.values(), key=lambda outcome: outcome.key)),
        refusals=refused,
        findings=tally.findings,
        interrupted=ports.stop.is_set(),
        is_recorded=tally.is_recorded,
    )


def _refused(tally: Tally, refused: tuple[Refusal, ...]) -> Iterator[tuple[Change, Refusal]]:
    """Yield each pending change that *refused* refuse, alone or with the whole run, and by which."""
    whole = next((refusal for refusal in refused if refusal.key is None), None)
    single = {refusal.key: refusal for refusal in refused}
    for change in tally.pending:
        refusal = single.get(change.key, whole)
        if refusal is not None:
            yield change, refusal


def _go_first(moment: Moment, tally: Tally, *, pacing: Pacing, situation: Situation) -> SentCanaries:
    """Send the canaries, unless it is known that none of them would fire in time."""
    waits: dict[Key, float] = {}
    if pacing.soak is SoakUntil.NEXT_FIRE and len(tally.pending) > kinds_in(tally.pending):
        by_clock = [_waits(tally.pending, at, pacing, situation) for at in moment.now().instants]
        counted = by_clock[:1] if OVERRIDE_FREEZE in moment.judging.allowances else by_clock
        waits = {key: max(each[key] for each in counted) for key in by_clock[0]}
        # Known before anything is saved, so nothing is left half done.
        if all(_is_in_vain(each) for each in counted):
            tally = tally.stopped("no canary would fire before the soak's limit", in_vain(pacing))
        elif _is_in_vain(waits):
            tally = _disagreed(tally, moment, [_is_in_vain(each) for each in by_clock])
    return send_canaries(moment, tally, pacing=pacing, waits=waits)


def _is_in_vain(waits: Mapping[Key, float]) -> bool:
    return min(waits.values()) == _NEVER


def _disagreed(tally: Tally, moment: Moment, in_vain_by: Sequence[bool]) -> Tally:
    """Return *tally* without what is pending: no canary would fire in time by both clocks, and one by either.

    *in_vain_by* says by which of them none would: that of the runner, that of the service.
    """
    runner, service = map(instant_text, moment.now().instants)
    sides = [f"this runner ({runner})", f"the service ({service})"]
    if not any(in_vain_by):
        message = (
            f"by the clock of {sides[0]} another canary fires within the soak's limit than by that of {sides[1]}, "
            "and none by both"
        )
    else:
        none, one = sides if in_vain_by[0] else reversed(sides)
        message = f"by the clock of {none} no canary fires within the soak's limit, and by that of {one} one does"
    refusal = refused_by(CLOCKS_DISAGREE, message)
    return without_refused(tally, ((change, refusal) for change in tally.pending), moment.ports)


def _wave(moment: Moment, tally: Tally, pacing: Pacing) -> Tally:
    """Return *tally* after the next wave. Time has passed since the last one: a freeze may have begun."""
    tally = moment.admit(tally, tally.pending[: pacing.wave_size])
    changes = tally.pending[: pacing.wave_size]
    if not changes:
        return tally
    ports = moment.ports
    wave = run_wave(changes, ports, upserting=tally.upserting, pacing=pacing, objection=moment.objection)
    return tally.with_wave(wave).stopped_by(ports.stop)


def _waits(changes: tuple[Change, ...], now: datetime, pacing: Pacing, situation: Situation) -> dict[Key, float]:
    """Return the seconds until each of *changes* would fire; infinite beyond the soak's limit."""
    local = in_zone(now, situation.zone)
    fires = {change.key: fire_within_limit(change, situation.reading, pacing, local) for change in changes}
    return {key: _NEVER if fire is None else between(now, fire).total_seconds() for key, fire in fires.items()}


def _left(tally: Tally) -> Iterator[Outcome]:
    """Yield the outcomes of what was not begun when the run stopped."""
    for change in tally.pending:
        if tally.appending and change.action is not Action.CREATE:
            yield unsaved(change, Result.REFUSED, "save-appends")
        else:
            yield unsaved(change, Result.SKIPPED, "run-stopped", because=tally.stopped_because)

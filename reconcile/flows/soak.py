"""Soaking: the canaries are left alone for a while, and read again, before the rest is saved.

Either for a span, or until the history of each canary shows a fire that is later than its save. Such a fire is a row
that was not there when the soak began, that the schedule fired (not a person), and whose time is not before the soak.
The service may write a fire some 350 ms before its second, so one second is tolerated.

The times in a history are told by the service's clock. Where that is known to differ from the runner's, both count, as
for every guard of the time. A fire must be later than the beginning of the soak by both; a canary is waited for where
either says that it fires within the limit. If the soak passes by one clock alone, the apply stops: the clocks disagree.
What lifts that guard for a run makes one clock enough.

A failed run of a job does not stop the apply: the schedule has fired, and a schedule can do no more. It is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from reconcile.cron import next_fire
from reconcile.engine.guard import CLOCKS_DISAGREE, refused_by
from reconcile.engine.overrides import OVERRIDE_FREEZE
from reconcile.errors import ServiceError
from reconcile.flows.closing import correct, look_again
from reconcile.flows.moment import Moment, without_refused
from reconcile.flows.pacing import Pacing
from reconcile.flows.tally import Tally
from reconcile.flows.wave import Ports
from reconcile.model.change import Change
from reconcile.model.execution import Execution
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome
from reconcile.model.reading import Reading
from reconcile.model.rules import RunRule
from reconcile.text import shown
from reconcile.times import between, duration_text, in_zone, instant_text, later

EARLY = timedelta(seconds=1)
FIRST_LOOK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0

_CLOCKS_REMEDY = "set the clocks by NTP and apply again, or soak for a span instead (--soak 5m)"
_LIMIT_HINT = "soak for a span instead (--soak 5m), raise --soak-limit, or apply nearer to the fire"


def fire_within_limit(change: Change, reading: Reading, pacing: Pacing, now: datetime) -> datetime | None:
    """Return when *change*, once saved, fires next; None when that is never, or later than a soak may take.

    *reading* is the service's, and *now* is in the zone in which it fires.
    """
    expression = reading.expression(change.desired.cron_to_save)
    fire = None if expression is None else next_fire(expression, now)
    return fire if fire is not None and between(now, fire) <= pacing.soak_limit else None


def in_vain(pacing: Pacing) -> Finding:
    """Return what to say where no canary could fire before the limit."""
    limit = duration_text(pacing.soak_limit)
    message = f"no canary fires within {limit}, so that a soak until the next fire would be in vain"
    return Finding(RunRule.SOAK_IN_VAIN, message, hint=_LIMIT_HINT)


def soak(canaries: tuple[Outcome, ...], moment: Moment, tally: Tally, *, pacing: Pacing) -> Tally:
    """Leave *canaries* alone as *pacing* says, and read them again.

    Stop the tally unless all are as desired; refuse what is left where the two clocks of *moment* disagree about it.
    """
    ports = moment.ports
    if isinstance(pacing.soak, timedelta):
        ports.clock.sleep(pacing.soak.total_seconds())
    else:
        tally = _await_fires(canaries, moment, tally, pacing)
    tally = tally.stopped_by(ports.stop)
    return tally if tally.is_stopped or not tally.pending else _look(canaries, ports, tally, pacing)


def _look(canaries: tuple[Outcome, ...], ports: Ports, tally: Tally, pacing: Pacing) -> Tally:
    """Read the canaries again, patiently; return *tally*, stopped unless all are still as desired."""
    unread: tuple[Key, ...] = ()
    for pause in pacing.read_back_seconds:
        ports.clock.sleep(pause)
        look = look_again(canaries, ports)
        unread = look.unread
        tally = correct(look.corrected, ports, tally).stopped_by(ports.stop)
        if look.corrected:
            tally = tally.stopped(f"after the soak {look.corrected[0].key}, which went first, is no longer as desired")
        if not unread or tally.is_stopped:
            return tally
    return tally.stopped(f"after the soak {unread[0]}, which went first, could not be read again")


@dataclass(frozen=True, slots=True)
class _Clocks:
    """When a soak began, by the clock of the runner and, where that differs, by the service's.

    *one_is_enough*: the run was told to go on where they disagree.
    """

    runner: datetime
    service: datetime | None
    one_is_enough: bool

    def told(self, by: Callable[[datetime], bool]) -> tuple[bool, ...]:
        """Return what *by* answers to each instant."""
        return tuple(by(at) for at in (self.runner, self.service) if at is not None)

    def words(self, answers: tuple[bool, ...]) -> tuple[str, str]:
        """Return the clock whose answer is yes and the one whose answer is no, with what each said."""
        assert self.service is not None, "one clock alone does not disagree"
        runner, service = f"this runner ({instant_text(self.runner)})", f"the service ({instant_text(self.service)})"
        return (runner, service) if answers[0] else (service, runner)


@dataclass(slots=True)
class _Watch:
    """A canary whose fire is awaited: looked at next at *due*, in the clock's monotonic seconds.

    *in_time* is whether it fires before the soak's limit, by each clock. *doubted* is a fire that only one of them
    tells to be later than the save.
    """

    outcome: Outcome
    job_id: str
    due: float
    in_time: tuple[bool, ...]
    known: frozenset[str] = frozenset()
    pause: float = field(default=FIRST_LOOK_SECONDS)
    trouble: str = ""
    doubted: Execution | None = None


def _clocks(moment: Moment, since: datetime) -> _Clocks:
    """Return the clocks of *moment* at the runner's instant *since*, in the zone in which schedules fire."""
    judging = replace(moment.judging, now=since, skew=moment.ports.skew())
    runner, *others = (in_zone(at, judging.situation.zone) for at in judging.instants)
    return _Clocks(runner, next(iter(others), None), OVERRIDE_FREEZE in judging.allowances)


def _await_fires(canaries: tuple[Outcome, ...], moment: Moment, tally: Tally, pacing: Pacing) -> Tally:
    """Wait until each canary that can is seen to fire; return *tally*, which does not go on where one is not."""
    ports, situation = moment.ports, moment.judging.situation
    since, began = ports.clock.now(), ports.clock.monotonic()
    watched = [_watch(one, moment, pacing, _clocks(moment, since)) for one in canaries]
    tally = tally.with_findings(one for one in watched if isinstance(one, Finding))
    watches = [one for one in watched if isinstance(one, _Watch)]
    if not watches:
        tally = tally.stopped("no canary can be seen to fire before the soak's limit", in_vain(pacing))
    end = began + pacing.soak_limit.total_seconds()
    while watches and not ports.stop.is_set():
        now, clocks = ports.clock.monotonic(), _clocks(moment, since)
        for watch in [one for one in watches if one.due <= now or now >= end]:
            execution = _new_fire(watch, ports, clocks, situation.service.success_status)
            if execution is not None:
                watches.remove(watch)
                tally = tally.with_findings(_failed_run(watch, execution))
            watch.due, watch.pause = now + watch.pause, min(2 * watch.pause, LONGEST_PAUSE_SECONDS)
        if watches and now >= end:
            return _unseen(watches, ports, tally, pacing, clocks)
        if watches:
            ports.clock.sleep(min(end, *(one.due for one in watches)) - now)
    return tally


def _unseen(watches: list[_Watch], ports: Ports, tally: Tally, pacing: Pacing, clocks: _Clocks) -> Tally:
    """Return *tally* at the soak's limit: stopped by a canary that did not fire, or refused as the clocks disagree."""
    for watch in watches:
        if _disagreement(watch, pacing, clocks) is None:
            because = f"{watch.outcome.key}, which went first, was not seen to fire"
            return tally.stopped(because, _no_fire(watch, pacing))
    disagreement = _disagreement(watches[0], pacing, clocks)
    assert disagreement is not None, "all others are stopped by"
    refusal = refused_by(CLOCKS_DISAGREE, disagreement, remedy=_CLOCKS_REMEDY)
    return without_refused(tally, ((change, refusal) for change in tally.pending), ports)


def _disagreement(watch: _Watch, pacing: Pacing, clocks: _Clocks) -> str | None:
    """Return what the clocks disagree about, where *watch* would pass by one of them alone."""
    if clocks.service is None:
        return None
    who = f"{watch.outcome.key}, which went first,"
    fired = None if watch.doubted is None else watch.doubted.fired_at
    told = () if fired is None else clocks.told(partial(_is_late, fired))
    if fired is not None and any(told) and not all(told):
        one, other = clocks.words(told)
        return (
            f"{who} fired at {instant_text(fired)} by its history: by the clock of {one} that was after its save, "
            f"and by that of {other} before it"
        )
    if all(watch.in_time) or clocks.one_is_enough or watch.trouble:
        return None
    one, other = clocks.words(watch.in_time)
    limit = duration_text(pacing.soak_limit)
    return (
        f"{who} was not seen to fire: by the clock of {one} it was to fire within {limit}, and by that of {other} it "
        "was not"
    )


def _watch(outcome: Outcome, moment: Moment, pacing: Pacing, clocks: _Clocks) -> _Watch | Finding:
    """Return the canary, with the rows that its history has already; a finding, where it cannot fire in time."""
    row = outcome.live[0] if isinstance(outcome.live, tuple) and outcome.live else None
    waits = [
        None if fire is None else between(since, fire)
        for since in (clocks.runner, clocks.service)
        if since is not None
        for fire in (fire_within_limit(outcome.change, moment.judging.situation.reading, pacing, since),)
    ]
    counted = waits[:1] if clocks.one_is_enough else waits
    due_in = min((one for one in counted if one is not None), default=None)
    if row is None or not row.active or due_in is None:
        why = "is not active" if row is not None and not row.active else "does not fire before the soak's limit"
        message = f"{outcome.key} went first, but {why}: its fire is not waited for"
        return Finding(RunRule.SOAK_NOT_SEEN, message, hint=_LIMIT_HINT, key=outcome.key)
    due = moment.ports.clock.monotonic() + due_in.total_seconds() + FIRST_LOOK_SECONDS
    watch = _Watch(outcome, row.job_id, due, tuple(one is not None for one in waits))
    watch.known = frozenset(execution.trigger_id for execution in _page(watch, moment.ports))
    return watch


def _page(watch: _Watch, ports: Ports) -> tuple[Execution, ...]:
    """Return the newest rows of a canary's history; none, and the trouble noted, where it cannot be read."""
    try:
        page = ports.reader.history(watch.outcome.key.tenant, watch.job_id)
    except ServiceError as error:
        watch.trouble = error.message
        return ()
    watch.trouble = ""
    return page.executions


def _new_fire(watch: _Watch, ports: Ports, clocks: _Clocks, success: tuple[str, ...]) -> Execution | None:
    """Return a fire of *watch* that is later than the soak's beginning; note one that is so by one clock alone."""
    for execution in _page(watch, ports):
        is_ours = execution.run_type == "trigger" and execution.trigger_status in success
        if execution.fired_at is None or not is_ours or execution.trigger_id in watch.known:
            continue
        told = clocks.told(partial(_is_late, execution.fired_at))
        if all(told) or (any(told) and clocks.one_is_enough):
            return execution
        if any(told):
            watch.doubted = execution
    return None


def _is_late(fired: datetime, since: datetime) -> bool:
    return fired >= later(since, -EARLY)


def _failed_run(watch: _Watch, execution: Execution) -> Iterator[Finding]:
    if not execution.succeeded:
        message = f"{watch.outcome.key} fired as scheduled, but its run ended as {shown(execution.run_status)!r}"
        detail = f": {shown(execution.message)}" if execution.message else ""
        hint = "the schedule is as desired; look at what it runs"
        yield Finding(RunRule.CANARY_RUN_FAILED, message + detail, hint=hint, key=watch.outcome.key)


def _no_fire(watch: _Watch, pacing: Pacing) -> Finding:
    key = watch.outcome.key
    message = f"{key} was not seen to fire within {duration_text(pacing.soak_limit)} of its save"
    detail = f"; its history could not be read: {watch.trouble}" if watch.trouble else ""
    hint = f"look at `reconcile history {key.tenant} {key.code}`; is timezone the zone in which the service fires?"
    return Finding(RunRule.SOAK_NO_FIRE, message + detail, hint=hint, key=key)

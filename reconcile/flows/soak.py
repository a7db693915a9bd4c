"""Soaking: the canaries are left alone for a while, and read again, before the rest is saved.

Either for a span, or until the history of each canary shows a fire that is later than its save. Such a fire is a row
that was not there when the soak began, that the schedule fired (not a person), and whose time is not before the soak.
The service may write a fire some 350 ms before its second, so one second is tolerated. If the clock of the service is
ahead, rows of old fires look late, but they were there before. If it is behind, the soak takes longer by as much.

A failed run of a job does not stop the apply: the schedule has fired, and a schedule can do no more. It is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconcile.cron import next_fire
from reconcile.engine.judges import Situation
from reconcile.errors import ServiceError
from reconcile.flows.closing import correct, look_again
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
from reconcile.times import between, duration_text, in_zone, later

EARLY = timedelta(seconds=1)
FIRST_LOOK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0

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


def soak(canaries: tuple[Outcome, ...], ports: Ports, tally: Tally, *, pacing: Pacing, situation: Situation) -> Tally:
    """Leave *canaries* alone as *pacing* says, and read them again; stop the tally unless all are as desired."""
    if isinstance(pacing.soak, timedelta):
        ports.clock.sleep(pacing.soak.total_seconds())
    else:
        tally = _await_fires(canaries, ports, tally, pacing=pacing, situation=situation)
    tally = tally.stopped_by(ports.stop)
    return tally if tally.is_stopped else _look(canaries, ports, tally, pacing)


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


@dataclass(slots=True)
class _Watch:
    """A canary whose fire is awaited: looked at next at *due*, in the clock's monotonic seconds."""

    outcome: Outcome
    job_id: str
    due: float
    known: frozenset[str] = frozenset()
    pause: float = field(default=FIRST_LOOK_SECONDS)
    trouble: str = ""


def _await_fires(
    canaries: tuple[Outcome, ...], ports: Ports, tally: Tally, *, pacing: Pacing, situation: Situation
) -> Tally:
    """Wait until each canary that can is seen to fire; return *tally*, stopped where one is not, or none can be."""
    since, began = in_zone(ports.clock.now(), situation.zone), ports.clock.monotonic()
    watched = [_watch(one, ports, pacing=pacing, reading=situation.reading, since=since) for one in canaries]
    tally = tally.with_findings(one for one in watched if isinstance(one, Finding))
    watches = [one for one in watched if isinstance(one, _Watch)]
    if not watches:
        tally = tally.stopped("no canary can be seen to fire before the soak's limit", in_vain(pacing))
    end = began + pacing.soak_limit.total_seconds()
    while watches and not ports.stop.is_set():
        now = ports.clock.monotonic()
        for watch in [one for one in watches if one.due <= now or now >= end]:
            execution = _new_fire(watch, ports, later(since, -EARLY), situation.service.success_status)
            if execution is not None:
                watches.remove(watch)
                tally = tally.with_findings(_failed_run(watch, execution))
            watch.due, watch.pause = now + watch.pause, min(2 * watch.pause, LONGEST_PAUSE_SECONDS)
        if watches and now >= end:
            because = f"{watches[0].outcome.key}, which went first, was not seen to fire"
            return tally.stopped(because, _no_fire(watches[0], pacing))
        if watches:
            ports.clock.sleep(min(end, *(one.due for one in watches)) - now)
    return tally


def _watch(outcome: Outcome, ports: Ports, *, pacing: Pacing, reading: Reading, since: datetime) -> _Watch | Finding:
    """Return the canary, with the rows that its history has already; a finding, where it cannot fire in time."""
    row = outcome.live[0] if isinstance(outcome.live, tuple) and outcome.live else None
    fire = fire_within_limit(outcome.change, reading, pacing, since)
    if row is None or not row.active or fire is None:
        why = "is not active" if row is not None and not row.active else "does not fire before the soak's limit"
        message = f"{outcome.key} went first, but {why}: its fire is not waited for"
        return Finding(RunRule.SOAK_NOT_SEEN, message, hint=_LIMIT_HINT, key=outcome.key)
    due = ports.clock.monotonic() + between(since, fire).total_seconds() + FIRST_LOOK_SECONDS
    watch = _Watch(outcome, row.job_id, due)
    watch.known = frozenset(execution.trigger_id for execution in _page(watch, ports))
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


def _new_fire(watch: _Watch, ports: Ports, since: datetime, success: tuple[str, ...]) -> Execution | None:
    for execution in _page(watch, ports):
        is_late = execution.fired_at is not None and execution.fired_at >= since
        is_ours = execution.run_type == "trigger" and execution.trigger_status in success
        if is_late and is_ours and execution.trigger_id not in watch.known:
            return execution
    return None


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

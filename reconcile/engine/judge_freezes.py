"""Judges of freezes: is *now* in a window without applies, and does a schedule fire too near to *now*?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from reconcile.cron import next_fire, previous_fire
from reconcile.engine.judges import Objection, Situation
from reconcile.model.change import Change
from reconcile.model.reading import Reading
from reconcile.model.workspace import Environment, Freeze, WeekMoment
from reconcile.times import (
    between,
    duration_text,
    first_instant,
    in_zone,
    instant_text,
    last_instant,
    local_text,
    time_zone,
)

_WEEK_MINUTES = 7 * 24 * 60


def freezes_of(freezes: Iterable[Freeze], environment: Environment) -> tuple[Freeze, ...]:
    """Return those of *freezes* that hold in *environment*."""
    return tuple(
        freeze for freeze in freezes if any(fnmatchcase(environment.name, pattern) for pattern in freeze.environments)
    )


def frozen(situation: Situation, now: datetime) -> Iterator[Objection]:
    """Object to the whole apply for each window that the aware *now* is in."""
    for freeze in situation.freezes:
        zone = freeze.timezone or situation.zone
        until = _end(freeze, now, zone)
        if until is not None:
            yield Objection(f"frozen until {local_text(until, timespec='minutes')} ({zone}): {freeze.reason}")


def near_fire(change: Change, situation: Situation, now: datetime) -> Objection | None:
    """Object to a change whose schedule fires, or has just fired, too near to the aware *now*.

    The live cron and the desired one count, as the service reads them. A schedule that fires more than twice in that
    time is exempt: it could never be saved.
    """
    local = in_zone(now, situation.zone)
    for freeze in situation.freezes:
        fire = None if freeze.near_fire is None else _fire_near(change, situation.reading, local, freeze.near_fire)
        if fire is not None and freeze.near_fire is not None:
            verb, span = "fires" if between(local, fire) > timedelta() else "fired", duration_text(freeze.near_fire)
            at = local_text(fire.replace(tzinfo=None))
            return Objection(f"{verb} at {at} ({situation.zone}), within {span}: {freeze.reason}")
    return None


def last_fire_between(change: Change, situation: Situation, now: datetime, service: datetime) -> Objection | None:
    """Object to a change whose schedule fires once more by one clock alone: *now* is the runner's."""
    expression = situation.reading.expression(change.desired.cron_to_save)
    if expression is None:
        return None
    is_over = [next_fire(expression, in_zone(at, situation.zone)) is None for at in (now, service)]
    if is_over[0] == is_over[1]:
        return None
    first, second = ("this runner", "the service") if is_over[0] else ("the service", "this runner")
    told = {"this runner": instant_text(now), "the service": instant_text(service)}
    return Objection(
        f"by the clock of {first} ({told[first]}) it never fires again, by that of {second} ({told[second]}) it does"
    )


def _end(freeze: Freeze, now: datetime, zone: str) -> datetime | None:
    """Return the wall time at which the window that *now* is in ends; None outside."""
    if freeze.between is not None:
        windows: Iterable[tuple[datetime, datetime]] = (freeze.between,)
    elif freeze.weekly is not None:
        windows = _weeks(freeze.weekly, in_zone(now, zone).replace(tzinfo=None, fold=0))
    else:
        windows = ()
    ends = (end for start, end in windows if _holds(start, end, zone, now))
    return max(ends, default=None)


def _weeks(weekly: tuple[WeekMoment, WeekMoment], wall: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the occurrences of a weekly window around *wall*."""
    start, end = (_minute_of_week(one) for one in weekly)
    monday = wall.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=wall.weekday())
    for week in (-1, 0, 1):
        begins = monday + timedelta(weeks=week, minutes=start)
        yield begins, begins + timedelta(minutes=(end - start) % _WEEK_MINUTES)


def _holds(start: datetime, end: datetime, zone: str, now: datetime) -> bool:
    """Whether the window from *start* to *end*, both wall times, holds at *now*.

    It is never shorter than meant: it begins at the first reading of *start*, and ends at the last of *end*.
    """
    begins, ends = _instants(start, end, zone)
    return begins <= now < ends


@lru_cache(maxsize=256)
def _instants(start: datetime, end: datetime, zone: str) -> tuple[datetime, datetime]:
    clocks = time_zone(zone)
    return first_instant(start, clocks), last_instant(end, clocks)


def _minute_of_week(at: WeekMoment) -> int:
    return (at.weekday * 24 + at.hour) * 60 + at.minute


def _fire_near(change: Change, reading: Reading, local: datetime, span: timedelta) -> datetime | None:
    """Return the fire of the live or the desired cron within *span* of *local*.

    None if there is none, or if one of the crons fires more than twice in that time.
    """
    crons = {row.cron for row in change.live} if isinstance(change.live, tuple) else set()
    found = None
    for cron in sorted(crons | {change.desired.cron_to_save}):
        expression = reading.expression(cron)
        if expression is None:
            continue
        before, after = previous_fire(expression, local), next_fire(expression, local)
        if before is not None and after is not None and between(before, after) < 2 * span:
            return None
        for fire in (before, after):
            if fire is not None and abs(between(local, fire)) < span:
                found = found or fire
    return found

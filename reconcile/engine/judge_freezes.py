"""Judges of freezes: is *now* in a window without applies, and does a schedule fire too near to *now*?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from reconcile.cron import next_fire, previous_fire
from reconcile.engine.judges import Objection, Situation
from reconcile.model.change import Change
from reconcile.model.reading import Reading
from reconcile.model.workspace import Environment, Freeze, WeekMoment
from reconcile.times import between, duration_text, in_zone, local_text

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
        until = _end(freeze, in_zone(now, zone).replace(tzinfo=None))
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


def _end(freeze: Freeze, wall: datetime) -> datetime | None:
    """Return the end of the window that *wall* is in; None outside."""
    if freeze.between is not None:
        start, end = freeze.between
        return end if start <= wall < end else None
    if freeze.weekly is not None:
        start_minute, end_minute = (_minute_of_week(one) for one in freeze.weekly)
        now_minute = _minute_of_week(WeekMoment(wall.weekday(), wall.hour, wall.minute))
        length = (end_minute - start_minute) % _WEEK_MINUTES
        since = (now_minute - start_minute) % _WEEK_MINUTES
        if since < length:
            return wall.replace(second=0, microsecond=0) + timedelta(minutes=length - since)
    return None


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

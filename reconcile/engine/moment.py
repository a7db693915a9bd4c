"""The moment of an apply: is it in a freeze, and which schedules fire just now?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from reconcile.cron import next_fire, previous_fire
from reconcile.model.change import Change
from reconcile.model.finding import Refusal
from reconcile.model.reading import Reading
from reconcile.model.workspace import Environment, Freeze, WeekMoment

OVERRIDE = '--override-freeze "reason"'

_WEEK_MINUTES = 7 * 24 * 60


def freezes_of(freezes: Iterable[Freeze], environment: Environment) -> tuple[Freeze, ...]:
    """Return those of *freezes* that hold in *environment*."""
    return tuple(
        freeze for freeze in freezes if any(fnmatchcase(environment.name, pattern) for pattern in freeze.environments)
    )


def frozen(freezes: Iterable[Freeze], *, zone: str, now: datetime) -> Iterator[Refusal]:
    """Yield a refusal of the whole apply for each window that the aware *now* is in; *zone* is where none is named."""
    for freeze in freezes:
        where = freeze.timezone or zone
        wall = now.astimezone(ZoneInfo(where)).replace(tzinfo=None)
        until = _end(freeze, wall)
        if until is not None:
            message = f"frozen until {until:%Y-%m-%d %H:%M} ({where}): {freeze.reason}"
            yield Refusal("frozen", message, setting="freezes", override=OVERRIDE)


def near_fires(
    changes: Iterable[Change], freezes: Sequence[Freeze], *, reading: Reading, zone: str, now: datetime
) -> Iterator[Refusal]:
    """Yield a refusal for each of *changes* whose schedule fires, or has just fired, too near to the aware *now*.

    Both what is live and what is wanted count, as *reading*, the service's, has it. One that fires more often than
    twice in that time is exempt: for it there would never be a moment.
    """
    spans = [(freeze.near_fire, freeze.reason) for freeze in freezes if freeze.near_fire is not None]
    if not spans:
        return
    local = now.astimezone(ZoneInfo(zone))
    for change in changes:
        for span, reason in spans:
            fire = _fire_near(change, reading, local, span)
            if fire is not None:
                when = "fires" if fire > local else "fired"
                message = f"{change.key}: {when} at {fire:%Y-%m-%d %H:%M:%S} ({zone}), within {_said(span)}: {reason}"
                yield Refusal("near-fire", message, "freezes", OVERRIDE, tenant=change.key.tenant, key=change.key)
                break


def _end(freeze: Freeze, wall: datetime) -> datetime | None:
    """The end of the window that *wall* is in; None outside."""
    if freeze.between is not None:
        start, end = freeze.between
        return end if start <= wall < end else None
    if freeze.weekly is not None:
        start_minute, end_minute = (_minute_of_week(moment) for moment in freeze.weekly)
        now_minute = _minute_of_week(WeekMoment(wall.weekday(), wall.hour, wall.minute))
        length = (end_minute - start_minute) % _WEEK_MINUTES
        since = (now_minute - start_minute) % _WEEK_MINUTES
        if since < length:
            return wall.replace(second=0, microsecond=0) + timedelta(minutes=length - since)
    return None


def _minute_of_week(moment: WeekMoment) -> int:
    return (moment.weekday * 24 + moment.hour) * 60 + moment.minute


def _fire_near(change: Change, reading: Reading, local: datetime, span: timedelta) -> datetime | None:
    """The fire within *span* of *local*, of what is live or wanted; None if there is none, or one fires densely."""
    crons = {row.cron for row in change.live} if isinstance(change.live, tuple) else set()
    found = None
    for cron in sorted(crons | {change.desired.wanted_cron}):
        expression = reading.expression(cron)
        if expression is None:
            continue
        before, after = previous_fire(expression, local), next_fire(expression, local)
        if before is not None and after is not None and after - before < 2 * span:
            return None
        for fire in (before, after):
            if fire is not None and abs(fire - local) < span:
                found = found or fire
    return found


def _said(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"

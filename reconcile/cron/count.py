"""Looking back, and counting fires without walking through them.

On a day whose offset does not change, an expression fires at each second of each minute of each hour it names; only the
first and last day of a span and the days on which clocks change are walked through.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from reconcile.cron.days import year_kind
from reconcile.cron.fire import fires, later_instant, next_fire
from reconcile.cron.meaning import Meaning, hazard
from reconcile.cron.parse import Expression

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


def previous_fire(expression: Expression, before: datetime) -> datetime | None:
    """Return the last fire strictly earlier than the aware *before*, in its zone; None when there is none.

    >>> from reconcile.cron import parse
    >>> previous_fire(parse("0 0 2 ? * MON-FRI"), datetime(2026, 3, 29, 3, tzinfo=UTC)).isoformat()
    '2026-03-27T02:00:00+00:00'
    """
    zone = before.tzinfo
    if zone is None:
        raise ValueError("before must be aware: a fire depends on its time zone")
    meaning = expression.meaning
    wall = _previous_wall(meaning, before.replace(tzinfo=None, microsecond=0))
    while wall is not None:
        instant = later_instant(wall, zone)
        # A wall time that matches may still not fire: daylight saving skips it, or has it later than *before*.
        if instant.astimezone(UTC) < before.astimezone(UTC) and next_fire(expression, instant - _SECOND) == instant:
            return instant
        wall = _previous_wall(meaning, wall - _SECOND)
    return None


def fires_per_day(expression: Expression) -> int:
    """Return how often *expression* fires on a day on which it fires and no clock changes.

    >>> from reconcile.cron import parse
    >>> fires_per_day(parse("0 */30 8-19 ? * * *"))
    24
    """
    meaning = expression.meaning
    return meaning.hours.bit_count() * meaning.minutes.bit_count() * meaning.seconds.bit_count()


def fire_count(expression: Expression, start: datetime, end: datetime, zone: tzinfo) -> int:
    """Return the number of fires from *start* up to but not including *end*, on the wall clock of *zone*."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if hazard(expression) or last.date() - first.date() < 2 * _DAY:
        return _walked(expression, first, last)
    total = _walked(expression, first, _midnight(first.date() + _DAY, zone))
    total += _walked(expression, _midnight(last.date(), zone), last)
    a_day = fires_per_day(expression)
    today = first.date() + _DAY
    while today < last.date():
        if _fires_on(expression.meaning, today):
            midnight, next_midnight = _midnight(today, zone), _midnight(today + _DAY, zone)
            steady = midnight.utcoffset() == next_midnight.utcoffset()
            total += a_day if steady else _walked(expression, midnight, next_midnight)
        today += _DAY
    return total


def _walked(expression: Expression, start: datetime, end: datetime) -> int:
    return sum(1 for _ in fires(expression, start - _SECOND, end - _SECOND))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _fires_on(meaning: Meaning, day: date) -> bool:
    masks = meaning.days.get(year_kind(day.year))
    return masks is not None and bool(masks[day.month - 1] >> day.day & 1) and day.year in meaning.years


def _previous_wall(meaning: Meaning, wall: datetime) -> datetime | None:
    """The last wall time of *meaning* not later than *wall*."""
    moment = _previous_time(meaning, wall)
    day = _previous_day(meaning, wall, wall.day - (moment is None))
    if day is None:
        return None
    if moment is None or day != wall.date():
        moment = time(_highest(meaning.hours), _highest(meaning.minutes), _highest(meaning.seconds))
    return datetime.combine(day, moment)


def _previous_time(meaning: Meaning, wall: datetime) -> time | None:
    """The last time of day not later than *wall*'s; None when the day has none before it."""
    hour, minute = wall.hour, wall.minute
    second = _at_most(meaning.seconds, wall.second)
    if second is None:
        second, minute = _highest(meaning.seconds), minute - 1
    found = _at_most(meaning.minutes, minute)
    if found is None:
        found, hour = _highest(meaning.minutes), hour - 1
    if found != minute:
        second = _highest(meaning.seconds)
    last = _at_most(meaning.hours, hour)
    if last is None:
        return None
    if last != hour:
        found, second = _highest(meaning.minutes), _highest(meaning.seconds)
    return time(last, found, second)


def _previous_day(meaning: Meaning, wall: datetime, day: int) -> date | None:
    for year in reversed(meaning.years[: bisect_right(meaning.years, wall.year)]):
        masks = meaning.days[year_kind(year)]
        for month in range(wall.month if year == wall.year else 12, 0, -1):
            high = day if (year, month) == (wall.year, wall.month) else 31
            found = _at_most(max(masks[month - 1], 0), high)
            if found is not None:
                return date(year, month, found)
    return None


def _at_most(mask: int, high: int) -> int | None:
    kept = mask & ((2 << high) - 1) if high >= 0 else 0
    return kept.bit_length() - 1 if kept else None


def _highest(mask: int) -> int:
    return mask.bit_length() - 1

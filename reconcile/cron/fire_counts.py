"""The previous fire, and the number of fires, computed without iterating over them.

Where the UTC offset does not change, the number of fires is seconds * minutes * hours. Only the hours around a clock
change are iterated over.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from reconcile.cron.days import year_kind
from reconcile.cron.expression import Expression, hazard
from reconcile.cron.fire import fires, later_instant, next_fire
from reconcile.cron.meaning import Meaning
from reconcile.times import clock_change, later

_NOTHING = timedelta()
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
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
    meaning, end = expression.meaning, before.astimezone(UTC)
    wall = _previous_wall(meaning, before.replace(tzinfo=None, microsecond=0))
    while wall is not None:
        instant = later_instant(wall, zone)
        # A wall time that matches may still not fire: daylight saving skips it, or moves it later than *before*.
        is_past = instant.astimezone(UTC) < end and not _is_skipped(instant)
        if is_past and next_fire(expression, instant - _SECOND) == instant:
            return instant
        wall = _previous_wall(meaning, _before_change(wall, zone) - _SECOND)
    return None


def _is_skipped(instant: datetime) -> bool:
    """Whether the wall time of *instant* lies in a gap: no clock shows it."""
    return instant.astimezone(UTC).astimezone(instant.tzinfo).replace(tzinfo=None) != instant.replace(tzinfo=None)


def _before_change(wall: datetime, zone: tzinfo) -> datetime:
    """Return where the gap or doubled hour around *wall* begins; outside both, return *wall*."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return wall
    low, high = sorted((first.astimezone(UTC), second.astimezone(UTC)))
    change = clock_change(zone, low, high)
    return change.replace(tzinfo=None) + min(first.utcoffset() or _NOTHING, second.utcoffset() or _NOTHING)


def fires_per_day(expression: Expression) -> int:
    """Return the number of fires on a day on which *expression* fires and no clock changes.

    >>> from reconcile.cron import parse
    >>> fires_per_day(parse("0 */30 8-19 ? * * *"))
    24
    """
    meaning = expression.meaning
    return meaning.hours.bit_count() * meaning.minutes.bit_count() * meaning.seconds.bit_count()


def fire_count(expression: Expression, start: datetime, end: datetime, zone: tzinfo) -> int:
    """Return the number of fires from *start* up to but not including *end*, on the wall clock of *zone*.

    >>> from reconcile.cron import parse
    >>> from zoneinfo import ZoneInfo
    >>> start, end = datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
    >>> fire_count(parse("0 0/30 * * * ?"), start, end, ZoneInfo("America/New_York"))
    46
    """
    first, last = _whole_second(start).astimezone(zone), _whole_second(end).astimezone(zone)
    if hazard(expression):
        return _walked(expression, first, last)
    total, today, a_day = 0, first.date(), fires_per_day(expression)
    while today <= last.date():
        if _fires_on(expression.meaning, today):
            begin, stop = _midnight(today, zone), _midnight(today + _DAY, zone)
            is_steady = begin.utcoffset() == stop.utcoffset()
            if is_steady and today not in (first.date(), last.date()):
                total += a_day
            else:
                edges = [begin, stop] if is_steady else _around_change(begin, stop, zone)
                total += _of_day(expression, [_utc_between(edge, first, last) for edge in edges], zone)
        today += _DAY
    return total


def _whole_second(instant: datetime) -> datetime:
    """Return the first whole second not earlier than *instant*: fires have no fractions."""
    return instant.astimezone(UTC).replace(microsecond=0) + (instant.microsecond > 0) * _SECOND


def _utc_between(instant: datetime, first: datetime, last: datetime) -> datetime:
    """Return *instant* limited to *first* … *last*, in UTC: wall clocks compare wrongly around a change."""
    return min(max(instant.astimezone(UTC), first.astimezone(UTC)), max(first, last).astimezone(UTC))


def _around_change(begin: datetime, stop: datetime, zone: tzinfo) -> list[datetime]:
    """Return the edges of three parts of the day from *begin* to *stop*: before, around and after its clock change."""
    low, high = begin.astimezone(UTC), stop.astimezone(UTC)
    change = clock_change(zone, low, high)
    margin = abs((stop.utcoffset() or _NOTHING) - (begin.utcoffset() or _NOTHING)) + _HOUR
    return [begin, max(low, change - _SECOND - margin), min(high, change + margin), stop]


def _of_day(expression: Expression, edges: list[datetime], zone: tzinfo) -> int:
    """Count the fires of a day: of all of it (two edges), or of three parts. Only the second part is iterated over."""
    total = 0
    for number, (start, end) in enumerate(pairwise(edges)):
        if start >= end:
            continue
        if number == 1:
            total += _walked(expression, start.astimezone(zone), end)
        else:
            since, until = start.astimezone(zone), end.astimezone(zone)
            total += _times_before(expression.meaning, until.time() if until.date() == since.date() else None)
            total -= _times_before(expression.meaning, since.time())
    return total


def _times_before(meaning: Meaning, time_of_day: time | None) -> int:
    """Count the fires of a day earlier than *time_of_day*; None: those of the whole day."""
    seconds, minutes = meaning.seconds.bit_count(), meaning.minutes.bit_count()
    if time_of_day is None:
        return meaning.hours.bit_count() * minutes * seconds
    found = _below(meaning.hours, time_of_day.hour) * minutes * seconds
    if meaning.hours >> time_of_day.hour & 1:
        found += _below(meaning.minutes, time_of_day.minute) * seconds
        if meaning.minutes >> time_of_day.minute & 1:
            found += _below(meaning.seconds, time_of_day.second)
    return found


def _below(mask: int, number: int) -> int:
    return (mask & (1 << number) - 1).bit_count()


def _walked(expression: Expression, start: datetime, end: datetime) -> int:
    # In UTC: on a wall clock, a second earlier may be an hour earlier.
    return sum(1 for _ in fires(expression, later(start, -_SECOND), later(end, -_SECOND)))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _fires_on(meaning: Meaning, day: date) -> bool:
    masks = meaning.days.get(year_kind(day.year))
    return masks is not None and bool(masks[day.month - 1] >> day.day & 1) and day.year in meaning.years


def _previous_wall(meaning: Meaning, wall: datetime) -> datetime | None:
    """Return the last wall time of *meaning* not later than *wall*."""
    time_of_day = _previous_time(meaning, wall)
    day = _previous_day(meaning, wall, wall.day - (time_of_day is None))
    if day is None:
        return None
    if time_of_day is None or day != wall.date():
        time_of_day = time(_highest(meaning.hours), _highest(meaning.minutes), _highest(meaning.seconds))
    return datetime.combine(day, time_of_day)


def _previous_time(meaning: Meaning, wall: datetime) -> time | None:
    """Return the last time of day not later than *wall*'s; None when the day has none."""
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

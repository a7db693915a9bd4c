"""When an expression fires: the next fire, and all fires of a span, on the wall clock of a zone.

Quartz reads a wall time inside a daylight saving gap with the offset before the gap, and continues from there: a fire
in the gap is dropped, not delayed. An ambiguous wall time is always the later instant: each fires once, the second
time. Source: QUARTZ_CRON.md, 7; vectors, rows in America/New_York, Australia/Lord_Howe and America/Sao_Paulo.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

from reconcile.cron.days import hanging_day, year_kind
from reconcile.cron.expression import Expression
from reconcile.cron.meaning import Meaning

_SECOND = timedelta(seconds=1)
_MIDNIGHT = time()


def next_fire(expression: Expression, after: datetime) -> datetime | None:
    """Return the first fire strictly later than the aware *after*, in *after*'s zone; None when there is none.

    A wall-clock time skipped by daylight saving does not fire; a repeated one fires once, at its second occurrence, as
    in Quartz 2.3.2.

    >>> from reconcile.cron import parse
    >>> next_fire(parse("0 0 2 ? * MON-FRI"), datetime(2026, 3, 27, 3, tzinfo=UTC)).isoformat()
    '2026-03-30T02:00:00+00:00'
    """
    zone = after.tzinfo
    if zone is None:
        raise ValueError("after must be aware: a fire depends on its time zone")
    meaning = expression.meaning
    if meaning.never_fires:
        return None
    if not after.fold:
        # The search begins one second later, without fractions.
        wall = after.replace(tzinfo=None, microsecond=0) + _SECOND
        found = _next_wall(meaning, wall)
        if found is None:
            return None
        if _is_steady(after, wall, found):
            return found.replace(tzinfo=zone)
    # Quartz reads the start, an instant, as a wall time again.
    start = (after.astimezone(UTC) + _SECOND).replace(microsecond=0).astimezone(zone)
    found = _next_wall_by_steps(meaning, _past_gap(start.replace(tzinfo=None, fold=0), zone), zone)
    return None if found is None else later_instant(found, zone)


def fires(expression: Expression, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
    """Yield the fires strictly later than *after*, in its zone, up to and including *until*."""
    fire = next_fire(expression, after)
    while fire is not None and (until is None or fire.astimezone(UTC) <= until.astimezone(UTC)):
        yield fire
        fire = next_fire(expression, fire)


def _past_gap(wall: datetime, zone: tzinfo) -> datetime:
    """Return *wall*, or the time after the gap when daylight saving skips *wall*."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset()
    after = wall.replace(tzinfo=zone, fold=1).utcoffset()
    assert before is not None and after is not None, "a zone knows its offsets"
    return wall + (after - before) if after > before else wall


def later_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the last instant at which clocks in *zone* show *wall*; fold is 1 only where the two passes differ."""
    second = wall.replace(tzinfo=zone, fold=1)
    first = wall.replace(tzinfo=zone, fold=0)
    return second if second.utcoffset() != first.utcoffset() else first


def _is_steady(after: datetime, wall: datetime, found: datetime) -> bool:
    """Whether no clock change affects the search from *after*, which is one second before *wall*, to *found*.

    Quartz checks the start and, on a later day, midnight and the times after it. It skips the days between.
    """
    zone = after.tzinfo
    fire = found.replace(tzinfo=zone)
    offset = fire.utcoffset()
    if offset != fire.replace(fold=1).utcoffset():
        return False
    start = after.utcoffset()
    if found.date() == wall.date():
        return start == offset
    return (
        offset == datetime.combine(found, _MIDNIGHT, zone).utcoffset()
        and start == wall.replace(tzinfo=zone).utcoffset()
    )


def _next_wall(meaning: Meaning, wall: datetime) -> datetime | None:
    """Return the first wall time of *meaning* not earlier than *wall*, without regard to daylight saving."""
    time_of_day = _next_time(meaning, wall.hour, wall.minute, wall.second)
    day = _next_day(meaning, wall, wall.day + (time_of_day is None))
    if day is None:
        return None
    if time_of_day is None or day != (wall.year, wall.month, wall.day):
        time_of_day = _first_time(meaning)
    return datetime(*day, *time_of_day)  # noqa: DTZ001 - a wall time has no zone yet


def _next_wall_by_steps(meaning: Meaning, wall: datetime, zone: tzinfo) -> datetime | None:
    """Return the same with Quartz's steps: each wall time in a gap moves after the gap before the search continues."""
    start = wall
    while True:
        second = _at_least(meaning.seconds, wall.second)
        if second is None:
            wall = _past_gap(wall.replace(second=_lowest(meaning.seconds)) + timedelta(minutes=1), zone)
        else:
            wall = wall.replace(second=second)
        minute = _at_least(meaning.minutes, wall.minute)
        hour = _at_least(meaning.hours, wall.hour)
        if minute is None:
            wall = wall.replace(minute=_lowest(meaning.minutes), second=0) + timedelta(hours=1)
        elif minute != wall.minute:
            wall = wall.replace(minute=minute, second=0)
        elif hour is None:
            wall = wall.replace(hour=_lowest(meaning.hours), minute=0, second=0) + timedelta(days=1)
        elif hour != wall.hour:
            wall = wall.replace(hour=hour, minute=0, second=0)
        else:
            day = _next_day(meaning, wall, wall.day, start)
            if day is None or day == (wall.year, wall.month, wall.day):
                return None if day is None else wall
            wall = datetime(*day)  # noqa: DTZ001 - a wall time has no zone yet
        wall = _past_gap(wall, zone)


def _next_time(meaning: Meaning, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
    """Return the first time of day not earlier than the given one; None when the day has none."""
    hours, minutes, seconds = meaning.hours, meaning.minutes, meaning.seconds
    if hours >> hour & 1:
        if minutes >> minute & 1:
            rest = seconds >> second
            if rest:
                return hour, minute, second + (rest & -rest).bit_length() - 1
        rest = minutes >> minute + 1
        if rest:
            return hour, minute + (rest & -rest).bit_length(), _lowest(seconds)
    rest = hours >> hour + 1
    return (hour + (rest & -rest).bit_length(), _lowest(minutes), _lowest(seconds)) if rest else None


def _next_day(meaning: Meaning, wall: datetime, day: int, start: datetime | None = None) -> tuple[int, int, int] | None:
    """Return the first date from *day* of *wall*'s month on (*day* may be one past its end). *start*: of the search."""
    years = meaning.years
    for index in range(bisect_left(years, wall.year), len(years)):
        year = years[index]
        is_first = year == wall.year
        masks = meaning.days[year_kind(year)]
        for month in range(wall.month if is_first else 1, 13):
            mask = masks[month - 1]
            if mask < 0:
                if _comes_back(meaning, year, month, hanging_day(mask), start or wall):
                    return None
                continue
            low = day if is_first and month == wall.month else 1
            rest = mask >> low
            if rest:
                return year, month, low + (rest & -rest).bit_length() - 1
    return None


def _comes_back(meaning: Meaning, year: int, month: int, day: int, start: datetime) -> bool:
    """Whether Quartz's search, sent back to *day* (0 or earlier) of the month, would return to the month for ever."""
    first = datetime(year, month, 1, *_first_time(meaning))  # noqa: DTZ001 - a wall time has no zone yet
    return first + timedelta(days=day - 1) >= start


def _first_time(meaning: Meaning) -> tuple[int, int, int]:
    return _lowest(meaning.hours), _lowest(meaning.minutes), _lowest(meaning.seconds)


def _at_least(mask: int, low: int) -> int | None:
    rest = mask >> low
    return low + (rest & -rest).bit_length() - 1 if rest else None


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1

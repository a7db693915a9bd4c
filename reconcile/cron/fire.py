"""When an expression fires: walks the masks of its meaning on the wall clock of a zone.

Quartz reads a wall time inside a gap of daylight saving with the offset before it, and goes on searching from there: a
fire in the gap is dropped, not delayed. An ambiguous wall time is always the later instant: each fires once, in the
second pass. Source: QUARTZ_CRON.md, 7; vectors, rows in America/New_York, Australia/Lord_Howe and America/Sao_Paulo.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from reconcile.cron.days import hanging_day, year_kind
from reconcile.cron.meaning import Meaning
from reconcile.cron.parse import Expression

_SECOND = timedelta(seconds=1)


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
    # Search begins a second later, with fractions cut off; that instant is itself re-read as a wall time.
    start = (after.astimezone(UTC) + _SECOND).replace(microsecond=0).astimezone(zone)
    wall = _past_gap(start.replace(tzinfo=None, fold=0), zone)
    found = _next_wall(expression.meaning, wall)
    if found is None:
        return None
    if not _is_steady(wall, found, zone):
        found = _next_wall_by_steps(expression.meaning, wall, zone)
    return None if found is None else later_instant(found, zone)


def fires(expression: Expression, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
    """Yield the fires strictly later than *after*, in its zone, up to and including *until*."""
    fire = next_fire(expression, after)
    while fire is not None and (until is None or fire.astimezone(UTC) <= until.astimezone(UTC)):
        yield fire
        fire = next_fire(expression, fire)


def _past_gap(wall: datetime, zone: tzinfo) -> datetime:
    """*wall* itself, or where it lands when daylight saving skips it."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset()
    after = wall.replace(tzinfo=zone, fold=1).utcoffset()
    assert before is not None and after is not None, "a zone knows its offsets"
    return wall + (after - before) if after > before else wall


def later_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant at which *wall* is read the last time in *zone*; fold says so only where it matters."""
    second = wall.replace(tzinfo=zone, fold=1)
    first = wall.replace(tzinfo=zone, fold=0)
    return second if second.utcoffset() != first.utcoffset() else first


def _is_steady(wall: datetime, found: datetime, zone: tzinfo) -> bool:
    """Whether the offset does not change where the search from *wall* to *found* stops on its way.

    It stops on the first day and, from midnight, on the last; the days between are passed over.
    """
    start = wall if wall.date() == found.date() else found.replace(hour=0, minute=0, second=0)
    offset = found.replace(tzinfo=zone).utcoffset()
    return offset == start.replace(tzinfo=zone).utcoffset() == found.replace(tzinfo=zone, fold=1).utcoffset()


def _next_wall(meaning: Meaning, wall: datetime) -> datetime | None:
    """The first wall time of *meaning* not earlier than *wall*, where no daylight saving is in the way."""
    if meaning.never_fires:
        return None
    time = _next_time(meaning, wall.hour, wall.minute, wall.second)
    day = _next_day(meaning, wall, wall.day + (time is None))
    if day is None:
        return None
    if time is None or day != (wall.year, wall.month, wall.day):
        time = _first_time(meaning)
    return datetime(*day, *time)  # noqa: DTZ001 - a wall time has no zone yet


def _next_wall_by_steps(meaning: Meaning, wall: datetime, zone: tzinfo) -> datetime | None:
    """The same, stopping where Quartz stops: each wall time that it sets on its way is read again past a gap."""
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
    """The first time of day not earlier than the given one; None when the day has no more."""
    next_second = _at_least(meaning.seconds, second)
    if next_second is None:
        next_second, minute = _lowest(meaning.seconds), minute + 1
    next_minute = _at_least(meaning.minutes, minute)
    if next_minute != minute:
        next_second = _lowest(meaning.seconds)
    if next_minute is None:
        next_minute, hour = _lowest(meaning.minutes), hour + 1
    next_hour = _at_least(meaning.hours, hour)
    if next_hour is None:
        return None
    if next_hour != hour:
        return next_hour, _lowest(meaning.minutes), _lowest(meaning.seconds)
    return next_hour, next_minute, next_second


def _next_day(meaning: Meaning, wall: datetime, day: int, start: datetime | None = None) -> tuple[int, int, int] | None:
    """The first date from *day* (it may be one past the end) of *wall*'s month on; the search began at *start*."""
    years = meaning.years
    for year in years[bisect_left(years, wall.year) :]:
        masks = meaning.days[year_kind(year)]
        for month in range(wall.month if year == wall.year else 1, 13):
            mask = masks[month - 1]
            back = hanging_day(mask)
            if back is not None:
                if _comes_back(meaning, year, month, back, start or wall):
                    return None
                continue
            found = _at_least(mask, day if (year, month) == (wall.year, wall.month) else 1)
            if found is not None:
                return year, month, found
    return None


def _comes_back(meaning: Meaning, year: int, month: int, day: int, start: datetime) -> bool:
    """Whether Quartz's search, sent back to *day* (0 or earlier) of the month, would come to it again for ever."""
    first = datetime(year, month, 1, *_first_time(meaning))  # noqa: DTZ001 - a wall time has no zone yet
    return first + timedelta(days=day - 1) >= start


def _first_time(meaning: Meaning) -> tuple[int, int, int]:
    return _lowest(meaning.hours), _lowest(meaning.minutes), _lowest(meaning.seconds)


def _at_least(mask: int, low: int) -> int | None:
    rest = mask >> low
    return low + (rest & -rest).bit_length() - 1 if rest else None


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1

"""Rules about changes of clocks: fires in an hour that is skipped, or that comes twice.

Quartz drops a fire in a gap and does not make up for it; a wall time that comes twice fires at its second coming.
Source: QUARTZ_CRON.md, 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reconcile.cron import Meaning
from reconcile.cron.days import YearKind, year_kind
from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark, mark
from reconcile.model.rules import CronRule
from reconcile.times import clock_change

_AHEAD_DAYS = 731
# No zone changes its offset twice within as little.
_PACE = timedelta(hours=12)
_MINUTE = timedelta(minutes=1)
_ALL_HOURS = (1 << 24) - 1


class Piece(NamedTuple):
    """The part of a gap or doubled hour within one *day*, in minutes of it: from *start* up to *end*, not included.

    *hours* is the mask of the hours that it touches.
    """

    day: date
    kind: YearKind
    start: int
    end: int
    hours: int


class ClockChange(NamedTuple):
    """A change of clocks *at* an instant: the wall time from *start* to *end* is skipped (*is_gap*) or comes twice."""

    at: datetime
    is_gap: bool
    start: datetime
    end: datetime
    pieces: tuple[Piece, ...]

    @property
    def span(self) -> str:
        """Return the wall time that is meant, in a few characters."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@lru_cache(maxsize=1024)
def changes(zone: ZoneInfo, since: date) -> tuple[ClockChange, ...]:
    """Return the changes of clocks in *zone* in the two years from *since* on."""
    start = datetime.combine(since, time(), UTC)
    end = start + timedelta(days=_AHEAD_DAYS)
    found = []
    offset = _offset(zone, start)
    while start < end:
        following = start + _PACE
        next_offset = _offset(zone, following)
        if next_offset != offset:
            found.append(_change(zone, start, following))
        start, offset = following, next_offset
    return tuple(found)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None, "a zone knows its offsets"
    return offset


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> ClockChange:
    """Return the change of clocks after *low* and not after *high*."""
    before, after = _offset(zone, low), _offset(zone, high)
    at = clock_change(zone, low, high)
    wall = at.replace(tzinfo=None)
    start, end = wall + min(before, after), wall + max(before, after)
    return ClockChange(at, after > before, start, end, tuple(_pieces(start, end)))


def _pieces(start: datetime, end: datetime) -> Iterator[Piece]:
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time())
        stop = min(end, midnight)
        first = start.hour * 60 + start.minute
        last = first + (stop - start) // _MINUTE
        hours = (1 << (last + 59) // 60) - (1 << first // 60)
        yield Piece(start.date(), year_kind(start.year), first, last, hours)
        start = stop


def _fire_within(meaning: Meaning, change: ClockChange) -> datetime | None:
    """Return the first wall time of *meaning* that the change skips or doubles."""
    for piece in change.pieces:
        masks = meaning.days.get(piece.kind)
        if masks is None or not meaning.hours & piece.hours:
            continue
        # Below zero: a month in which Quartz hangs.
        days = max(0, masks[piece.day.month - 1])
        if days >> piece.day.day & 1 and piece.day.year in meaning.years:
            minute = _first_minute(meaning, piece.start, piece.end)
            if minute is not None:
                second = (meaning.seconds & -meaning.seconds).bit_length() - 1
                return datetime.combine(piece.day, time(minute // 60, minute % 60, second))
    return None


def _first_minute(meaning: Meaning, start: int, end: int) -> int | None:
    for hour in range(start // 60, (end + 59) // 60):
        if meaning.hours >> hour & 1:
            low = max(start - hour * 60, 0)
            rest = meaning.minutes >> low
            minute = hour * 60 + low + (rest & -rest).bit_length() - 1
            if rest and minute < end:
                return minute
    return None


def _next_within(cron: CheckedCron, *, is_gap: bool) -> tuple[ClockChange, datetime] | None:
    """Return the next change of clocks that meets a fire, and the wall time of that fire."""
    zone, meaning = cron.zone, cron.expression.meaning
    if zone is None or (is_gap and meaning.hours == _ALL_HOURS):
        return None
    for change in changes(zone, cron.now.astimezone(UTC).date()):
        if change.is_gap is is_gap and change.at > cron.now:
            fire = _fire_within(meaning, change)
            if fire is not None:
                return change, fire
    return None


def _in_gap(cron: CheckedCron) -> Iterator[Mark]:
    found = _next_within(cron, is_gap=True)
    if found is not None:
        change, fire = found
        message = f"does not fire at {_clock(fire)} on {fire.date()}: clocks in {cron.zone} skip {change.span} then"
        hint = f"choose a time outside {change.span}; Quartz does not make up for the fire"
        yield mark(cron.expression.fields[1], message, hint, last=cron.expression.fields[2])


def _in_doubled_hour(cron: CheckedCron) -> Iterator[Mark]:
    found = _next_within(cron, is_gap=False)
    if found is None:
        return
    change, fire = found
    day = f"on {fire.date()} in {cron.zone}"
    if cron.expression.meaning.hours == _ALL_HOURS:
        pause = (change.end - change.start) // _MINUTE
        message = f"pauses for {pause} minutes {day}: {change.span} comes twice, and Quartz fires the second time only"
        hint = "nothing to do where the pause does no harm; alarms about missed fires should know of it"
    else:
        message = f"{_clock(fire)} comes twice {day}: Quartz fires the second time only"
        hint = f"choose a time outside {change.span} if the first is meant"
    yield mark(cron.expression.fields[1], message, hint, last=cron.expression.fields[2])


def _clock(fire: datetime) -> str:
    return f"{fire:%H:%M:%S}" if fire.second else f"{fire:%H:%M}"


CLOCKS = (
    CronCheck(
        CronRule.FIRE_IN_GAP,
        "On the day on which daylight saving begins, the wall time from 02:00 to 03:00 (in many zones) does not exist. "
        "Quartz drops a fire in it and does not make up for it: a daily job is left out once a year. What fires in all "
        "hours of the day loses nothing by it, and is not found.",
        "0 30 2 * * ?",
        "0 30 3 * * ?",
        _in_gap,
        example_zone="America/New_York",
    ),
    CronCheck(
        CronRule.FIRE_IN_DOUBLED_HOUR,
        "On the day on which daylight saving ends, an hour comes twice. Quartz fires once, the second time, which is "
        "an hour later than one may expect; what fires every few minutes pauses for the whole first hour.",
        "0 30 1 * * ?",
        "0 30 0 * * ?",
        _in_doubled_hour,
        example_zone="America/New_York",
    ),
)

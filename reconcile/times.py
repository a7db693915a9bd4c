"""Durations, instants and time zones: as text, from text, and added up in UTC.

A duration is ``10s``, ``5m``, ``2h`` or ``1d``. An instant is an aware datetime. Two datetimes of one zone are compared
and subtracted by their wall clocks in Python; `later` and `between` count the time that really passes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from reconcile.errors import SettingError
from reconcile.text import did_you_mean, shown

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
LONGEST = timedelta(days=365)
"""The longest duration that an option or a setting takes."""

_SECOND = timedelta(seconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MIDDLE_YEAR = 5000
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration_seconds(text: str) -> float | None:
    """Return the seconds of a duration such as ``20ms``, ``10s``, ``1.5h`` or ``7d``; None for any other text.

    >>> duration_seconds("20ms"), duration_seconds("1.5h"), duration_seconds("soon")
    (0.02, 5400.0, None)
    """
    match = _DURATION.fullmatch(text)
    return None if match is None else round(float(match[1]) * _SECONDS[match[2]], 9)


def duration(text: str) -> timedelta:
    """Return the duration that *text* is.

    Raises:
        ValueError: it is not a duration.
    """
    seconds = duration_seconds(text)
    if seconds is None:
        raise ValueError(text)
    return timedelta(seconds=seconds)


def is_too_long(text: str) -> bool:
    """Return whether *text* is a duration, and a longer one than `LONGEST`.

    >>> is_too_long("365d"), is_too_long("366d"), is_too_long("soon")
    (False, True, False)
    """
    seconds = duration_seconds(text)
    return seconds is not None and seconds > LONGEST.total_seconds()


def duration_text(span: timedelta) -> str:
    """Return *span* as the settings write it, in the largest unit of which it is a whole number.

    >>> duration_text(timedelta(days=1)), duration_text(timedelta(minutes=90)), duration_text(timedelta(seconds=1.5))
    ('1d', '90m', '1.5s')
    """
    seconds = span.total_seconds()
    whole = (unit for unit in ("d", "h", "m") if seconds and seconds % _SECONDS[unit] == 0)
    unit = next(whole, "s")
    return f"{seconds / _SECONDS[unit]:.6f}".rstrip("0").rstrip(".") + unit


def instant(text: str) -> datetime | None:
    """Return the instant, in UTC, that *text* says by ISO 8601 with an offset; None for any other text.

    >>> instant("2020-04-26T15:59:59.652+0800"), instant("2020-04-26")
    (datetime.datetime(2020, 4, 26, 7, 59, 59, 652000, tzinfo=datetime.timezone.utc), None)
    """
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def instant_text(at: datetime, *, timespec: str = "seconds") -> str:
    """Return an instant as documents have it: in UTC.

    >>> instant_text(datetime(2026, 1, 5, 8, tzinfo=ZoneInfo("Asia/Shanghai")))
    '2026-01-05T00:00:00Z'
    """
    return at.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00") + "Z"


def instant_name(at: datetime) -> str:
    """Return an instant, to the second in UTC, for a name: it sorts, and holds no character that a file name cannot.

    >>> instant_name(datetime(2026, 1, 5, 1, 35, tzinfo=UTC))
    '20260105T013500Z'
    """
    return instant_text(at).replace("-", "").replace(":", "")


def local_text(at: datetime, *, timespec: str = "seconds") -> str:
    """Return *at* as a person reads it: what its own clock shows, and its offset where it has one.

    >>> local_text(datetime(2026, 1, 5, 8, tzinfo=ZoneInfo("Asia/Shanghai")))
    '2026-01-05 08:00:00+08:00'
    """
    return at.isoformat(sep=" ", timespec=timespec)


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone called *name*.

    Raises:
        SettingError: there is no zone of this name; the hint is the closest one.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = did_you_mean(name, available_timezones()) or "write an IANA name, such as Asia/Shanghai"
        raise SettingError(f"{shown(name)} is not a time zone", hint=hint) from error


def in_zone(at: datetime, name: str) -> datetime:
    """Return the instant *at* on the clocks of the time zone called *name*."""
    return at.astimezone(time_zone(name))


def clock_change(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """Return the second, in UTC, at which the clocks of *zone* change between the instants *low* and *high*, of UTC."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, at which the clocks of *zone* show *wall*.

    The earlier one of a wall time that comes twice; where the change of clocks skips it, as long before the change as
    *wall* is before the time to which they are changed.
    """
    return min(_instant(wall, zone, fold) for fold in (0, 1))


def last_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the last instant, in UTC, at which the clocks of *zone* show *wall*.

    The later one of a wall time that comes twice; where the change of clocks skips it, as long after the change as
    *wall* is after the time at which they are changed.
    """
    return max(_instant(wall, zone, fold) for fold in (0, 1))


def times_shown(wall: datetime, zone: tzinfo) -> int:
    """Return how often the clocks of *zone* show *wall*: 0 where they skip it, 2 where they are put back over it."""
    first, second = (_instant(wall, zone, fold) for fold in (0, 1))
    return 1 if first == second else 2 if first < second else 0


def _instant(wall: datetime, zone: tzinfo, fold: int) -> datetime:
    """Return *wall* as an instant; the first or the last of the calendar, where it is too near to these."""
    try:
        return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    except OverflowError:
        return _FIRST if wall.year < _MIDDLE_YEAR else _LAST


def later(at: datetime, span: timedelta) -> datetime:
    """Return the instant *span* after *at*, on the same clocks: also where these change meanwhile."""
    return (at.astimezone(UTC) + span).astimezone(at.tzinfo)


def between(start: datetime, end: datetime) -> timedelta:
    """Return the time that passes from *start* to *end*; below zero where *end* is the earlier."""
    return end.astimezone(UTC) - start.astimezone(UTC)

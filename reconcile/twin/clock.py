"""The twin's clock: the machine's time, or a clock that starts elsewhere, runs faster, stands still or is advanced.

All instants inside the twin are whole milliseconds since 1970 in UTC: an int is small, compares fast and has no zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from reconcile.errors import SettingError
from reconcile.times import duration_seconds, instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
# Within these years every time, and the fires after it, can be given in any zone.
_EARLIEST_MS, _LATEST_MS = 0, 32_503_680_000_000


def span_ms(text: str) -> int:
    """Return the milliseconds of a span such as ``20ms``, ``10s``, ``5m``, ``2h`` or ``7d``.

    Raises:
        SettingError: it is not a span.
    """
    seconds = duration_seconds(text)
    if seconds is None:
        raise SettingError(f"{text!r} is not a span of time: write 20ms, 10s, 5m, 2h or 7d")
    return int(min(round(seconds * 1000, 6), _LATEST_MS))


def instant_ms(text: str) -> int:
    """Return the milliseconds since 1970 in UTC of an ISO 8601 instant with its offset.

    Raises:
        SettingError: it is not an instant, or before 1970, or after 2999.
    """
    found = instant(text)
    if found is None:
        raise SettingError(f"{text!r} is not an instant with an offset, such as 2026-01-05T00:00:00+08:00")
    return check_instant(to_ms(found))


def check_instant(ms: int) -> int:
    """Return *ms*, an instant.

    Raises:
        SettingError: it is before 1970, or after 2999.
    """
    if not _EARLIEST_MS <= ms < _LATEST_MS:
        raise SettingError("a twin knows no times before 1970 or after 2999")
    return ms


def to_ms(at: datetime) -> int:
    """Return the instant *at* as milliseconds since 1970 in UTC, fractions cut off."""
    return (at - _EPOCH) // _MS


def from_ms(ms: int, zone: tzinfo = UTC) -> datetime:
    """Return the instant *ms* milliseconds after 1970 in UTC, in *zone*."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


def service_time(ms: int) -> str:
    """Return the instant as the service writes it, in UTC.

    >>> service_time(1587916799652)
    '2020-04-26T15:59:59.652+0000'
    """
    return f"{from_ms(ms).replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000"


class TwinClock:
    """A clock that starts at *start* (the machine's time when None) and runs *speed* times as fast as the machine's."""

    def __init__(
        self, start: datetime | None = None, speed: float = 1.0, *, machine: Callable[[], float] = time.time
    ) -> None:
        self._machine = machine
        self._since = machine()
        self._origin = self._since * 1000 if start is None else float(check_instant(to_ms(start)))
        self.speed = speed

    def now_ms(self) -> int:
        """Return the clock's time in milliseconds since 1970 in UTC."""
        return int(self._origin + (self._machine() - self._since) * 1000 * self.speed)

    def change(self, *, now_ms: int | None = None, speed: float | None = None) -> None:
        """Set the clock to *now_ms*, let it run *speed* times as fast from now on, or both.

        Raises:
            SettingError: that is a time before 1970, or after 2999.
        """
        check_instant(self.now_ms() if now_ms is None else now_ms)
        self._origin = float(self.now_ms() if now_ms is None else now_ms)
        self._since = self._machine()
        self.speed = self.speed if speed is None else speed

    def advance(self, ms: int) -> None:
        """Move the clock *ms* milliseconds forward.

        Raises:
            SettingError: it would then show a time after 2999.
        """
        check_instant(self.now_ms() + ms)
        self._origin += ms

    def seconds_until(self, ms: int) -> float | None:
        """Return how many seconds of the machine's time pass until the clock shows *ms*; None when it stands still."""
        if self.speed <= 0:
            return None
        return max(0.0, (ms - self.now_ms()) / 1000 / self.speed)

    def seconds_since(self, ms: int) -> float:
        """Return how many seconds of the machine's time have passed since the clock showed *ms*; 0 if it stands."""
        return (self.now_ms() - ms) / 1000 / self.speed if self.speed > 0 else 0.0

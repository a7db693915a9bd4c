"""When jobs fire, in milliseconds: the cron engine in the twin's zone, with a cache for crons that many jobs share."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from reconcile.cron import Expression, next_fire
from reconcile.model.reading import DEFAULT_READING, Reading
from reconcile.twin.clock import from_ms, to_ms

_CACHED = 200_000


class NeverFiresError(Exception):
    """Quartz accepts the expression, but its scheduler refuses the trigger: no fire is left."""


class FireTimes:
    """The fires of cron texts in *zone*.

    *reading* is that of the twin's own Quartz, whatever the settings of an environment are.
    """

    def __init__(self, zone: tzinfo, reading: Reading = DEFAULT_READING) -> None:
        self._zone = zone
        self._reading = reading
        self._expressions: dict[str, Expression] = {}
        self._next: dict[tuple[str, int], int | None] = {}
        self._walked: dict[tuple[str, int, int], list[int]] = {}
        self._walked_fires = 0
        self._midnights: dict[date, int | None] = {}

    def check(self, text: str, now_ms: int) -> None:
        """Return when *text* is a cron that Quartz schedules at *now_ms*.

        Raises:
            CronSyntaxError: Quartz refuses the text.
            NeverFiresError: it has no fire after *now_ms*.
        """
        expression = self._reading.parse(text)
        if next_fire(expression, from_ms(now_ms, self._zone)) is None:
            raise NeverFiresError(text)

    def next_ms(self, text: str, after_ms: int) -> int | None:
        """Return the first fire later than *after_ms*; None when there is none, or *text* is not a cron."""
        key = (text, after_ms)
        if key in self._next:
            return self._next[key]
        if len(self._next) >= _CACHED:
            self._next.clear()
        expression = self._expression(text)
        fire = None if expression is None else next_fire(expression, from_ms(after_ms, self._zone))
        found = self._next[key] = None if fire is None else to_ms(fire)
        return found

    def fires_ms(self, text: str, first_ms: int, until_ms: int) -> list[int]:
        """Return the fire *first_ms* and those that follow it up to and including *until_ms*, in order.

        The list is cached for the jobs that share the cron: the caller must not change it.
        """
        key = (text, first_ms, until_ms)
        known = self._walked.get(key)
        if known is not None:
            return known
        if self._walked_fires > _CACHED:
            self._walked.clear()
            self._walked_fires = 0
        found = self._walked[key] = self._walk(text, first_ms, until_ms)
        self._walked_fires += len(found)
        return found

    def _walk(self, text: str, first_ms: int, until_ms: int) -> list[int]:
        """Compute `fires_ms` day by day: on every day without a clock change the times are the same."""
        expression = self._expression(text)
        assert expression is not None, "what has fired has an expression"
        found: list[int] = []
        fire: int | None = first_ms
        while fire is not None and fire <= until_ms:
            found.append(fire)
            midnight = self._midnight_ms(from_ms(fire, self._zone).date())
            if midnight is not None:
                meaning = expression.meaning
                times = _times_of_day(meaning.hours, meaning.minutes, meaning.seconds)
                rest = times[bisect_right(times, fire - midnight) : bisect_right(times, until_ms - midnight)]
                found.extend([midnight + ms for ms in rest])
            following = next_fire(expression, from_ms(found[-1], self._zone))
            fire = None if following is None else to_ms(following)
        return found

    def _midnight_ms(self, day: date) -> int | None:
        """Return when *day* begins; None when a clock changes on it."""
        if day not in self._midnights:
            if len(self._midnights) >= _CACHED:
                self._midnights.clear()
            start = datetime.combine(day, time(), self._zone)
            # No zone has changed its clocks twice within half an hour.
            walls = [start.replace(tzinfo=None) + timedelta(minutes=30 * number) for number in range(49)]
            offsets = {wall.replace(tzinfo=self._zone, fold=fold).utcoffset() for wall in walls for fold in (0, 1)}
            self._midnights[day] = to_ms(start) if len(offsets) == 1 else None
        return self._midnights[day]

    def _expression(self, text: str) -> Expression | None:
        """Return what *text* means; None for a cron that Quartz refuses, which a change by hand may have written."""
        if text not in self._expressions:
            expression = self._reading.expression(text)
            if expression is None:
                return None
            self._expressions[text] = expression
        return self._expressions[text]


@lru_cache(maxsize=4000)
def _times_of_day(hours: int, minutes: int, seconds: int) -> list[int]:
    """Return the times of day that three masks allow, in milliseconds after midnight, in order."""
    return [
        ((hour * 60 + minute) * 60 + second) * 1000
        for hour in _bits(hours)
        for minute in _bits(minutes)
        for second in _bits(seconds)
    ]


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(60) if mask >> bit & 1]

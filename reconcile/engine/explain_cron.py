"""A cron expression explained to a person: words, fields, fires, findings, and a comparison with another one.

Pure: *after* is an argument, and no search is endless. Fires are aware, in the zone of *after*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from reconcile.cron import Expression, Meaning, field_words, fires, fires_per_day, hazard, same_fires, words
from reconcile.cron.days import year_kind
from reconcile.cron.fire import later_instant
from reconcile.engine.cron_rules import CheckedCron, check_cron
from reconcile.model.finding import Finding
from reconcile.source import Span

# A search gives up after so many wall times that only one of two expressions names. Nearly all of them fire, except
# those that a change of clocks skips.
_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One of the seven fields: its Quartz *name*, its *text* as read, and what that says by itself."""

    name: str
    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another expression: whether both fire alike, and the first fires that only one of them has."""

    text: str
    words: str
    is_same: bool
    fires_per_day: int
    only_here: tuple[datetime, ...] = ()
    """Fires of the explained expression that the other lacks."""
    only_there: tuple[datetime, ...] = ()
    """Fires of the other that the explained expression lacks."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one expression means; *fires* are the next ones later than *after*, in its zone, called *timezone*.

    *declared* is what *text* was before each ``H`` in it was resolved. *findings* are those of the rules, about both
    expressions where two are compared.
    """

    text: str
    declared: str
    words: str
    fields: tuple[ExplainedField, ...]
    timezone: str
    after: datetime
    fires: tuple[datetime, ...]
    fires_per_day: int
    never_fires: bool
    hazard: str | None = None
    """Why it must never reach a service though Quartz accepts it."""
    findings: tuple[Finding, ...] = ()
    comparison: Comparison | None = None


def explain(
    expression: Expression,
    after: datetime,
    *,
    count: int = 5,
    language: str = "en",
    against: Expression | None = None,
    declared: str | None = None,
) -> Explanation:
    """Return what *expression* means, with its next *count* fires later than the aware *after*, in *after*'s zone.

    >>> from datetime import UTC, datetime
    >>> from reconcile.cron import parse
    >>> explain(parse("0 0 2 * * ?"), datetime(2026, 3, 27, 3, tzinfo=UTC), count=1).fires[0].isoformat()
    '2026-03-28T02:00:00+00:00'
    """
    return Explanation(
        text=expression.text,
        declared=expression.text if declared is None else declared,
        words=words(expression, language),
        fields=tuple(
            ExplainedField(one.field.name, one.text, field_words(expression, one, language))
            for one in expression.fields
        ),
        timezone=str(after.tzinfo),
        after=after,
        fires=tuple(islice(fires(expression, after), count)),
        fires_per_day=fires_per_day(expression),
        never_fires=expression.meaning.never_fires,
        hazard=hazard(expression),
        findings=(
            *_findings(expression, "<cron>", after),
            *(() if against is None else _findings(against, "<against>", after)),
        ),
        comparison=None if against is None else _comparison(expression, against, after, count, language),
    )


def lacking(one: Expression, other: Expression, after: datetime) -> Iterator[datetime]:
    """Yield the fires of *one* later than *after* that *other* does not have, in *after*'s zone.

    Only days and hours in which the two can differ are looked into, so that a difference in many years is found as
    quickly as one today.

    Raises:
        ValueError: *after* has no zone.
    """
    zone = after.tzinfo
    if zone is None:
        raise ValueError("after must be aware: a fire depends on its time zone")
    for wall in islice(_walls_lacking(one.meaning, other.meaning, after.replace(tzinfo=None)), _LOOKED_AT):
        fire = later_instant(wall, zone)
        instant = fire.astimezone(UTC)
        # Clocks may skip a wall time, and what is left of the first hour may be over.
        is_skipped = instant.astimezone(zone).replace(tzinfo=None) != wall
        if not is_skipped and instant > after.astimezone(UTC):
            yield fire


def _findings(expression: Expression, name: str, now: datetime) -> Iterator[Finding]:
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else None
    for rule, mark in check_cron(CheckedCron(expression.text, expression, zone, now)):
        place = Span(name, 1, mark.column + 1, mark.width)
        yield Finding(rule, mark.message, place, mark.hint, expression.text)


def _comparison(expression: Expression, against: Expression, after: datetime, count: int, language: str) -> Comparison:
    is_same = same_fires(expression, against)
    return Comparison(
        text=against.text,
        words=words(against, language),
        is_same=is_same,
        fires_per_day=fires_per_day(against),
        only_here=() if is_same else tuple(islice(lacking(expression, against, after), count)),
        only_there=() if is_same else tuple(islice(lacking(against, expression, after), count)),
    )


def _walls_lacking(one: Meaning, other: Meaning, after: datetime) -> Iterator[datetime]:
    """Yield the wall times of *one* from the hour of *after* on that *other* does not name."""
    beyond = _is_beyond(one, other)
    for year, month in _months(one, after):
        days, theirs = one.days[year_kind(year)][month - 1], _day_mask(other, year, month)
        if days < 0:
            return  # Quartz's search never comes out of this month
        first = after.day if (year, month) == (after.year, after.month) else 1
        for day in _bits(days & ~theirs if not beyond else days, first):
            shared = bool(theirs >> day & 1)
            hours = one.hours & ~other.hours if shared and not _is_finer(one, other) else one.hours
            today = (year, month, day) == (after.year, after.month, after.day)
            for hour in _bits(hours, after.hour if today else 0):
                alike = shared and bool(other.hours >> hour & 1)
                yield from _walls_of_hour(one, other if alike else None, datetime(year, month, day, hour))  # noqa: DTZ001


def _months(one: Meaning, after: datetime) -> Iterator[tuple[int, int]]:
    for year in one.years:
        for month in range(1, 13):
            if (year, month) >= (after.year, after.month):
                yield year, month


def _walls_of_hour(one: Meaning, other: Meaning | None, hour: datetime) -> Iterator[datetime]:
    for minute in _bits(one.minutes):
        alike = other is not None and bool(other.minutes >> minute & 1)
        seconds = one.seconds & ~other.seconds if other is not None and alike else one.seconds
        for second in _bits(seconds):
            yield hour.replace(minute=minute, second=second)


def _is_beyond(one: Meaning, other: Meaning) -> bool:
    """Return whether *one* names a time of day that *other* does not."""
    return bool(one.hours & ~other.hours) or _is_finer(one, other)


def _is_finer(one: Meaning, other: Meaning) -> bool:
    """Return whether *one* names a minute or second of an hour that *other* does not."""
    return bool(one.minutes & ~other.minutes or one.seconds & ~other.seconds)


def _day_mask(meaning: Meaning, year: int, month: int) -> int:
    if year not in meaning.years:
        return 0
    return max(meaning.days[year_kind(year)][month - 1], 0)


def _bits(mask: int, first: int = 0) -> Iterator[int]:
    """Yield the numbers in *mask* from *first* on, ascending."""
    mask = mask >> first << first
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest

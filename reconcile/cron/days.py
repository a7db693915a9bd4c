"""The days that a day-of-month or day-of-week field names, for each of the 14 kinds of year.

The kind of a year is whether it is a leap year, and the weekday of 1 January. It alone decides the days of each month.
The days of a month are a bit mask: bit n is day n. Source: QUARTZ_CRON.md, 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from reconcile.cron.fields import Field
from reconcile.cron.terms import Form, Term

_ALWAYS_HANGS = -1000
# A negative mask means: in this month Quartz's search may never return. See `hanging_day`.

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SATURDAY, _SUNDAY = 7, 1
_ALL_MONTHS = 0b1_1111_1111_1110


class YearKind(NamedTuple):
    """One of the 14 kinds of year. *first_weekday* is the weekday of 1 January; 1 = Sunday, as in Quartz."""

    is_leap: bool
    first_weekday: int


class Month(NamedTuple):
    """A month's *length* in days and the weekday of its first day (1 = Sunday)."""

    length: int
    first_weekday: int

    def weekday(self, day: int) -> int:
        """Return the weekday of *day*, which may lie outside the month."""
        return (self.first_weekday - 1 + day - 1) % 7 + 1


def hanging_day(mask: int) -> int:
    """Return the day, 0 or earlier, to which Quartz's search goes back from a month whose *mask* is negative.

    If that date is later than the start of the search, Quartz returns to the same month for ever. Otherwise it skips
    the month.
    """
    return mask + 1


def _kind(year: int) -> YearKind:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return YearKind(is_leap, date(year, 1, 1).isoweekday() % 7 + 1)


# The calendar repeats itself, weekdays included, every 400 years.
_KINDS_OF_CYCLE = tuple(_kind(year) for year in range(2000, 2400))


def year_kind(year: int) -> YearKind:
    """Return the kind of *year*."""
    return _KINDS_OF_CYCLE[year % 400]


def _months(kind: YearKind) -> Iterator[Month]:
    weekday = kind.first_weekday
    for number, length in enumerate(_MONTH_LENGTHS):
        days = length + (kind.is_leap and number == 1)
        yield Month(days, weekday)
        weekday = (weekday - 1 + days) % 7 + 1


YEAR_KINDS = tuple(YearKind(is_leap, weekday) for is_leap in (False, True) for weekday in range(1, 8))
# There are 28 different months, by length and first weekday; each kind of year is twelve of them.
_DIFFERENT_MONTHS = tuple(Month(length, weekday) for length in (28, 29, 30, 31) for weekday in range(1, 8))
_MONTHS_OF_KIND = {
    kind: tuple((month.length - 28) * 7 + month.first_weekday - 1 for month in _months(kind)) for kind in YEAR_KINDS
}


def value_mask(terms: Iterable[Term], first: int, last: int) -> int:
    """Return the mask of the numbers that plain terms name in a field from *first* to *last*; ranges may wrap."""
    mask = 0
    for term in terms:
        mask |= _term_mask(term, first, last)
    return mask


def is_empty(terms: Iterable[Term], field: Field) -> bool:
    """Return whether the terms of a field other than the year name no value: Quartz throws on such a field.

    Examples: ``,``, a stray ``L``, and a step or range from 98, which Quartz does not check in the day fields.
    """
    last = field.last or 0
    return all(
        term.form is Form.IGNORED
        or (term.form in (Form.VALUE, Form.RANGE, Form.STEP) and not _term_mask(term, field.first, last))
        for term in terms
    )


def week_mask(terms: Iterable[Term]) -> int:
    """Return the mask of the numbers in a day-of-week field; a number before ``#`` may be larger than 7."""
    mask = 0
    for term in terms:
        mask |= _term_mask(term, 1, 99 if term.form is Form.NTH else 7)
    return mask


@lru_cache(maxsize=4096)
def _term_mask(term: Term, first: int, last: int) -> int:
    if term.form is Form.EVERY:
        return _bits(range(first, last + 1))
    if term.form in (Form.VALUE, Form.LAST_OF, Form.NEAREST, Form.NTH):
        return 1 << term.first if term.first <= last else 0
    if term.form not in (Form.RANGE, Form.STEP):
        return 0
    start, stop = term.first, last if term.last is None else term.last
    if start <= stop:
        return _bits(range(start, min(stop, last) + 1, term.step))
    # The step continues across the wrap. In a field that counts from 1, a remainder of 0 is the last value.
    size = last - first + 1
    return _bits((n % size) or (size if first else 0) for n in range(start, stop + size + 1, term.step))


def _bits(numbers: Iterable[int]) -> int:
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


Days = Mapping[YearKind, tuple[int, ...]]
"""The day masks of the twelve months, for each kind of year."""


@lru_cache(maxsize=65_536)
def month_day_masks(terms: tuple[Term, ...], quartz: str, months: int) -> Days:
    """Return the day masks of a day-of-month field, in the *months* that count (bit n is month n)."""
    if all(term.form in (Form.EVERY, Form.VALUE, Form.RANGE, Form.STEP) for term in terms):
        mask = value_mask(terms, 1, 31)
        return _by_kind([mask & _whole(month) for month in _DIFFERENT_MONTHS], months)
    return _by_kind([_month_days(terms, quartz, month) for month in _DIFFERENT_MONTHS], months)


@lru_cache(maxsize=65_536)
def week_day_masks(terms: tuple[Term, ...], months: int) -> Days:
    """Return the day masks of a day-of-week field, in the *months* that count (bit n is month n)."""
    return _by_kind(_week_days(terms), months)


def _by_kind(masks: list[int], months: int) -> Days:
    """Return the masks by kind of year; *masks* are those of the 28 different months."""
    if months == _ALL_MONTHS:
        return {kind: tuple([masks[month] for month in its]) for kind, its in _MONTHS_OF_KIND.items()}
    counted = [(month - 1, months >> month & 1) for month in range(1, 13)]
    return {
        kind: tuple([masks[its[number]] if counts else 0 for number, counts in counted])
        for kind, its in _MONTHS_OF_KIND.items()
    }


def _month_days(terms: tuple[Term, ...], quartz: str, month: Month) -> int:
    """Return the day mask of a field with L or W."""
    if quartz == "2.3":
        last = [term for term in terms if term.form is Form.LAST]
        if last:
            return _last_day(last[-1], month)
        # Quartz has one W flag for the whole field; with it, only the smallest number counts.
        smallest = _lowest(value_mask(terms, 1, 31))
        return _ALWAYS_HANGS if smallest == 0 else _nearest(smallest, month)
    mask = value_mask((t for t in terms if t.form is not Form.NEAREST), 1, 31) & _whole(month)
    for term in terms:
        if term.form is Form.LAST:
            mask |= _last_day(term, month)
        elif term.form is Form.NEAREST:
            mask |= _nearest(term.first, month) if term.first else _ALWAYS_HANGS
    return mask


def _last_day(term: Term, month: Month) -> int:
    day = month.length - term.step
    if not term.nearest_weekday:
        return 1 << day if day >= 1 else 0
    return _nearest(day, month)


def _nearest(day: int, month: Month) -> int:
    """Return the mask of the weekday nearest to *day*: one day, 0 for none, or negative where Quartz may hang.

    A *day* that the month lacks lies in the next month; only a Saturday there can move back into this month.
    """
    weekday = month.weekday(day)
    if weekday == _SATURDAY:
        day = day + 2 if day == 1 else day - 1
    elif weekday == _SUNDAY:
        day = day - 2 if day == month.length else day + 1
    if day < 1:
        return day - 1
    return 1 << day if day <= month.length else 0


def _week_days(terms: tuple[Term, ...]) -> list[int]:
    """Return the day mask of each of the different months."""
    mask = week_mask(terms)
    smallest = _lowest(mask)
    if any(term.form is Form.LAST_OF for term in terms):
        return [1 << month.length - (month.weekday(month.length) - smallest) % 7 for month in _DIFFERENT_MONTHS]
    nth = [term.step for term in terms if term.form is Form.NTH]
    if nth:
        return [_nth(smallest, nth[-1], month) for month in _DIFFERENT_MONTHS]
    # The weeks of the field, shifted to begin with the month's first weekday.
    weeks = sum((mask >> 1 & 0x7F) << 7 * week for week in range(6))
    return [weeks >> month.first_weekday - 1 << 1 & _whole(month) for month in _DIFFERENT_MONTHS]


def _nth(weekday: int, nth: int, month: Month) -> int:
    # Quartz does not check the number: 0 is Saturday, 8 and more never match.
    first = 1 + ((weekday or _SATURDAY) - month.first_weekday) % 7
    day = first + 7 * (nth - 1)
    return 1 << day if 0 <= weekday <= 7 and day <= month.length else 0


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _whole(month: Month) -> int:
    return (1 << (month.length + 1)) - 2

"""`Meaning`: masks of seconds, minutes and hours, the years with a fire, and the day masks of each kind of year.

Two meanings are equal exactly when all fires up to the last year have the same wall-clock times. So a meaning holds
only what can fire: it leaves out the years without a fire and the kinds of year that then remain unused. An expression
that never fires has no years.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from reconcile.cron.days import Days, YearKind, month_day_masks, value_mask, week_day_masks, year_kind
from reconcile.cron.fields import EVERY, FIRST_YEAR, YEAR
from reconcile.cron.terms import Form, ParsedField

# Python's dates have one more year at both ends. A fire there could not be converted to UTC or to some zones.
_FIRST_YEAR_OF_DATES, _LAST_YEAR_OF_DATES = 2, 9998


@dataclass(frozen=True)
class Meaning:
    """The fires of an expression on the wall clock. Bit n of *seconds*, *minutes* and *hours* is value n.

    *years* are the years with a fire, ascending. *days* has, for the kind of each of them, the day masks of the twelve
    months. Bit n is day n; a negative mask: Quartz's search may never return from the month (see `days.hanging_day`).
    """

    seconds: int
    minutes: int
    hours: int
    years: tuple[int, ...]
    days: Days = field(hash=False)

    @property
    def never_fires(self) -> bool:
        """Return whether no year has a fire."""
        return not self.years


NEVER = Meaning(0, 0, 0, (), {})


def meaning_of(fields: tuple[ParsedField, ...], *, max_year: int, quartz: str) -> Meaning:
    """Return what the seven *fields* mean in Quartz *quartz*, up to *max_year*."""
    second, minute, hour, month_days, month, week_days, year = fields
    seconds, minutes, hours = (value_mask(one.terms, 0, one.field.last or 0) for one in (second, minute, hour))
    months = value_mask(month.terms, 1, 12)
    if not (seconds and minutes and hours and months):
        return NEVER
    years = years_of(year, max_year)
    kinds = _kinds(years)
    if month_days.has_no_value:
        days = _kept(week_day_masks(week_days.terms, months), kinds)
    else:
        days = _kept(month_day_masks(month_days.terms, quartz, months), kinds)
    if len(days) < len(kinds):
        years = tuple(year for year in years if year_kind(year) in days)
    return Meaning(seconds, minutes, hours, years, days) if years else NEVER


@lru_cache(maxsize=4096)
def years_of(year: ParsedField, max_year: int) -> tuple[int, ...]:
    """Return the years that a year field names, up to *max_year*, also those without a fire.

    A written year before 1970 counts.
    """
    last_year = min(max_year, _LAST_YEAR_OF_DATES)
    found: set[int] = set()
    for term in year.terms:
        if term.form is Form.EVERY:
            found.update(range(FIRST_YEAR, last_year + 1))
        elif term.form is Form.VALUE:
            found.add(term.first)
        elif term.form in (Form.RANGE, Form.STEP):
            first = YEAR.first if term.first == EVERY else term.first
            last = last_year if term.last is None else min(term.last, last_year)
            found.update(range(first, last + 1, term.step))
    return tuple(sorted(one for one in found if _FIRST_YEAR_OF_DATES <= one <= last_year))


@lru_cache(maxsize=1024)
def _kinds(years: tuple[int, ...]) -> frozenset[YearKind]:
    return frozenset(map(year_kind, years))


def _kept(days: Days, kinds: frozenset[YearKind]) -> Days:
    """Return the masks of those *kinds* that have a day; a negative mask counts as a day."""
    if len(kinds) == len(days) and all(map(any, days.values())):
        return days
    return {kind: masks for kind, masks in days.items() if kind in kinds and any(masks)}

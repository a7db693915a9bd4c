"""The seven fields of a Quartz cron expression: one table for the parser, the descriptions, the rules and the docs."""

from __future__ import annotations

from dataclasses import dataclass

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

EVERY = 99
"""A number that Quartz reads as ``*``, in every field."""
NO_VALUE = 98
"""A number that Quartz reads as ``?``, in day-of-month and day-of-week."""
FIRST_YEAR = 1970
MAX_YEAR = 2126
"""The last year that fires, by default: Quartz takes the year its JVM started in, plus 100."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its *index* from 0, its range (the year has no upper end of its own) and the largest step of Quartz.

    *range_error* is Quartz's own text for a value out of range. *step_word* is the number in its text for a step that
    is too large.
    """

    index: int
    name: str
    first: int
    last: int | None
    largest_step: int | None
    names: tuple[str, ...] = ()
    range_error: str = ""
    step_word: int = 0


FIELDS = (
    Field(0, "second", 0, 59, 59, (), "Minute and Second values must be between 0 and 59", 60),
    Field(1, "minute", 0, 59, 59, (), "Minute and Second values must be between 0 and 59", 60),
    Field(2, "hour", 0, 23, 23, (), "Hour values must be between 0 and 23", 24),
    Field(3, "day-of-month", 1, 31, 31, (), "Day of month values must be between 1 and 31", 31),
    Field(4, "month", 1, 12, 12, MONTHS, "Month values must be between 1 and 12", 12),
    Field(5, "day-of-week", 1, 7, 7, DAYS, "Day-of-Week values must be between 1 and 7", 7),
    Field(6, "year", FIRST_YEAR, None, None),
)
SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEAR = FIELDS

"""`Expression`: a cron expression that Quartz accepts. Its meaning is computed on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from reconcile.cron.days import is_empty
from reconcile.cron.meaning import Meaning, meaning_of, years_of
from reconcile.cron.terms import ParsedField


@dataclass(frozen=True)
class Expression:
    """A cron expression that Quartz accepts. Equal and hashed by text, *max_year* and *quartz*; immutable.

    *fields* are the seven parsed fields; the year is ``*`` if the text has none. *surplus* is the text of the 8th and
    later fields, which Quartz 2.3 ignores.
    """

    text: str
    max_year: int
    quartz: str
    fields: tuple[ParsedField, ...]
    surplus: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return (self.text, self.max_year, self.quartz) == (other.text, other.max_year, other.quartz)

    def __hash__(self) -> int:
        return hash((self.text, self.max_year, self.quartz))

    def __str__(self) -> str:
        return self.text

    @cached_property
    def meaning(self) -> Meaning:
        """Return the meaning: two expressions have equal meanings exactly when all their fires are equal."""
        return meaning_of(self.fields, max_year=self.max_year, quartz=self.quartz)

    @property
    def years(self) -> tuple[int, ...]:
        """Return the years that the year field names, up to *max_year*, also those without a fire."""
        return years_of(self.fields[6], self.max_year)


def hazard(expression: Expression) -> str | None:
    """Return why *expression* must never reach a service although Quartz accepts it; None when it is harmless.

    Quartz's search throws on an empty field. It never returns from the weekday nearest to a day that no month has.
    """
    for one in expression.fields[:3] + expression.fields[4:6]:
        if is_empty(one.terms, one.field):
            return f"the {one.field.name} field names no value: Quartz throws when it looks for the next fire"
    if any(mask < 0 for masks in expression.meaning.days.values() for mask in masks):
        return "the weekday nearest to a day that a month lacks: Quartz hangs when it looks for the next fire"
    return None

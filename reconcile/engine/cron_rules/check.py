"""A check of a cron: its argument and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reconcile.cron import Expression, ParsedField
from reconcile.model.rules import CronRule
from reconcile.model.workspace import MAX_FIRES_PER_DAY


@dataclass(frozen=True, slots=True)
class CheckedCron:
    """A cron that Quartz accepts, and where and when it is looked at.

    *text* is what the author wrote; where it is not the text of *expression* (an ``H`` was resolved), marks cover all
    of it. *zone* is that of the service; without one nothing is said about changes of clocks. *now* is aware. Without
    *max_fires_per_day* no number is too many.
    """

    text: str
    expression: Expression
    zone: ZoneInfo | None
    now: datetime
    max_fires_per_day: int | None = MAX_FIRES_PER_DAY


class Mark(NamedTuple):
    """One thing found: *message* names the value; *column* and *width* are characters of the cron's text."""

    message: str
    column: int
    width: int
    hint: str


@dataclass(frozen=True, slots=True)
class CronCheck:
    """How a rule checks a cron. *why* is a paragraph for the docs, after the meaning of *rule*.

    *bad* is a cron that it finds, *good* one that says the same, or nearly, and that no check finds; both are looked at
    in *example_zone*.
    """

    rule: CronRule
    why: str
    bad: str
    good: str
    check: Callable[[CheckedCron], Iterator[Mark]]
    example_zone: str = "UTC"


class Marked(NamedTuple):
    """A mark, and the rule that it breaks."""

    rule: CronRule
    mark: Mark


def mark(first: ParsedField, message: str, hint: str, *, last: ParsedField | None = None) -> Mark:
    """Return a mark on the field *first*, or on all from it to *last*."""
    end = last or first
    return Mark(message, first.column, end.column + len(end.text) - first.column, hint)


def in_text(cron: CheckedCron, found: Mark) -> Mark:
    """Return *found*, whose columns count in upper case, at its characters of the cron's text."""
    text = cron.expression.text
    end = found.column + found.width
    if cron.text != text or end > len(text.upper()):
        return found._replace(column=0, width=len(cron.text))
    if len(text.upper()) == len(text):
        return found
    # Some letters become several in upper case: `ß` is `SS` there.
    owners = [index for index, character in enumerate(text) for _ in character.upper()]
    column = owners[found.column]
    return found._replace(column=column, width=owners[end - 1] - column + 1)

"""Cron texts of declarations: each distinct text is checked once.

A text that Quartz refuses, or accepts and then hangs on, is an error. What it accepts is checked by the other rules
(`engine.cron_rules`) where there is a *now*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reconcile import cron
from reconcile.engine.cron_rules import CheckedCron, check_cron
from reconcile.engine.problems import Path, Pointer, Problem
from reconcile.errors import CronSyntaxError
from reconcile.model.keys import Key
from reconcile.model.reading import DEFAULT_READING, Reading
from reconcile.model.rules import CronRule, FileRule, Rule, Severity
from reconcile.model.workspace import MAX_FIRES_PER_DAY
from reconcile.text import ascii_of, full_width_characters, shown
from reconcile.times import time_zone

# Without a *now*, crons are checked as of a day long ago: then no fire is in the past.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=time_zone("UTC"))
# A text with H is checked as it resolves for one key: what is refused for one key is refused for all.
_ANY_KEY = Key("tenant", "code")


@dataclass(frozen=True, slots=True)
class Outlook:
    """How crons are checked. *reading* is the service's. *now* is aware; without it only refusals are looked for.

    *severities* replace those of the rules they name; None switches a rule off.
    """

    zone: ZoneInfo | None = None
    reading: Reading = DEFAULT_READING
    now: datetime | None = None
    severities: Mapping[Rule, Severity | None] = field(default_factory=dict)
    max_fires_per_day: int | None = MAX_FIRES_PER_DAY


class _Checked(NamedTuple):
    """One text that was checked: *refused* keeps it from being used, *suspected* does not."""

    refused: Problem | None
    suspected: tuple[Problem, ...] = ()
    has_h: bool = False


class Crons:
    """What is wrong with each cron text, checked once each as *outlook* says."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._by_text: dict[str, _Checked] = {}
        self._reported: set[tuple[str, Path, str]] = set()

    @property
    def is_suspicious(self) -> bool:
        """Return whether the rules are asked."""
        return self._outlook.now is not None

    def is_fine(self, text: str) -> bool:
        """Return whether the service's Quartz would accept *text*, and live."""
        return self._checked(text).refused is None

    def is_clean(self, text: str) -> bool:
        """Return whether there is nothing to say about *text*."""
        checked = self._checked(text)
        return checked.refused is None and not checked.suspected

    def problems(self, text: str, at: Pointer) -> tuple[Problem, ...]:
        """Return what is wrong or suspicious about *text*, written at *at*."""
        checked = self._checked(text)
        found = checked.suspected if checked.refused is None else (checked.refused,)
        return tuple(_at_place(problem, at) for problem in found)

    def hashed_problems(self, text: str, key: Key, at: Pointer) -> Iterator[Problem]:
        """Yield what is suspicious about *text*, which is fine and written at *at*, with its H resolved for *key*.

        What a rule finds at one place, as in a set, it says for the first key only.
        """
        if not (self._by_text[text].has_h and self.is_suspicious):
            return
        resolved = self.resolved(text, key)
        for problem in self._checked(resolved).suspected:
            report = (at.file, at.path, problem.rule)
            if report not in self._reported:
                self._reported.add(report)
                message = f"{problem.message} ({resolved} for {key})"
                whole = at._replace(offset=0, width=len(text))
                yield Problem(problem.rule, message, whole, hint=problem.hint, severity=problem.severity)

    def resolved(self, text: str, key: Key) -> str:
        """Return *text*, which is fine, as plain Quartz for *key*: with each H replaced."""
        return cron.resolve_h(text, key.tenant, key.code) if self._by_text[text].has_h else text

    def _checked(self, text: str) -> _Checked:
        checked = self._by_text.get(text)
        if checked is None:
            checked = self._by_text[text] = self._check(text)
        return checked

    def _check(self, text: str) -> _Checked:
        for start, width in full_width_characters(text):
            characters = shown(text[start : start + width])
            message = f"cron: {characters!r} are characters of a Chinese keyboard, which Quartz does not know"
            hint = f"with an ASCII keyboard: {ascii_of(text)}"
            return _Checked(Problem(FileRule.FULL_WIDTH_SIGN, message, _at(start, width), hint=hint))
        try:
            plain = cron.resolve_h(text, *_ANY_KEY) if cron.has_h(text) else text
            expression = self._outlook.reading.parse(plain)
        except CronSyntaxError as error:
            # The columns of a resolved text are not those of the one that was written.
            at = _at(error.column, error.width) if error.text == text else _at(0, len(text))
            hint = error.hint or "see `reconcile explain`"
            return _Checked(Problem(CronRule.CRON_SYNTAX, f"cron: {error.message}", at, hint=hint))
        return self._checked_by_rules(text, expression, has_h=plain is not text)

    def _checked_by_rules(self, text: str, expression: cron.Expression, *, has_h: bool) -> _Checked:
        outlook = self._outlook
        found: list[Problem] = []
        to_check = CheckedCron(text, expression, outlook.zone, outlook.now or _LONG_AGO, outlook.max_fires_per_day)
        for rule, mark in check_cron(to_check):
            at = _at(mark.column, mark.width)
            if rule.severity is Severity.ERROR:
                return _Checked(Problem(rule, f"cron: {mark.message}", at, hint=mark.hint))
            severity = outlook.severities.get(rule, rule.severity)
            # An H resolves to another value for each key.
            if outlook.now is not None and severity is not None and not has_h:
                found.append(Problem(rule, f"cron: {mark.message}", at, hint=mark.hint, severity=severity))
        return _Checked(None, tuple(found), has_h)


def _at(offset: int, width: int) -> Pointer:
    """Return characters of a text whose place is not known yet."""
    return Pointer("", offset=offset, width=max(1, width))


def _at_place(problem: Problem, at: Pointer) -> Problem:
    characters = at._replace(offset=problem.at.offset, width=problem.at.width)
    return Problem(problem.rule, problem.message, characters, hint=problem.hint, severity=problem.severity)

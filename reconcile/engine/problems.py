"""Problems: what is wrong with a value of a file, before its line and column are known.

A problem names its value by a `Pointer`. The edge that read the bytes finds the line, column and width of all pointers
(`Locate`) in one pass over each file, and only when there is a problem. So a clean run keeps only the line of each
entry, and every finding still points at the character.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.rules import OF_THE_RULE, Rule, Severity
from reconcile.source import Span

Path: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to a value: keys and positions, as in ``("schedules", 3, "cron")``."""


class Part(Enum):
    """Which side of ``key: value`` is meant."""

    KEY = "key"
    VALUE = "value"


class Pointer(NamedTuple):
    """A value (or key) of a file; with *width*, that many of its characters from *offset* (from 0)."""

    file: str
    path: Path = ()
    part: Part = Part.VALUE
    offset: int = 0
    width: int | None = None


class Place(NamedTuple):
    """A place in a file, and the text of its line when the file could be read."""

    span: Span
    line_text: str | None = None


Locate: TypeAlias = Callable[[Collection[Pointer]], Mapping[Pointer, Place]]
"""Find every pointer's place. Every pointer is in the result."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding whose place is not known yet: *at* says which value is meant."""

    rule: Rule
    message: str
    at: Pointer
    hint: str | None = None
    key: Key | None = None
    severity: Severity = OF_THE_RULE

    def __post_init__(self) -> None:
        """Take the rule's severity where none is given."""
        object.__setattr__(self, "severity", self.severity or self.rule.severity)


def located(problems: Iterable[Problem], locate: Locate) -> tuple[Finding, ...]:
    """Return *problems* as findings with their places, sorted by file, line and column."""
    unlocated = tuple(problems)
    places = locate([problem.at for problem in unlocated]) if unlocated else {}
    findings = (
        Finding(
            problem.rule,
            problem.message,
            place=places[problem.at].span,
            hint=problem.hint,
            line_text=places[problem.at].line_text,
            key=problem.key,
            severity=problem.severity,
        )
        for problem in unlocated
    )
    return in_order(findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* sorted by file, line, column, rule and message, each once."""
    return tuple(sorted(set(findings), key=_order))


def _order(finding: Finding) -> tuple[Any, ...]:
    place = finding.place or Span("", 0)
    return (place.file, place.line, place.column, finding.rule, finding.message, finding.hint or "")

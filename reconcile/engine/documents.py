"""Documents: what the files say, checked for structure, before sets, defaults and overrides are resolved.

A problem knows *which value of which file* is meant (`Pointer`); the edge that read the bytes turns that into a line, a
column and a width (`Locate`) in one pass over each file, only when there is a problem. So a clean run keeps nothing but
the line of each entry, and every finding still points at the character.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.rules import OF_THE_RULE, Rule, Severity
from reconcile.source import Span

Path: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to a value: keys and positions, as in ``("schedules", 3, "cron")``."""

Fields: TypeAlias = Mapping[str, Any]
"""The fields of one entry as written; the schema has checked their types."""


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
    """Where something stands, and the text of that line when the file could be read."""

    span: Span
    line_text: str | None = None


Locate: TypeAlias = Callable[[Collection[Pointer]], Mapping[Pointer, Place]]
"""Find every pointer's place. Every pointer is in the result."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding to be: *at* says which value is meant, not yet where it stands."""

    rule: Rule
    message: str
    at: Pointer
    hint: str | None = None
    key: Key | None = None
    severity: Severity = OF_THE_RULE

    def __post_init__(self) -> None:
        """Take the rule's severity where none is given."""
        object.__setattr__(self, "severity", self.severity or self.rule.severity)


class Ignore(NamedTuple):
    """A comment that silences *rule*, standing at *place*; *reason* may be empty."""

    rule: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Document:
    """A tenant file or a set file. *lines* holds the line of each of *entries*, *ignores* its comments that silence.

    *broken* are the positions of entries with a finding already: what is left of them is checked, and never resolved.
    """

    file: str
    name: str
    entries: Sequence[Fields] = ()
    lines: Sequence[int] = ()
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    defaults: Fields = field(default_factory=dict)
    broken: frozenset[int] = frozenset()
    ignores: Sequence[Ignore] = ()


@dataclass(frozen=True, slots=True)
class Documents:
    """Every file of an environment.

    *is_whole* is False when a file that may be a set could not be read as a whole: what sets hold is not known then, so
    nothing is said to be missing from them. *workspace_file* is where the environment stands.
    """

    tenants: tuple[Document, ...]
    sets: tuple[Document, ...]
    locate: Locate
    workspace_file: str = "reconcile.yaml"
    is_whole: bool = True


def placed(problems: Iterable[Problem], locate: Locate) -> tuple[Finding, ...]:
    """Return *problems* as findings with their places, sorted by file, line and column."""
    waiting = tuple(problems)
    places = locate([problem.at for problem in waiting]) if waiting else {}
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
        for problem in waiting
    )
    return in_order(findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* sorted by file, line, column, rule and message, each once."""
    return tuple(sorted(set(findings), key=_order))


def _order(finding: Finding) -> tuple[Any, ...]:
    place = finding.place or Span("", 0)
    return (place.file, place.line, place.column, finding.rule, finding.message, finding.hint or "")

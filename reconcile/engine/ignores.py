"""`# reconcile: ignore RULE reason`: a comment by which a person says that what a rule finds is meant.

A comment silences one rule about the schedule in whose lines it is. It must give a reason. A comment that silences
nothing is a finding itself, so that none stays longer than it is needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconcile.engine.declarations import DeclarationFile, Ignore
from reconcile.engine.problems import Problem
from reconcile.model.finding import Finding
from reconcile.model.rules import SILENCEABLE, CommentRule
from reconcile.source import Span
from reconcile.text import did_you_mean


@dataclass(frozen=True, slots=True)
class Silenced:
    """What is left of some problems; *findings* are about comments; *used* are the places of those with an effect."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    used: frozenset[Span]


def silence(problems: Sequence[Problem], files: Iterable[DeclarationFile], *, is_suspicious: bool) -> Silenced:
    """Take out of *problems* what comments of *files* ignore; without *is_suspicious* no rule was asked."""
    commented = {file.path: file for file in files if file.ignores}
    if not commented:
        return Silenced(tuple(problems), (), frozenset())
    used: set[Span] = set()
    left = [problem for problem in problems if not _is_ignored(problem, commented, used)]
    findings = [
        finding
        for file in commented.values()
        for ignore in file.ignores
        for finding in _about(ignore, used, is_suspicious=is_suspicious)
    ]
    return Silenced(tuple(left), tuple(findings), frozenset(used))


def _is_ignored(problem: Problem, files: Mapping[str, DeclarationFile], used: set[Span]) -> bool:
    file = files.get(problem.at.file)
    if file is None or problem.rule not in SILENCEABLE:
        return False
    fitting = [
        ignore
        for ignore in file.ignores
        if ignore.rule == problem.rule and _entry_of(ignore, file) == problem.at.path[:2]
    ]
    used.update(ignore.place.span for ignore in fitting)
    return bool(fitting)


def _entry_of(ignore: Ignore, file: DeclarationFile) -> tuple[str | int, ...]:
    """Return the path of the entry in whose lines *ignore* is; empty above all entries."""
    position = bisect_right(file.lines, ignore.place.span.line) - 1
    return ("schedules", position) if position >= 0 else ()


def _about(ignore: Ignore, used: set[Span], *, is_suspicious: bool) -> Iterator[Finding]:
    if ignore.rule not in SILENCEABLE:
        hint = did_you_mean(ignore.rule, SILENCEABLE) or "docs/rules.md lists the rules that can be silenced"
        yield _finding(CommentRule.UNKNOWN_RULE, f"there is no rule {ignore.rule!r} to ignore", ignore, hint)
    elif not ignore.reason:
        message = f"{ignore.rule} is ignored without a reason"
        yield _finding(CommentRule.IGNORE_WITHOUT_REASON, message, ignore, "say why, after the rule")
    elif is_suspicious and ignore.place.span not in used:
        message = f"{ignore.rule} is ignored, and not found in this schedule"
        yield _finding(CommentRule.UNUSED_IGNORE, message, ignore, "delete the comment")


def _finding(rule: CommentRule, message: str, ignore: Ignore, hint: str) -> Finding:
    span, line_text = ignore.place
    return Finding(rule, message, place=span, hint=hint, line_text=line_text)

"""The view of an explanation: what a cron expression means, and what another does otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reconcile.engine.explain_cron import Comparison, Explanation
from reconcile.errors import CronSyntaxError
from reconcile.report.findings_view import finding_blocks
from reconcile.report.view import Block, Excerpt, Note, Table, Tone, View, sections
from reconcile.source import Span
from reconcile.text import counted
from reconcile.times import local_text


def explanation_view(explanation: Explanation) -> View:
    """Return the view of an explanation; each fire is shown on its zone's clock and in UTC."""
    other = explanation.comparison
    return View(
        headline=f"{_names(explanation)}: {explanation.words}",
        sections=sections(
            ("Findings", finding_blocks(explanation.findings)),
            ("Fields", (_fields(explanation),)),
            (f"Next fires in {explanation.timezone}", _fires(explanation)),
            ("Against", () if other is None else _against(other, explanation.fires_per_day)),
            ("Fires only here", () if other is None else _times(other.only_here)),
            ("Fires only there", () if other is None else _times(other.only_there)),
        ),
        closing=_often(explanation) if other is None else _verdict(other, explanation.after),
        tone=Tone.PLAIN if other is None else Tone.GOOD if other.is_same else Tone.CHANGED,
    )


def refused_cron_view(error: CronSyntaxError, place: Span) -> View:
    """Return the view of an expression that Quartz refuses, with carets below what it refuses."""
    block = Excerpt(error.message, place=place, line_text=error.text, hint=error.hint)
    return View(headline="Quartz refuses the expression", sections=sections(("Refused", (block,))))


def _names(explanation: Explanation) -> str:
    declared, text = explanation.declared, explanation.text
    return text if declared == text else f"{declared} → {text}"


def _fields(explanation: Explanation) -> Block:
    return Table(
        ("field", "text", "meaning"), tuple((field.name, field.text, field.meaning) for field in explanation.fields)
    )


def _fires(explanation: Explanation) -> Iterable[Block]:
    if explanation.fires:
        return _times(explanation.fires)
    if explanation.never_fires:
        return (Note("it never fires", tone=Tone.BAD),)
    return (Note(f"none later than {local_text(explanation.after)}", tone=Tone.BAD),)


def _against(other: Comparison, here: int) -> Iterable[Block]:
    often = f"{counted(other.fires_per_day, 'fire')} on each day on which it fires; {here} here"
    return (Note(f"{other.text}: {other.words}"), Note(often))


def _times(fires: tuple[datetime, ...]) -> Iterable[Block]:
    if not fires:
        return ()
    return (Table(("local", "UTC"), tuple((local_text(fire), local_text(fire.astimezone(UTC))) for fire in fires)),)


def _often(explanation: Explanation) -> str:
    if explanation.never_fires:
        return "It never fires."
    return f"{counted(explanation.fires_per_day, 'fire')} on each day on which it fires."


def _verdict(other: Comparison, after: datetime) -> str:
    if other.is_same:
        return "Both fire at the same times."
    if other.only_here or other.only_there:
        return "They fire at different times."
    return f"They differ, but no fire later than {local_text(after)} was found that only one of them has."

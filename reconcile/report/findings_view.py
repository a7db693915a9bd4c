"""Findings, refusals and errors, as blocks of a view; and the view of a validation and of a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reconcile.errors import ReconcileError
from reconcile.model.finding import DeclarationError, Finding, Refusal, RefusedError
from reconcile.model.rules import Severity
from reconcile.report.view import Block, Excerpt, Note, Tone, View, sections
from reconcile.text import counted

_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.CHANGED, Severity.NOTE: Tone.QUIET}


def finding_blocks(findings: Iterable[Finding]) -> tuple[Block, ...]:
    """Return a block for each finding; only an error goes without its severity."""
    return tuple(
        Excerpt(
            ("" if finding.severity is Severity.ERROR else f"{finding.severity}: ")
            + f"{finding.rule}: {finding.message}",
            place=finding.place,
            line_text=finding.line_text,
            hint=finding.hint,
            tone=_TONES[finding.severity],
        )
        for finding in findings
    )


def refusal_blocks(refusals: Iterable[Refusal]) -> tuple[Block, ...]:
    """Return a block for each refusal, with its key and with the setting and the option that lift it."""
    return tuple(Note(_refused(refusal), hint=refusal.hint, tone=Tone.BAD) for refusal in refusals)


def _refused(refusal: Refusal) -> str:
    key = "" if refusal.key is None else f"{refusal.key}: "
    return f"{refusal.rule}: {key}{refusal.message}"


def assumption_blocks(assumptions: Iterable[str]) -> tuple[Block, ...]:
    """Return a block for each assumption."""
    return tuple(Note(assumption, tone=Tone.QUIET) for assumption in assumptions)


def findings_view(findings: tuple[Finding, ...], *, schedules: int, tenants: int) -> View:
    """Return the view of a validation."""
    counts = Counter(finding.severity for finding in findings)
    found = [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    return View(
        headline=f"Validated {counted(schedules, 'schedule')} of {counted(tenants, 'tenant')}",
        sections=sections(("Findings", finding_blocks(findings))),
        closing=f"Found {', '.join(found)}." if found else "No findings.",
        tone=Tone.BAD if counts[Severity.ERROR] else Tone.GOOD,
    )


def error_view(error: ReconcileError) -> View:
    """Return the view of a run that *error* stopped."""
    findings = error.findings if isinstance(error, DeclarationError) else ()
    refused = error.refusals if isinstance(error, RefusedError) else ()
    return View(
        headline="Nothing was done" if refused else "Stopped by an error",
        sections=sections(
            ("Findings", finding_blocks(findings)),
            ("Refused", refusal_blocks(refused)),
            ("Errors", (Excerpt(error.message, place=error.place, hint=error.hint),)),
        ),
    )

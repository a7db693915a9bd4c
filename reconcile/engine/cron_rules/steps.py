"""Rules about steps and ranges: those that do not come out even, and those that run round the field's end."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.cron import Form, ParsedField, Term
from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark
from reconcile.model.rules import CronRule

_DAY_OF_MONTH = 3


def _uneven_step(cron: CheckedCron) -> Iterator[Mark]:
    for field in cron.expression.fields[:6]:
        if "/" not in field.text:
            continue
        for term in field.terms:
            found = _unevenness(field, term)
            if found is not None:
                message, hint = found
                column = field.column + term.column
                yield Mark(f"{field.field.name} {term.text} {message}", column, len(term.text), hint)


def _unevenness(field: ParsedField, term: Term) -> tuple[str, str] | None:
    """Return what to say of a step that leaves a gap of another length where the field begins anew, and what to do."""
    low, high = field.field.first, field.field.last or 0
    end = high if term.last is None else term.last
    if term.form not in (Form.STEP, Form.RANGE) or term.step == 1 or end < term.first or term.first > high:
        return None
    if term.first + term.step > end:
        return f"is {term.first} alone: a step of {term.step} leads past {end}", f"write {term.first}"
    size = high - low + 1
    if end != high or (term.form is Form.RANGE and term.first != low):
        return None
    last = end - (end - term.first) % term.step
    if field.field.index == _DAY_OF_MONTH:
        message = f"begins anew each month: after {last} comes {term.first}, not {term.step} days later"
        return message, "write the days out if that is meant"
    if size % term.step == 0:
        return None
    gap = size - last + term.first
    message = f"does not come out even: {last} is followed by {term.first} after {gap}, not after {term.step}"
    even = max(step for step in range(1, term.step) if size % step == 0)
    hint = f"write the values out, or take a step that divides {size}, such as {even}"
    return message, hint if even > 1 else "write the values out if that is meant"


def _wrapping_range(cron: CheckedCron) -> Iterator[Mark]:
    for field in cron.expression.fields[:6]:
        if "-" not in field.text:
            continue
        for term in field.terms:
            # `SAT-SUN` reads as it is meant.
            if term.form is Form.RANGE and not term.named and term.last is not None and term.last < term.first:
                message, hint = _wrapping(field, term, term.last)
                yield Mark(
                    f"{field.field.name} {term.text} {message}", field.column + term.column, len(term.text), hint
                )


def _wrapping(field: ParsedField, term: Term, last: int) -> tuple[str, str]:
    low, high = field.field.first, field.field.last
    step = f"/{term.step}" if term.step > 1 else ""
    if last < low:
        return f"is read as {term.first}-{high}{step}: there is no {last}", f"write {term.first}-{high}{step}"
    parts = "the values out" if step else f"{term.first}-{high},{low}-{last}"
    hint = f"write {parts} if that is meant, else {last}-{term.first}{step}"
    return f"runs round: from {term.first} to {high}, and from {low} to {last}", hint


STEPS = (
    CronCheck(
        CronRule.UNEVEN_STEP,
        "A step counts within its field and begins anew with each hour, day, month or week: `*/45` in the minutes is "
        "not every 45 minutes but at 0 and 45, 45 and then 15 minutes apart. `*/2` in day-of-month fires on the 31st "
        "and on the 1st after it.",
        "0 */45 * * * ?",
        "0 */30 * * * ?",
        _uneven_step,
    ),
    CronCheck(
        CronRule.WRAPPING_RANGE,
        "Quartz reads `22-4` in the hours as 22, 23, 0 … 4. Where the numbers were swapped by mistake, it fires at "
        "just the wrong times. Note that the hours after midnight belong to the next day.",
        "0 0 22-4 * * ?",
        "0 0 22-23,0-4 * * ?",
        _wrapping_range,
    ),
)

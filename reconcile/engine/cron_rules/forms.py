"""Rules about forms that Quartz does not read as they look. Source: QUARTZ_CRON.md, 1 and 3 to 5."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.cron import Form, ParsedField, Term
from reconcile.cron.days import value_mask, week_mask
from reconcile.cron.fields import NO_VALUE
from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark
from reconcile.model.rules import CronRule
from reconcile.text import ascii_of

_NAMES = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST"),
    *("SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
    *("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"),
)
_FULL_NAMES = {name[:3]: name for name in _NAMES}


def _ignored_text(cron: CheckedCron) -> Iterator[Mark]:
    for field in cron.expression.fields:
        for term in field.terms:
            if term.form is Form.IGNORED:
                hint = "L has a meaning in day-of-month and day-of-week only"
                yield Mark(f"{field.field.name} {term.text} adds nothing", *_place(field, term), hint)
            elif term.ignored and not _completes_name(term):
                kept = term.text.removesuffix(term.ignored) or "*"
                column, width = _place(field, term)
                message = f"{field.field.name} {term.text} is read as {kept}: Quartz ignores {term.ignored}"
                at = column + width - len(term.ignored)
                yield Mark(message, at, len(term.ignored), _instead(field, term, kept))


def _completes_name(term: Term) -> bool:
    """Say whether what is ignored is only the rest of a name: ``MONDAY``, ``TUES``, ``MON-FRIDAY``."""
    if not term.named or term.form not in (Form.VALUE, Form.RANGE):
        return False
    name = term.text.removesuffix(term.ignored)[-3:]
    return _FULL_NAMES[name][3:].startswith(term.ignored)


def _instead(field: ParsedField, term: Term, kept: str) -> str:
    if term.named and term.form is Form.RANGE and term.ignored.startswith("/"):
        return f"a step works with numbers only: {term.first}-{term.last}{term.ignored}"
    if term.named and "-" in term.ignored:
        return "a range takes names of three letters, as MON-FRI"
    if not term.ignored.isascii():
        return f"with an ASCII keyboard: {ascii_of(term.text)}"
    if term.text.startswith("L") and field.field.index == 5:
        return "in day-of-week L is SAT; the last of a weekday is written as FRIL"
    return f"write {kept}"


def _ignored_fields(cron: CheckedCron) -> Iterator[Mark]:
    surplus = cron.expression.surplus.strip()
    if surplus:
        column = len(cron.expression.text.upper()) - len(cron.expression.surplus)
        message = f"{surplus} stands after the seventh field: Quartz ignores it"
        yield Mark(message, column, len(surplus), "take it away; Quartz 2.5 refuses it")


def _magic_number(cron: CheckedCron) -> Iterator[Mark]:
    for field in cron.expression.fields:
        for term in field.terms:
            if term.magic or (term.form is Form.NTH and term.first == NO_VALUE):
                place = _place(field, term)
                yield Mark(f"{field.field.name} {_magic(field, term)}", *place, "write what is meant")


def _magic(field: ParsedField, term: Term) -> str:
    if term.form is Form.EVERY:
        return f"{term.text} is read as *: 99 is Quartz's own number for it"
    if term.form in (Form.NONE, Form.NTH):
        return f"{term.text} is read as ?: 98 is Quartz's own number for it"
    return f"{term.text} begins at {field.field.first}: 99 is Quartz's own number for *"


def _partly_read_list(cron: CheckedCron) -> Iterator[Mark]:
    for field in (cron.expression.fields[3], cron.expression.fields[5]):
        if len(field.terms) == 1:
            continue
        counts = _what_counts(field, cron.expression.quartz)
        if counts is not None:
            message = f"{field.field.name} {field.text} is read as {counts}: the rest of the list does not count"
            yield Mark(message, field.column, len(field.text), f"write {counts}, and the rest as a schedule of its own")


def _what_counts(field: ParsedField, quartz: str) -> str | None:
    """Return what Quartz makes of a list of which it reads a part; None where it reads all."""
    terms = field.terms
    if field.has_no_value:
        return "?"
    nth = [term for term in terms if term.form is Form.NTH]
    if nth:
        return f"{_lowest(week_mask(terms))}#{nth[-1].step}"
    if quartz == "2.3" and any(term.form is Form.NEAREST for term in terms):
        return f"{_lowest(value_mask(terms, 1, 31))}W"
    return None


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _weekday_l(cron: CheckedCron) -> Iterator[Mark]:
    field = cron.expression.fields[5]
    if field.text == "L":
        message = "day-of-week L is every SAT, not the last weekday of the month"
        yield Mark(message, field.column, 1, "write SAT; the last Friday of the month is FRIL")


def _place(field: ParsedField, term: Term) -> tuple[int, int]:
    return field.column + term.column, len(term.text)


FORMS = (
    CronCheck(
        CronRule.IGNORED_TEXT,
        "Quartz stops reading where it thinks that a value is complete, and says nothing about the rest. `MON-FRI/2` "
        "is every day from Monday to Friday, `MONDAY-FRIDAY` is Monday, `10AM` and `10PM` are both 10, `*/0` is `*`.",
        "0 0 2 ? * MON-FRI/2",
        "0 0 2 ? * MON,WED,FRI",
        _ignored_text,
    ),
    CronCheck(
        CronRule.IGNORED_FIELDS,
        "Quartz 2.3 ignores an eighth and later fields unread; Quartz 2.5 refuses them.",
        "0 0 2 * * ? * UTC",
        "0 0 2 * * ? *",
        _ignored_fields,
    ),
    CronCheck(
        CronRule.MAGIC_NUMBER,
        "99 means `*` in every field, 98 means `?` in the day fields, although both are far out of range. `99` as the "
        "minute fires every minute.",
        "0 99 2 * * ?",
        "0 59 2 * * ?",
        _magic_number,
    ),
    CronCheck(
        CronRule.PARTLY_READ_LIST,
        "`W` and `#` hold for the whole field, and then only the smallest number counts: `15W,20W` is `15W`, "
        "`MON#2,FRI` is `MON#2`. A list with `?` in it is `?`.",
        "0 0 2 15W,20W * ?",
        "0 0 2 15W * ?",
        _partly_read_list,
    ),
    CronCheck(
        CronRule.WEEKDAY_L,
        "In day-of-month `L` is the last day of the month. In day-of-week it is the last day of the week, and fires "
        "weekly.",
        "0 0 2 ? * L",
        "0 0 2 ? * SAT",
        _weekday_l,
    ),
)

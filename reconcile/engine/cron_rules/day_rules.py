"""Rules about days: Unix numbers for weekdays, and days that some months lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconcile.cron import Expression, Form, ParsedField, hazard
from reconcile.cron.days import Days, month_day_masks, value_mask, week_day_masks, week_mask, year_kind
from reconcile.cron.fields import DAYS, MONTHS
from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark, mark
from reconcile.model.rules import CronRule

_NUMBERED = (Form.VALUE, Form.RANGE, Form.STEP)
_WEEK = 0b1111_1110
_WEEKEND = 0b1000_0010
_SUNDAY = 0b10
_IN_EVERY_MONTH = (1 << 29) - 2


def _unix_weekdays(cron: CheckedCron) -> Iterator[Mark]:
    field = cron.expression.fields[5]
    if field.text in ("?", "*") or not all(
        term.form in _NUMBERED and term.text[0].isdigit() and not term.magic for term in field.terms
    ):
        return
    quartz = week_mask(field.terms)
    unix = (quartz << 1 | quartz >> 6) & _WEEK
    has_unix_sunday = any(term.last == 0 for term in field.terms)
    if quartz == _SUNDAY or has_unix_sunday or (_mixes(quartz) and (not _mixes(unix) or quartz & _SUNDAY)):
        message = f"day-of-week {field.text} is {day_names(quartz)}: Quartz counts from SUN = 1"
        hint = f"write {day_names(unix)} if that is meant, else {day_names(quartz)}"
        yield mark(field, message, hint)


def _mixes(mask: int) -> bool:
    """Say whether a week mask has days of work and of the weekend, yet not all."""
    return bool(mask & _WEEKEND) and bool(mask & ~_WEEKEND) and mask != _WEEK


def day_names(mask: int) -> str:
    """Return the days of a week mask (bit 1 is Sunday) as Quartz would have them written, from Monday on."""
    runs: list[list[str]] = []
    was_set = False
    for number in (2, 3, 4, 5, 6, 7, 1) if not mask & _SUNDAY or mask & 1 << 7 else (1, 2, 3, 4, 5, 6, 7):
        is_set = bool(mask >> number & 1)
        if is_set and was_set:
            runs[-1].append(DAYS[number - 1])
        elif is_set:
            runs.append([DAYS[number - 1]])
        was_set = is_set
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)


def _skipped_months(cron: CheckedCron) -> Iterator[Mark]:
    expression = cron.expression
    month_days, _, week_days, _ = expression.fields[3:]
    field = week_days if month_days.has_no_value else month_days
    if not _may_skip(field) or expression.meaning.never_fires or hazard(expression):
        return
    never, sometimes = _lacking(expression, field)
    months = [_listed(never)] if never else []
    if sometimes:
        months.append(f"{'some months' if len(sometimes) == 12 else _listed(sometimes)} of some years")
    if months:
        message = f"{field.field.name} {field.text} does not come in {' and in '.join(months)}: nothing fires then"
        is_nth = field is week_days
        hint = "for the last such weekday write L, as FRIL" if is_nth else "for the last day of every month write L"
        yield mark(field, message, hint)


def _may_skip(field: ParsedField) -> bool:
    """Say whether it is worth looking: most fields name a day that every month has."""
    terms = field.terms
    if field.text == "*":
        return False
    if field.field.index == 5:
        return any(term.form is Form.NTH and term.step == 5 for term in terms)
    if any(term.form is Form.LAST for term in terms):
        return all(term.form is not Form.LAST or term.step >= 28 for term in terms)
    return not value_mask(terms, 1, 31) & _IN_EVERY_MONTH


def _lacking(expression: Expression, field: ParsedField) -> tuple[list[int], list[int]]:
    """Return which of its months (from 1) never have a day of *field*, and which have none in some of its years."""
    months = value_mask(expression.fields[4].terms, 1, 12)
    days: Days
    if field.field.index == 5:
        days = week_day_masks(field.terms, months)
    else:
        days = month_day_masks(field.terms, expression.quartz, months)
    kinds = {year_kind(year) for year in expression.years}
    never, sometimes = [], []
    for month in range(1, 13):
        if months >> month & 1:
            empty = sum(not days[kind][month - 1] for kind in kinds)
            if empty == len(kinds):
                never.append(month)
            elif empty:
                sometimes.append(month)
    return never, sometimes


def _listed(months: Sequence[int]) -> str:
    return ", ".join(MONTHS[month - 1] for month in months)


DAY_RULES = (
    CronCheck(
        CronRule.UNIX_WEEKDAYS,
        "Quartz counts the days of the week from Sunday = 1, Unix cron from Sunday = 0. `1-5` is Monday to Friday "
        "there, and Sunday to Thursday here. Names mean the same in both.",
        "0 0 9 ? * 1-5",
        "0 0 9 ? * MON-FRI",
        _unix_weekdays,
    ),
    CronCheck(
        CronRule.SKIPPED_MONTHS,
        "Quartz does not move a day that a month lacks to the month's end: `31` fires seven times a year, `29W` not in "
        "most Februaries, `FRI#5` in four or five months a year.",
        "0 0 2 31 * ?",
        "0 0 2 L * ?",
        _skipped_months,
    ),
)

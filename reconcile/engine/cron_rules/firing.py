"""Rules about how often, and whether, a cron fires at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from reconcile.cron import Form, ParsedField, fires_per_day, hazard, next_fire
from reconcile.cron.days import is_empty
from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark, mark
from reconcile.model.rules import CronRule

_EVERY_SECOND = (1 << 60) - 1


def _breaks_quartz(cron: CheckedCron) -> Iterator[Mark]:
    expression = cron.expression
    # Looked at closely only where it can be: an empty field never fires, and only `W` hangs.
    if not expression.meaning.never_fires and "W" not in expression.fields[3].text:
        return
    trouble = hazard(expression)
    if trouble is not None:
        blamed = _empty_field(cron) or expression.fields[3]
        yield mark(blamed, f"{blamed.field.name} {blamed.text}: {trouble}", "write a value that exists")


def _empty_field(cron: CheckedCron) -> ParsedField | None:
    fields = cron.expression.fields
    return next((one for one in fields[:3] + fields[4:6] if is_empty(one.terms, one.field)), None)


def _never_fires(cron: CheckedCron) -> Iterator[Mark]:
    expression = cron.expression
    if not expression.meaning.never_fires or hazard(expression):
        return
    month_days, month, week_days, year = expression.fields[3:]
    if not expression.years:
        message = f"never fires: year {year.text} names no year up to {expression.max_year}"
        yield mark(year, message, "leave the year out, or write one to come")
    elif month_days.has_no_value:
        message = f"never fires: day-of-week {week_days.text} comes in none of its months and years"
        yield mark(week_days, message, "write a day by its name, as MON or FRI#2")
    else:
        message = f"never fires: day-of-month {month_days.text} comes in no month {month.text} of its years"
        yield mark(month_days, message, "for the last day of a month write L", last=month)


def _only_past(cron: CheckedCron) -> Iterator[Mark]:
    years = cron.expression.meaning.years
    now = cron.now.astimezone(cron.zone or UTC)
    if not years or years[-1] > now.year or hazard(cron.expression):
        return
    if years[-1] < now.year or next_fire(cron.expression, now) is None:
        year = cron.expression.fields[6]
        message = f"year {year.text}: all its fires are past, the last year in which it fires is {years[-1]}"
        yield mark(year, message, "leave the year out, write one to come, or delete the schedule")


def _every_second(cron: CheckedCron) -> Iterator[Mark]:
    if cron.expression.meaning.seconds == _EVERY_SECOND:
        second = cron.expression.fields[0]
        message = f"second {second.text}: fires in each second of the minutes that it names"
        yield mark(second, message, "Quartz's first field is the second: write 0 for once a minute")


def _too_many_fires(cron: CheckedCron) -> Iterator[Mark]:
    count, limit = fires_per_day(cron.expression), cron.max_fires_per_day
    if limit is not None and count > limit:
        second, _, hour = cron.expression.fields[:3]
        message = f"fires {count} times a day, more than {limit}"
        yield mark(second, message, "fire less often, or raise limits.max_fires_per_day", last=hour)


def _is_nth_without_weekday(form: Form, first: int) -> bool:
    return form is Form.NTH and (first == 0 or first > 7) and first != 98


def _no_such_weekday(cron: CheckedCron) -> Iterator[Mark]:
    field = cron.expression.fields[5]
    if "#" not in field.text:
        return
    for term in field.terms:
        if _is_nth_without_weekday(term.form, term.first):
            meant = f"is read as 7#{term.step}, a Saturday" if term.first == 0 else "is a day that never comes"
            message = f"day-of-week {term.text} {meant}: the weekdays are 1 (SUN) to 7 (SAT)"
            hint = f"write the day by its name, as SUN#{term.step}"
            yield Mark(message, field.column + term.column, len(term.text), hint)


FIRING = (
    CronCheck(
        CronRule.BREAKS_QUARTZ,
        "A field that names no value makes Quartz throw; the weekday nearest to a day that a month lacks, as `0W` or "
        "`L-30W`, sends its search round for ever, and with it a thread of the service. Such a text must never reach "
        "it.",
        "0 0 2 0W * ?",
        "0 0 2 1W * ?",
        _breaks_quartz,
    ),
    CronCheck(
        CronRule.NEVER_FIRES,
        "The text is valid but names a day that no calendar has, or years after the last that Quartz knows (the year "
        "it was started in, plus 100). It goes unnoticed, because nothing happens.",
        "0 0 2 30 2 ?",
        "0 0 2 L 2 ?",
        _never_fires,
    ),
    CronCheck(
        CronRule.ONLY_PAST_FIRES,
        "The years that it names are over. The schedule does nothing any more, though it looks active.",
        "0 0 2 1 1 ? 2020",
        "0 0 2 1 1 ?",
        _only_past,
    ),
    CronCheck(
        CronRule.EVERY_SECOND,
        "Quartz has a field for the second where Unix cron begins with the minute. A `*` there is hardly ever meant: "
        "`* 0 9 * * ?` fires 60 times from 09:00:00 to 09:00:59.",
        "* 0 9 * * ?",
        "0 0 9 * * ?",
        _every_second,
    ),
    CronCheck(
        CronRule.TOO_MANY_FIRES,
        "Each fire costs the service a trigger, a lock and a row of history. Work that is due every few seconds "
        "belongs into a worker or a queue. How many are allowed is `limits.max_fires_per_day` of the workspace.",
        "0/10 * * * * ?",
        "0 * * * * ?",
        _too_many_fires,
    ),
    CronCheck(
        CronRule.NO_SUCH_WEEKDAY,
        "Quartz does not check the number before `#`. `0#2`, in which a Unix user sees the second Sunday, is the "
        "second Saturday; from 8 on the day never comes.",
        "0 0 2 ? * 0#2",
        "0 0 2 ? * SUN#2",
        _no_such_weekday,
    ),
)

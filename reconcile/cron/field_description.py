"""`field_words`: the description of a single field, for the table that stands below the sentence of `words`."""

from __future__ import annotations

from dataclasses import replace

from reconcile.cron.days import is_empty, value_mask, week_mask
from reconcile.cron.description import DayDescription
from reconcile.cron.expression import Expression
from reconcile.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, FIRST_YEAR, MONTH, YEAR
from reconcile.cron.number_sets import Shape, number_set
from reconcile.cron.parse import parse
from reconcile.cron.phrases import Phrases, spaced
from reconcile.cron.terms import ParsedField

_PHRASES = {
    "every": ("every", "每个"),
    "any": ("whatever the other day field says", "由另一个日期字段决定"),
    "none": ("no value", "没有值"),
    "steps": ("every {0} from {1} through {2}", "从{1}到{2}每隔{0}"),
}
_FEWEST_STEPS = 4


def field_words(expression: Expression, field: ParsedField, language: str = "en") -> str:
    """Return the description of *field*, a field of *expression*, in *language* (``en`` or ``zh``).

    >>> from reconcile.cron import parse
    >>> cron = parse("0 */30 8-19 ? * MON-FRI")
    >>> [field_words(cron, field) for field in cron.fields[1:4]]
    ['0 and 30', '8 through 19', 'whatever the other day field says']
    """
    phrases = Phrases(language)
    kind = field.field
    if kind in (DAY_OF_MONTH, DAY_OF_WEEK) and field.has_no_value:
        return _say("any", phrases)
    if kind is YEAR:
        years = expression.years
        return _numbers(sum(1 << year for year in years), FIRST_YEAR, expression.max_year, phrases)
    # Before `#`, Quartz accepts numbers that are not weekdays.
    if is_empty(field.terms, kind) or (kind is DAY_OF_WEEK and not week_mask(field.terms) & 0xFF):
        return _say("none", phrases)
    if kind in (DAY_OF_MONTH, DAY_OF_WEEK):
        every_month = parse("0 0 0 * * ?").fields[MONTH.index]
        fields = tuple(every_month if one.field is MONTH else one for one in expression.fields)
        return spaced(DayDescription(replace(expression, fields=fields), phrases).days(leave_out_every_day=False))
    assert kind.last is not None, "only a year has no upper end"
    mask = value_mask(field.terms, kind.first, kind.last)
    if kind is MONTH and mask.bit_count() < 12:
        return phrases.listed(phrases.months[number - 1] for number in range(1, 13) if mask >> number & 1)
    return _numbers(mask, kind.first, kind.last, phrases)


def _numbers(mask: int, first: int, last: int, phrases: Phrases) -> str:
    if not mask:
        return _say("none", phrases)
    values = number_set(mask, min(first, (mask & -mask).bit_length() - 1), last)
    if values.shape is Shape.ALL:
        return _say("every", phrases)
    if values.shape is Shape.STEPS and len(values.numbers) >= _FEWEST_STEPS:
        return spaced(_say("steps", phrases).format(values.step, values.first, values.last))
    return spaced(phrases.numbers(values))


def _say(name: str, phrases: Phrases) -> str:
    english, chinese = _PHRASES[name]
    return english if phrases.is_english else chinese

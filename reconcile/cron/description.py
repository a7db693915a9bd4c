"""`words`: a sentence that describes an expression in English or Chinese, from its meaning and not from its spelling.

So ``MON-FRI/2`` is described as Quartz fires it (every weekday), and ``15W,20`` as the one day that counts. "Weekday",
and 工作日, is Monday to Friday: Quartz has no holidays.
"""

from __future__ import annotations

from reconcile.cron.days import value_mask, week_mask
from reconcile.cron.expression import Expression
from reconcile.cron.fields import FIRST_YEAR
from reconcile.cron.number_sets import NumberSet, Shape, number_set
from reconcile.cron.phrases import LANGUAGES, Phrases, spaced
from reconcile.cron.terms import Form, ParsedField, Term
from reconcile.cron.time_description import TimeDescription

__all__ = ["LANGUAGES", "words"]

_PHRASES = {language: Phrases(language) for language in LANGUAGES}


def words(expression: Expression, language: str = "en") -> str:
    """Return when *expression* fires, as a sentence without a full stop, in *language* (``en`` or ``zh``).

    >>> from reconcile.cron import parse
    >>> words(parse("0 */30 8-19 ? * MON-FRI"))
    'Every 30 minutes from 08:00 through 19:30, Monday through Friday'
    >>> words(parse("0 30 2 L * ?"), "zh")
    '每月最后一天 02:30'
    """
    phrases = _PHRASES.get(language)
    if phrases is None:
        raise ValueError(f"the language {language!r} is not one of {', '.join(LANGUAGES)}")
    if expression.meaning.never_fires:
        sentence = phrases.say("never")
    else:
        date = DayDescription(expression, phrases)
        clock = TimeDescription(expression.meaning, phrases)
        time = clock.text(every_day=date.is_every_day)
        # "Every 5 minutes" implies every day; a clock time does not.
        days = date.days(leave_out_every_day=clock.is_all_day and ":" not in time)
        if phrases.is_english:
            sentence = ", ".join(part for part in (time, days, date.years()) if part)
        else:
            when = date.years() + days
            pause = "，" if when and not when.endswith("，") and not time[0].isdigit() else ""
            sentence = spaced(when + pause + time)
    return sentence[0].upper() + sentence[1:]


class DayDescription:
    """Describes the days, months and years of one expression."""

    def __init__(self, expression: Expression, phrases: Phrases) -> None:
        self._expression = expression
        self._phrases = phrases
        self._say = phrases.say
        _, _, _, self._month_days, month, self._week_days, _ = expression.fields
        self._month = number_set(value_mask(month.terms, 1, 12), 1, 12)

    @property
    def is_every_day(self) -> bool:
        """Return whether the fields name every day of every month."""
        return self._names_all_days and self._month.shape is Shape.ALL

    @property
    def _names_all_days(self) -> bool:
        if self._month_days.has_no_value:
            return _is_plain(self._week_days) and value_mask(self._week_days.terms, 1, 7) == 0b1111_1110
        return _is_plain(self._month_days) and value_mask(self._month_days.terms, 1, 31) == 0xFFFF_FFFE

    def days(self, *, leave_out_every_day: bool) -> str:
        """Return the days with their months; an empty text for every day with *leave_out_every_day*."""
        if self._names_all_days:
            return self._every_day(leave_out_every_day=leave_out_every_day)
        if self._month_days.has_no_value and _is_plain(self._week_days):
            return self._plain_week_days()
        if not self._month_days.has_no_value and _is_plain(self._month_days):
            return self._plain_month_days()
        return self._of_months(self._say_on(self._specials()))

    def _say_on(self, text: str) -> str:
        return f"on {text}" if self._phrases.is_english else text

    def _every_day(self, *, leave_out_every_day: bool) -> str:
        if self._month.shape is Shape.ALL:
            return "" if leave_out_every_day else self._say("every_day")
        months = self._in_months()
        return months if leave_out_every_day and self._phrases.is_english else self._say("every_day_in", months)

    def _plain_week_days(self) -> str:
        days = number_set(value_mask(self._week_days.terms, 1, 7), 1, 7)
        text = self._say("on_run" if days.shape is Shape.RUN else "on", self._named(days, self._phrases.weekdays))
        return text if self._month.shape is Shape.ALL else self._say("weekday_in", text, self._in_months())

    def _plain_month_days(self) -> str:
        days = number_set(value_mask(self._month_days.terms, 1, 31), 1, 31)
        if days.shape is Shape.ONE and self._month.shape is Shape.ONE:
            return self._say_on(self._say("date", days.first, self._phrases.months[self._month.first - 1]))
        if days.shape is Shape.STEPS:
            name = "day_steps" if days.to_end else "day_steps_through"
            return self._of_months(self._say(name, days.step, days.first, days.last))
        return self._of_months(self._say_on(self._counted(days)))

    def _counted(self, days: NumberSet) -> str:
        return self._say("day" if days.shape is Shape.ONE else "days", self._phrases.numbers(days))

    def _specials(self) -> str:
        if self._month_days.has_no_value:
            return self._special_week_day()
        terms = self._month_days.terms
        nearest = [term for term in terms if term.form is Form.NEAREST]
        if self._expression.quartz == "2.3":
            if nearest:
                # Quartz has one W flag for the whole field; with it, only the smallest number counts.
                return self._say("nearest", _lowest(value_mask(terms, 1, 31)))
            return self._last([term for term in terms if term.form is Form.LAST][-1])
        plain = value_mask([term for term in terms if term.form not in (Form.LAST, Form.NEAREST)], 1, 31)
        text = [self._counted(number_set(plain, 1, 31))] if plain else []
        text += [self._last(term) for term in terms if term.form is Form.LAST]
        return self._phrases.listed(text + [self._say("nearest", term.first) for term in nearest])

    def _special_week_day(self) -> str:
        names = self._phrases.weekdays
        smallest = _lowest(week_mask(self._week_days.terms))
        if any(term.form is Form.LAST_OF for term in self._week_days.terms):
            return self._say("last_of", names[smallest - 1])
        nth = [term.step for term in self._week_days.terms if term.form is Form.NTH]
        return self._say("nth", self._phrases.ordinals[nth[-1] - 1], names[(smallest or 7) - 1])

    def _last(self, term: Term) -> str:
        kind = "weekday" if term.nearest_weekday else "day"
        if not term.step:
            return self._say(f"last_{kind}")
        name = "before_last_weekday" if term.nearest_weekday else "before_last"
        return self._say(name, self._phrases.counted(term.step + 1))

    def _of_months(self, text: str) -> str:
        if self._month.shape is Shape.ALL:
            return self._say("of_the_month", text)
        names = {Shape.ONE: "of_month", Shape.RUN: "of_month_run"}
        return self._say(
            names.get(self._month.shape, "of_months"), text, self._named(self._month, self._phrases.months)
        )

    def _in_months(self) -> str:
        name = "from_month" if self._month.shape is Shape.RUN else "in_month"
        return self._say(name, self._named(self._month, self._phrases.months))

    def years(self) -> str:
        """Return the years; for all years an empty text, or 每年 before a month."""
        numbers = self._expression.years
        if numbers == tuple(range(FIRST_YEAR, self._expression.max_year + 1)):
            return "" if self._month.shape is Shape.ALL else self._say("every_year")
        years = number_set(sum(1 << number for number in numbers), numbers[0], numbers[-1])
        if years.shape is Shape.ALL and len(numbers) > 2:
            return self._say("year_run", numbers[0], numbers[-1])
        if years.shape is Shape.STEPS and len(numbers) > 3:
            return self._say("year_steps", years.step, numbers[0], numbers[-1])
        return self._say("years", self._phrases.numbers(years))

    def _named(self, values: NumberSet, names: tuple[str, ...]) -> str:
        if values.shape is Shape.RUN:
            return self._say("through", names[values.first - 1], names[values.last - 1])
        # Weekdays are listed from Monday on.
        numbers = (
            sorted(values.numbers, key=lambda number: (number == 1, number)) if len(names) == 7 else values.numbers
        )
        return self._phrases.listed(names[number - 1] for number in numbers)


def _is_plain(one: ParsedField) -> bool:
    return not any(term.form in (Form.LAST, Form.NEAREST, Form.NTH, Form.LAST_OF) for term in one.terms)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1

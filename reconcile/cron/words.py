"""A sentence for an expression, in English or Chinese, from what it means and not from how it is spelled.

So ``MON-FRI/2`` is said as Quartz fires it (every weekday), and ``15W,20`` as the one day that counts. One table holds
both languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.cron.days import value_mask
from reconcile.cron.parse import Expression, ParsedField
from reconcile.cron.patterns import Pattern, Shape, pattern
from reconcile.cron.terms import Form, Term

_EN: Mapping[str, str] = {
    "never": "never",
    "and": " and ",
    "comma": ", ",
    "then": ", ",
    "through": "{} through {}",
    "every_second": "every second",
    "every_seconds": "every {} seconds",
    "every_minute": "every minute",
    "every_minutes": "every {} minutes",
    "every_minutes_from": "every {} minutes from minute {}",
    "every_hour": "every hour, on the hour",
    "every_hour_at": "every hour at minute {}",
    "every_hours": "every {} hours",
    "every_hours_at": "every {} hours at minute {}",
    "every_hours_from": "every {} hours from {}",
    "at": "at {}",
    "between": "from {}:00 through {}:59",
    "in_hours": "in the hours {}",
    "in_hour": "in the hour from {}:00",
    "at_minutes": "at minutes {}",
    "at_minute": "at minute {}",
    "at_seconds": "at seconds {}",
    "at_second": "at second {}",
    "every_day": "every day",
    "on": "on {}",
    "month_day": "on day {} of the month",
    "month_days": "on days {} of the month",
    "every_days": "every {} days from day {} of the month",
    "last_day": "on the last day of the month",
    "before_last": "{} day(s) before the last day of the month",
    "last_weekday": "on the last weekday of the month",
    "before_last_weekday": "on the weekday nearest to {} day(s) before the last day of the month",
    "nearest": "on the weekday nearest to day {} of the month",
    "nth": "on the {} {} of the month",
    "last_of": "on the last {} of the month",
    "in": "in {}",
    "from": "from {}",
    "every_months": "every {} months from {}",
    "years": "in {}",
    "years_from": "from {} through {}",
    "every_years": "every {} years from {} through {}",
}
_ZH: Mapping[str, str] = {
    "never": "永不触发",
    "and": "和",
    "comma": "、",
    "then": "，",
    "through": "{}至{}",
    "every_second": "每秒",
    "every_seconds": "每 {} 秒",
    "every_minute": "每分钟",
    "every_minutes": "每 {} 分钟",
    "every_minutes_from": "从第 {1} 分起每 {0} 分钟",
    "every_hour": "每小时整点",
    "every_hour_at": "每小时的第 {} 分",
    "every_hours": "每 {} 小时",
    "every_hours_at": "每 {} 小时的第 {} 分",
    "every_hours_from": "从 {1} 起每 {0} 小时",
    "at": "{}",
    "between": "{}:00 至 {}:59 之间",
    "in_hours": "{}时内",
    "in_hour": "{}时内",
    "at_minutes": "第 {} 分",
    "at_minute": "第 {} 分",
    "at_seconds": "第 {} 秒",
    "at_second": "第 {} 秒",
    "every_day": "每天",
    "on": "{}",
    "month_day": "每月 {} 日",
    "month_days": "每月 {} 日",
    "every_days": "每月从 {1} 日起每 {0} 天",
    "last_day": "每月最后一天",
    "before_last": "每月最后一天的前 {} 天",
    "last_weekday": "每月最后一个工作日",
    "before_last_weekday": "离每月最后一天的前 {} 天最近的工作日",
    "nearest": "离每月 {} 日最近的工作日",
    "nth": "每月{}{}",
    "last_of": "每月最后一个{}",
    "in": "{}",
    "from": "{}",
    "every_months": "从{1}起每 {0} 个月",
    "years": "{} 年",
    "years_from": "{} 至 {} 年",
    "every_years": "{1} 至 {2} 年间每 {0} 年",
}
_PHRASES = {"en": _EN, "zh": _ZH}
_WEEKDAYS = {
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "zh": ("周日", "周一", "周二", "周三", "周四", "周五", "周六"),
}
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "zh": tuple(f"{number} 月" for number in range(1, 13)),
}  # fmt: skip
_ORDINALS = {
    "en": ("first", "second", "third", "fourth", "fifth"),
    "zh": ("第一个", "第二个", "第三个", "第四个", "第五个"),
}
LANGUAGES = tuple(_PHRASES)
# More moments than this in a day are said by field, not one by one.
_MOMENTS = 6


def words(expression: Expression, language: str = "en") -> str:
    """Return when *expression* fires, as a sentence without its full stop, in *language* (``en`` or ``zh``).

    >>> from reconcile.cron import parse
    >>> words(parse("0 */30 8-19 ? * MON-FRI"))
    'Every 30 minutes, from 08:00 through 19:59, on Monday through Friday'
    >>> words(parse("0 30 2 L * ?"), "zh")
    '每月最后一天 02:30'
    """
    said = _Speaker(expression, language)
    if expression.meaning.never_fires:
        sentence = said.phrase("never")
    elif language == "zh":
        sentence = " ".join(part for part in (said.years(), said.months(), said.days(), said.times()) if part)
    else:
        sentence = ", ".join(part for part in (said.times(), said.days(), said.months(), said.years()) if part)
    return sentence[0].upper() + sentence[1:]


class _Speaker:
    """Says the parts of one expression in one language."""

    def __init__(self, expression: Expression, language: str) -> None:
        self._expression = expression
        self._language = language
        self._phrases = _PHRASES[language]
        if not expression.meaning.never_fires:
            meaning = expression.meaning
            self._second = pattern(meaning.seconds, 0, 59)
            self._minute = pattern(meaning.minutes, 0, 59)
            self._hour = pattern(meaning.hours, 0, 23)

    def phrase(self, name: str, *values: object) -> str:
        """Return a phrase of the table, filled in."""
        return self._phrases[name].format(*values)

    def times(self) -> str:
        """Say the time of day."""
        moments = len(self._second.numbers) * len(self._minute.numbers) * len(self._hour.numbers)
        if moments <= _MOMENTS:
            return self.phrase("at", self._listed([self._clock(h, m, s) for h, m, s in self._moments()]))
        parts = [self._seconds(), *self._minutes_and_hours()]
        return self._phrases["then"].join(part for part in parts if part)

    def _moments(self) -> list[tuple[int, int, int]]:
        return [
            (hour, minute, second)
            for hour in sorted(self._hour.numbers)
            for minute in self._minute.numbers
            for second in self._second.numbers
        ]

    def _clock(self, hour: int, minute: int, second: int) -> str:
        return f"{hour:02}:{minute:02}" + (f":{second:02}" if self._second.numbers != (0,) else "")

    def _seconds(self) -> str:
        second = self._second
        if second.numbers == (0,):
            return ""
        if second.shape is Shape.ALL:
            return self.phrase("every_second")
        if second.shape is Shape.STEPS and second.first == 0 and second.to_end:
            return self.phrase("every_seconds", second.step)
        return self.phrase("at_second" if second.shape is Shape.ONE else "at_seconds", self._numbers(second))

    def _minutes_and_hours(self) -> list[str]:
        minute, hour = self._minute, self._hour
        if minute.shape is Shape.ONE:
            return self._hourly(minute.first)
        said = []
        if minute.shape is Shape.ALL:
            if self._second.shape in (Shape.ONE, Shape.LIST, Shape.RUN):
                said.append(self.phrase("every_minute"))
        elif minute.shape is Shape.STEPS and minute.to_end:
            name = "every_minutes" if minute.first == 0 else "every_minutes_from"
            said.append(self.phrase(name, minute.step, minute.first))
        else:
            said.append(self.phrase("at_minutes", self._numbers(minute)))
        if hour.shape is Shape.ONE:
            said.append(self.phrase("in_hour", f"{hour.first:02}"))
        elif hour.shape is Shape.RUN:
            said.append(self.phrase("between", f"{hour.first:02}", f"{hour.last:02}"))
        elif hour.shape is not Shape.ALL:
            said.append(self.phrase("in_hours", self._numbers(hour)))
        return said

    def _hourly(self, minute: int) -> list[str]:
        """One minute of several hours."""
        hour = self._hour
        if hour.shape is Shape.ALL:
            return [self.phrase("every_hour") if minute == 0 else self.phrase("every_hour_at", minute)]
        if hour.shape is Shape.STEPS and hour.to_end:
            if hour.first == 0:
                name = "every_hours" if minute == 0 else "every_hours_at"
                return [self.phrase(name, hour.step, minute)]
            return [self.phrase("every_hours_from", hour.step, f"{hour.first:02}:{minute:02}")]
        said = self.phrase("every_hour") if minute == 0 else self.phrase("every_hour_at", minute)
        if hour.shape is Shape.RUN:
            return [said, self.phrase("between", f"{hour.first:02}", f"{hour.last:02}")]
        return [self.phrase("at_minute", minute), self.phrase("in_hours", self._numbers(hour))]

    def days(self) -> str:
        """Say the days."""
        month_days, week_days = self._expression.fields[3], self._expression.fields[5]
        if month_days.has_no_value:
            return self._week_days(week_days)
        special = self._special_month_days(month_days)
        plain = tuple(term for term in month_days.terms if term.form not in (Form.LAST, Form.NEAREST))
        if special and (self._expression.quartz == "2.3" or not plain):
            return special
        said = self._month_days(value_mask(plain, 1, 31))
        return said + self._phrases["and"] + special if special else said

    def _special_month_days(self, month_days: ParsedField) -> str:
        last = [self._last(term) for term in month_days.terms if term.form is Form.LAST]
        nearest = [term for term in month_days.terms if term.form is Form.NEAREST]
        if self._expression.quartz == "2.3":
            if nearest:
                mask = value_mask(month_days.terms, 1, 31)
                return self.phrase("nearest", (mask & -mask).bit_length() - 1)
            return last[-1] if last else ""
        return self._listed(last + [self.phrase("nearest", term.first) for term in nearest])

    def _last(self, term: Term) -> str:
        name = "last_weekday" if term.nearest_weekday else "last_day"
        if term.step:
            name = "before_last_weekday" if term.nearest_weekday else "before_last"
        return self.phrase(name, term.step)

    def _month_days(self, mask: int) -> str:
        days = pattern(mask, 1, 31)
        if days.shape is Shape.ALL:
            return "" if self._is_frequent else self.phrase("every_day")
        if days.shape is Shape.STEPS and days.to_end:
            return self.phrase("every_days", days.step, days.first)
        return self.phrase("month_day" if days.shape is Shape.ONE else "month_days", self._numbers(days))

    def _week_days(self, week_days: ParsedField) -> str:
        names = _WEEKDAYS[self._language]
        mask = value_mask(week_days.terms, 1, 99)
        smallest = (mask & -mask).bit_length() - 1
        if any(term.form is Form.LAST_OF for term in week_days.terms):
            return self.phrase("last_of", names[smallest - 1])
        nth = [term.step for term in week_days.terms if term.form is Form.NTH]
        if nth:
            return self.phrase("nth", _ORDINALS[self._language][nth[-1] - 1], names[(smallest or 7) - 1])
        days = pattern(value_mask(week_days.terms, 1, 7), 1, 7)
        if days.shape is Shape.ALL:
            return "" if self._is_frequent else self.phrase("every_day")
        return self.phrase("on", self._named(days, names))

    @property
    def _is_frequent(self) -> bool:
        """Whether it fires so often that "every day" need not be said."""
        moments = len(self._second.numbers) * len(self._minute.numbers) * len(self._hour.numbers)
        return moments > _MOMENTS

    def months(self) -> str:
        """Say the months; nothing when it is all of them."""
        months = pattern(value_mask(self._expression.fields[4].terms, 1, 12), 1, 12)
        names = _MONTHS[self._language]
        if months.shape is Shape.ALL:
            return ""
        if months.shape is Shape.STEPS and months.to_end:
            return self.phrase("every_months", months.step, names[months.first - 1])
        return self.phrase("from" if months.shape is Shape.RUN else "in", self._named(months, names))

    def years(self) -> str:
        """Say the years; nothing when it is all of them."""
        terms = self._expression.fields[6].terms
        if any(term.form is Form.EVERY for term in terms):
            return ""
        numbers = self._written_years()
        mask = sum(1 << number for number in numbers)
        years = pattern(mask, numbers[0], numbers[-1])
        if years.shape is Shape.ALL and len(numbers) > 2:
            return self.phrase("years_from", numbers[0], numbers[-1])
        if years.shape is Shape.STEPS:
            return self.phrase("every_years", years.step, numbers[0], numbers[-1])
        return self.phrase("years", self._listed([str(number) for number in numbers]))

    def _written_years(self) -> tuple[int, ...]:
        from reconcile.cron.meaning import years_of

        return years_of(self._expression)

    def _numbers(self, found: Pattern) -> str:
        if found.shape is Shape.RUN:
            return self.phrase("through", found.first, found.last)
        return self._listed([str(number) for number in found.numbers])

    def _named(self, found: Pattern, names: tuple[str, ...]) -> str:
        if found.shape is Shape.RUN:
            return self.phrase("through", names[found.first - 1], names[found.last - 1])
        return self._listed([names[number - 1] for number in found.numbers])

    def _listed(self, said: list[str]) -> str:
        if len(said) < 2:
            return "".join(said)
        return self._phrases["comma"].join(said[:-1]) + self._phrases["and"] + said[-1]

"""The phrases of the descriptions: one table, in English and Chinese.

The Chinese phrases have no blanks between digits and Han characters; `spaced` inserts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconcile.cron.number_sets import NumberSet, runs

# Each row: English, Chinese.
_TABLE = {
    "never": ("never", "永不触发"),
    "comma": (", ", "、"),
    "and": (" and ", "、"),
    "through": ("{} through {}", "{}至{}"),
    # The time of day.
    "at": ("at {}", "{}"),
    "span": ("from {} through {}", "{}至{}"),
    "every_second": ("every second", "每秒"),
    "every_seconds": ("every {} seconds", "每{}秒"),
    "every_minute": ("every minute", "每分钟"),
    "every_minutes": ("every {} minutes", "每{}分钟"),
    "on_the_hour": ("every hour, on the hour", "每小时整点"),
    "every_hour_at": ("every hour at minute {}", "每小时的第{}分"),
    "every_hour": ("every hour", "每小时"),
    "every_hours": ("every {} hours", "每{}小时"),
    "in_spans": ("{0} {1}", "{1}{0}"),
    # The time of day field by field, where it has no simpler description.
    "second_steps": ("every {} seconds from second {} through {}", "第{1}至{2}秒每{0}秒"),
    "minute_steps": ("every {} minutes from minute {} through {}", "第{1}至{2}分每{0}分钟"),
    "one_second": ("at second {}", "第{}秒"),
    "one_minute": ("at minute {}", "第{}分"),
    "seconds": ("at seconds {}", "第{}秒"),
    "minutes": ("at minutes {}", "第{}分"),
    "of_every_minute": ("of every minute", "每分钟"),
    "of_every_minutes": ("of every {} minute", "每{}分钟"),
    "of_minute_steps": ("of every {} minute from minute {} through {}", "第{1}至{2}分每{0}分钟"),
    "of_minute": ("of minute {}", "第{}分"),
    "of_minutes": ("of minutes {}", "第{}分"),
    "of_every_hour": ("of every hour", "每小时"),
    "of_every_hours": ("of every {} hour", "每{}小时"),
    "of_hour_steps": ("of every {} hour from hour {} through {}", "{1}至{2}时每{0}小时"),
    "of_hour": ("of hour {}", "{}时"),
    "of_hours": ("of hours {}", "{}时"),
    # The day.
    "every_day": ("every day", "每天"),
    "every_day_in": ("every day {}", "{}每天"),
    "day": ("day {}", "{}日"),
    "days": ("days {}", "{}日"),
    "day_steps": ("every {} days from day {}", "{1}日起每{0}天"),
    "day_steps_through": ("every {} days from day {} through day {}", "{1}至{2}日每{0}天"),
    "last_day": ("the last day", "最后一天"),
    "before_last": ("the {}-to-last day", "倒数第{}天"),
    "last_weekday": ("the last weekday", "最后一个工作日"),
    "before_last_weekday": ("the weekday nearest to the {}-to-last day", "最接近倒数第{}天的工作日"),
    "nearest": ("the weekday nearest to day {}", "最接近{}日的工作日"),
    "nth": ("the {} {}", "{}{}"),
    "last_of": ("the last {}", "最后一个{}"),
    "on": ("on {}", "每{}"),
    "on_run": ("{}", "每{}"),
    "weekday_in": ("{}, {}", "{1}{0}"),
    # The month and the year.
    "of_the_month": ("{} of the month", "每月{}"),
    "of_month": ("{} of {}", "{1}{0}"),
    "of_months": ("{} of {}", "{1}的{0}"),
    "of_month_run": ("{} of each month from {}", "{1}每月{0}"),
    "date": ("{} {}", "{1}{0}日"),
    "in_month": ("in {}", "{}"),
    "from_month": ("from {}", "{}"),
    "every_year": ("", "每年"),
    "years": ("in {}", "{}年"),
    "year_run": ("from {} through {}", "{}至{}年"),
    "year_steps": ("every {} years from {} through {}", "{1}至{2}年每{0}年，"),
}
LANGUAGES = ("en", "zh")
_WEEKDAYS = {
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "zh": ("周日", "周一", "周二", "周三", "周四", "周五", "周六"),
}
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "zh": tuple(f"{number}月" for number in range(1, 13)),
}  # fmt: skip
_ORDINALS = {
    "en": ("first", "second", "third", "fourth", "fifth"),
    "zh": ("第一个", "第二个", "第三个", "第四个", "第五个"),
}
_HAN_THEN_DIGIT = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9])|(?<=[0-9])(?=[\u4e00-\u9fff])")


class Phrases:
    """The phrases in one language."""

    def __init__(self, language: str) -> None:
        self._column = LANGUAGES.index(language)
        self.is_english = language == "en"
        self.weekdays = _WEEKDAYS[language]
        self.months = _MONTHS[language]
        self.ordinals = _ORDINALS[language]

    def say(self, name: str, *values: object) -> str:
        """Return the phrase *name*, filled in."""
        return _TABLE[name][self._column].format(*values)

    def listed(self, texts: Iterable[str]) -> str:
        """Return the items as a list in a sentence: ``a, b and c``."""
        items = list(texts)
        if len(items) < 2:
            return "".join(items)
        return self.say("comma").join(items[:-1]) + self.say("and") + items[-1]

    def numbers(self, values: NumberSet) -> str:
        """Return the numbers as a list; runs of three and more are ``a through b``."""
        texts: list[str] = []
        for run in runs(values.mask):
            texts += [self.say("through", run[0], run[-1])] if len(run) > 2 else map(str, run)
        return self.listed(texts)

    def counted(self, number: int) -> str:
        """Return *number* as an ordinal in English. In Chinese the phrase itself makes it an ordinal."""
        return ordinal(number) if self.is_english else str(number)


def spaced(text: str) -> str:
    """Return *text* with blanks between Han characters and digits."""
    return _HAN_THEN_DIGIT.sub(" ", text)


def ordinal(number: int) -> str:
    """Return *number* as an English ordinal.

    >>> [ordinal(number) for number in (1, 2, 3, 11, 22, 45)]
    ['1st', '2nd', '3rd', '11th', '22nd', '45th']
    """
    last = 0 if number // 10 % 10 == 1 else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"

"""Describes the time of day: as clock times, as "every … from … through …", or else field by field."""

from __future__ import annotations

from reconcile.cron.meaning import Meaning
from reconcile.cron.number_sets import NumberSet, Shape, number_set, runs
from reconcile.cron.phrases import Phrases

# More times than this in a day are not listed one by one.
_MOST_TIMES = 6
# More spans of hours than this are described as a list of hours.
_MOST_SPANS = 3


class TimeDescription:
    """Describes the time of day of one meaning, with *phrases*."""

    def __init__(self, meaning: Meaning, phrases: Phrases) -> None:
        self._phrases = phrases
        self._second = number_set(meaning.seconds, 0, 59)
        self._minute = number_set(meaning.minutes, 0, 59)
        self._hour = number_set(meaning.hours, 0, 23)

    @property
    def is_all_day(self) -> bool:
        """Return whether it fires all day long: then "every day" is implied."""
        return self._hour.is_even and self._hour.first == 0

    def text(self, *, every_day: bool) -> str:
        """Return the description; *every_day*: a span of hours may cross midnight."""
        second, minute, hour = self._second, self._minute, self._hour
        if len(second.numbers) * len(minute.numbers) * len(hour.numbers) <= _MOST_TIMES:
            times = (self._clock(h, m, s) for h in sorted(hour.numbers) for m in minute.numbers for s in second.numbers)
            return self._phrases.say("at", self._phrases.listed(times))
        if minute.shape is Shape.ONE and second.shape is Shape.ONE:
            return self._hourly(every_day=every_day) or self._by_field()
        interval = self._interval()
        if interval and hour.shape is Shape.ALL:
            return interval
        spans = self._spans(every_day=every_day)
        if interval and spans:
            return self._phrases.say("in_spans", interval, spans)
        return self._by_field()

    def _clock(self, hour: int, minute: int, second: int) -> str:
        shown = self._second.numbers != (0,)
        return f"{hour:02}:{minute:02}" + (f":{second:02}" if shown else "")

    def _hourly(self, *, every_day: bool) -> str | None:
        """Describe one minute and second in several hours; None where a description by field is better."""
        say, hour, minute, second = self._phrases.say, self._hour, self._minute.first, self._second.first
        if hour.shape is Shape.ALL:
            if second:
                return None
            return say("every_hour_at", minute) if minute else say("on_the_hour")
        if hour.shape is Shape.STEPS and hour.is_even and not hour.first and not minute and not second:
            return say("every_hours", hour.step)
        if hour.shape is Shape.STEPS:
            span = say("span", self._clock(hour.first, minute, second), self._clock(hour.last, minute, second))
            return say("in_spans", say("every_hours", hour.step), span)
        spans = self._spans(every_day=every_day)
        if spans and all(len(hours) > 1 for hours in runs(hour.mask)):
            return say("in_spans", say("every_hour"), spans)
        return None

    def _interval(self) -> str | None:
        """Return the interval where it is the same within an hour and into the next; else None."""
        say, second, minute = self._phrases.say, self._second, self._minute
        if minute.shape is Shape.ALL and second.shape is Shape.ALL:
            return say("every_second")
        if minute.shape is Shape.ALL and second.is_even and second.first == 0:
            return say("every_seconds", second.step)
        if second.numbers != (0,) or (minute.is_even and minute.first and self._hour.shape is Shape.ALL):
            return None
        if minute.shape is Shape.ALL:
            return say("every_minute")
        return say("every_minutes", minute.step) if minute.is_even else None

    def _spans(self, *, every_day: bool) -> str | None:
        """Return the spans from a first to a last fire; None where there are too many."""
        hour = self._hour
        spans = runs(hour.mask)
        if hour.shape is Shape.RUN and hour.wraps and every_day:
            spans = [hour.numbers]
        if len(spans) > _MOST_SPANS:
            return None
        first, last = (self._minute.first, self._second.first), (self._minute.last, self._second.last)
        return self._phrases.listed(
            self._phrases.say("span", self._clock(hours[0], *first), self._clock(hours[-1], *last)) for hours in spans
        )

    def _by_field(self) -> str:
        parts = [self._seconds(), self._minutes(), self._hours()]
        if self._hour.shape is Shape.ALL and self._minute.shape is Shape.ALL:
            parts.pop()
        if self._phrases.is_english:
            return " ".join(part for part in parts if part)
        return "的".join(part for part in reversed(parts) if part)

    def _seconds(self) -> str:
        second = self._second
        if second.numbers == (0,):
            return ""
        return self._field(second, "every_second", "every_seconds", "second_steps", "one_second", "seconds")

    def _minutes(self) -> str:
        if self._second.numbers == (0,):
            names = ("every_minute", "every_minutes", "minute_steps", "one_minute", "minutes")
        else:
            names = ("of_every_minute", "of_every_minutes", "of_minute_steps", "of_minute", "of_minutes")
        return self._field(self._minute, *names)

    def _hours(self) -> str:
        return self._field(self._hour, "of_every_hour", "of_every_hours", "of_hour_steps", "of_hour", "of_hours")

    def _field(self, values: NumberSet, every: str, even: str, steps: str, one: str, several: str) -> str:
        say = self._phrases.say
        if values.shape is Shape.ALL:
            return say(every)
        if values.shape is Shape.STEPS:
            counted = self._phrases.counted(values.step) if even.startswith("of") else values.step
            return say(even if values.is_even and not values.first else steps, counted, values.first, values.last)
        if values.shape is Shape.ONE:
            return say(one, values.first)
        return say(several, self._phrases.numbers(values))

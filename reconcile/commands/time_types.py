"""Times on the command line: durations, instants and time zones."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from reconcile.errors import SettingError, UsageError
from reconcile.text import shown
from reconcile.times import LONGEST, duration_seconds, duration_text, instant, is_too_long, time_zone


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """A duration of at most a year, as seconds. *may_be_negative*: with a sign; *may_be_zero*: also none."""

    name = "duration"

    def __init__(self, *, may_be_negative: bool = False, may_be_zero: bool = True) -> None:
        self._may_be_negative = may_be_negative
        self._may_be_zero = may_be_zero

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds that *value* means; a number is seconds already."""
        if not isinstance(value, str):
            return value
        text = value.strip()
        sign = text[:1] if self._may_be_negative and text.startswith(("+", "-")) else ""
        unsigned = text.removeprefix(sign)
        seconds = duration_seconds(unsigned)
        if seconds is None:
            self.fail(f"{value!r} is not a duration: write 20ms, 10s, 5m, 2h or 1d", param, ctx)
        if is_too_long(unsigned):
            self.fail(f"{shown(text)} is too long: {duration_text(LONGEST)} is the longest duration", param, ctx)
        if not (seconds or self._may_be_zero):
            self.fail(f"{shown(text)} is no time at all: write 1s or more", param, ctx)
        return -seconds if sign == "-" else seconds


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """An ISO 8601 instant with its offset."""

    name = "instant"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant that *value* says, in UTC."""
        if isinstance(value, datetime):
            return value
        found = instant(value)
        if found is None:
            self.fail(f"{value!r} is not an instant with an offset: write 2026-01-05T00:00:00+08:00", param, ctx)
        return found


def typed_zone(name: str) -> ZoneInfo:
    """Return the zone that ``--timezone`` names.

    Raises:
        UsageError: there is none.
    """
    try:
        return time_zone(name)
    except SettingError as error:
        raise UsageError(f"--timezone {shown(name)}: there is no such zone", hint=error.hint) from error

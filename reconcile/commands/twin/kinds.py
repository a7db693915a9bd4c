"""What options of the twin take besides durations: instants, rates, numbers that are finite."""

from __future__ import annotations

import re
from datetime import datetime
from math import isfinite
from typing import Any

import click

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)/s")


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """An ISO 8601 instant with its offset."""

    name = "instant"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the aware datetime that *value* says."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            self.fail(f"{value!r} is no instant with an offset: write 2026-01-05T00:00:00+08:00", param, ctx)
        return instant


class Rate(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """Requests per second."""

    name = "rate"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the requests per second that *value* says."""
        if not isinstance(value, str):
            return value
        match = _RATE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is no rate: write 50/s", param, ctx)
        return float(match[1])


class Finite(click.FloatRange):
    """A number between two others; `nan`, which is neither below nor above, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that *value* says."""
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is no number here", param, ctx)
        return number

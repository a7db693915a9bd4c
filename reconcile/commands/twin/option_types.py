"""The types of the twin's options besides times: rates, finite numbers."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import click

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)/s")


class Rate(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """Requests per second."""

    name = "rate"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the requests per second that *value* says."""
        if not isinstance(value, str):
            return value
        match = _RATE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is not a rate: write 50/s", param, ctx)
        return float(match[1])


class Finite(click.FloatRange):
    """A number between two others; `nan` is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that *value* says."""
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a number here", param, ctx)
        return number

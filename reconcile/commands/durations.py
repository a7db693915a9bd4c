"""Durations on the command line: 20ms, 10s, 5m, 2h, 1d."""

from __future__ import annotations

import re

import click

_FORM = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """A duration, as seconds; *may_be_negative* where it moves something to and fro."""

    name = "duration"

    def __init__(self, *, may_be_negative: bool = False) -> None:
        self._may_be_negative = may_be_negative

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds that *value* means; a number is seconds already."""
        if not isinstance(value, str):
            return value
        match = _FORM.fullmatch(value.strip())
        if match is None or (match[1] and not self._may_be_negative):
            self.fail(f"{value!r} is no duration: write 20ms, 10s, 5m, 2h or 1d", param, ctx)
        seconds = round(float(match[2]) * _SECONDS[match[3]], 9)
        return -seconds if match[1] == "-" else seconds

"""Texts of the workspace file that stand for something else: durations and time zones."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import timedelta

from reconcile.engine.documents import Pointer, Problem
from reconcile.text import did_you_mean, shown

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Return what ``10s``, ``5m``, ``2h`` or ``1d`` means."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def zone_problem(name: str, at: Pointer) -> Iterator[Problem]:
    """Yield that there is no time zone called *name*."""
    if not _is_zone(name):
        hint = did_you_mean(name, zoneinfo.available_timezones()) or "write an IANA name, such as Asia/Shanghai"
        yield Problem("unknown-timezone", f"timezone: {shown(name)} is no time zone", at, hint=hint)


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True

"""Time zones of the workspace file."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.engine.problems import Pointer, Problem
from reconcile.errors import SettingError
from reconcile.model.rules import WorkspaceRule
from reconcile.times import time_zone


def zone_problem(name: str, at: Pointer) -> Iterator[Problem]:
    """Yield a problem if there is not a time zone *name*."""
    try:
        time_zone(name)
    except SettingError as error:
        yield Problem(WorkspaceRule.UNKNOWN_TIMEZONE, f"timezone: {error.message}", at, hint=error.hint)

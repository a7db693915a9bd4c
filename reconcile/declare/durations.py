"""Durations of the workspace file: their problems beyond the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconcile.engine.problems import Pointer, Problem
from reconcile.model.rules import FileRule
from reconcile.text import shown
from reconcile.times import LONGEST, duration_text, is_too_long


def duration_problem(holder: Mapping[str, Any], name: str, at: Pointer) -> Iterator[Problem]:
    """Yield a problem if the setting *name* of *holder*, which is *at*, is longer than any duration may be."""
    value = holder.get(name)
    if isinstance(value, str) and is_too_long(value):
        longest = duration_text(LONGEST)
        yield Problem(
            FileRule.OUT_OF_RANGE,
            f"{name}: {shown(value)}; at most {longest} is allowed",
            at._replace(path=(*at.path, name)),
            hint=f"write a duration of at most {longest}",
        )

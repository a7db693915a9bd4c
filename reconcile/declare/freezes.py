"""Freezes of the workspace file: their problems beyond the schema, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from reconcile.declare.durations import duration_problem
from reconcile.declare.zones import zone_problem
from reconcile.engine.problems import Pointer, Problem
from reconcile.model.rules import FileRule, WorkspaceRule
from reconcile.model.workspace import Freeze, WeekMoment
from reconcile.times import duration

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_KINDS = ("from", "weekly", "near_fire")


def freeze_problems(value: Any, at: Pointer) -> Iterator[Problem]:
    """Yield the problems of one entry of `freezes` that its schema cannot find."""
    if not isinstance(value, dict):
        return
    yield from duration_problem(value, "near_fire", at)
    kinds = [kind for kind in _KINDS if kind in value or (kind == "from" and "to" in value)]
    if len(kinds) != 1:
        given = " and ".join("from/to" if kind == "from" else kind for kind in kinds) or "nothing that says when"
        hint = "give one of: from and to, weekly, near_fire"
        yield Problem(WorkspaceRule.FREEZE_WHEN, f"a freeze is one thing, and this has {given}", at, hint=hint)
    elif kinds == ["from"]:
        yield from _window_problems(value, at)
    elif kinds == ["weekly"] and _is_empty(value["weekly"]):
        message = f"the freeze ends when it begins ({value['weekly']})"
        yield Problem(
            WorkspaceRule.FREEZE_EMPTY, message, _child(at, "weekly"), hint="let it end at another moment of the week"
        )
    if isinstance(value.get("timezone"), str):
        yield from zone_problem(value["timezone"], _child(at, "timezone"))


def freeze(value: Mapping[str, Any]) -> Freeze:
    """Return the freeze of an entry without problems."""
    return Freeze(
        value["reason"],
        timezone=value.get("timezone"),
        between=(_wall_time(value["from"]), _wall_time(value["to"])) if "from" in value else None,
        weekly=_week(value["weekly"]) if "weekly" in value else None,
        near_fire=duration(value["near_fire"]) if "near_fire" in value else None,
        **({"environments": tuple(value["environments"])} if "environments" in value else {}),
    )


def _window_problems(value: Mapping[str, Any], at: Pointer) -> Iterator[Problem]:
    for one, other in (("from", "to"), ("to", "from")):
        if one not in value:
            yield Problem(
                FileRule.MISSING_KEY, f"{one} is missing: there is only {other}", at, hint=f"say {one} when it is"
            )
            return
    ends = {}
    for name in ("from", "to"):
        if not isinstance(value[name], str):
            return
        try:
            ends[name] = _wall_time(value[name])
        except ValueError:
            message = f"{name}: there is no {value[name]} in the calendar"
            yield Problem(WorkspaceRule.NO_SUCH_DATE, message, _child(at, name), hint="see how many days the month has")
            return
    if ends["to"] <= ends["from"]:
        message = f"the freeze ends ({value['to']}) before it begins ({value['from']})"
        yield Problem(WorkspaceRule.FREEZE_EMPTY, message, _child(at, "to"), hint="swap from and to")


def _child(at: Pointer, key: str) -> Pointer:
    return at._replace(path=(*at.path, key))


def _wall_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_empty(text: Any) -> bool:
    return isinstance(text, str) and len(ends := text.split(" - ")) == 2 and ends[0] == ends[1]


def _week(text: str) -> tuple[WeekMoment, WeekMoment]:
    start, end = (_moment(*part.split(" ")) for part in text.split(" - "))
    return start, end


def _moment(day: str, clock: str) -> WeekMoment:
    hour, minute = clock.split(":")
    return WeekMoment(_DAYS.index(day), int(hour), int(minute))

"""Ends of freezes that clocks skip or show twice. The freeze holds, and lasts longer than it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from reconcile.engine.problems import Pointer, Problem
from reconcile.errors import SettingError
from reconcile.model.rules import WorkspaceRule
from reconcile.model.workspace import Environment, Freeze, WeekMoment
from reconcile.text import shown
from reconcile.times import local_text, time_zone, times_shown

_WEEKS_AHEAD = 53
_DEFAULT_ZONE = Environment("", "").timezone
_HINT = "move it out of the hour in which clocks change: the freeze lasts longer than it reads"


def end_problems(
    freeze: Freeze, environments: Mapping[str, Any], at: Pointer, *, now: datetime | None
) -> Iterator[Problem]:
    """Yield a problem for each end of *freeze*, which is *at*, that the clocks of a zone skip or show twice.

    *environments* are those of the file, whose zones count where the freeze has none. A weekly end is looked at for a
    year from *now* on; without that, not at all.
    """
    for zone in _zones(freeze, environments):
        if freeze.between is not None:
            for name, wall in zip(("from", "to"), freeze.between, strict=True):
                yield from _problem((wall,), zone, at._replace(path=(*at.path, name)))
        elif freeze.weekly is not None and now is not None:
            for moment in freeze.weekly:
                walls = _coming(moment, now.astimezone(zone).replace(tzinfo=None, fold=0))
                yield from _problem(walls, zone, at._replace(path=(*at.path, "weekly")))


def _zones(freeze: Freeze, environments: Mapping[str, Any]) -> Iterator[ZoneInfo]:
    """Yield the zones in which *freeze* holds, as far as they exist."""
    names = {freeze.timezone}
    if freeze.timezone is None:
        names = {
            one.get("timezone", _DEFAULT_ZONE)
            for name, one in environments.items()
            if isinstance(one, dict) and any(fnmatchcase(str(name), pattern) for pattern in freeze.environments)
        }
    for name in sorted(one for one in names if isinstance(one, str)):
        try:
            yield time_zone(name)
        except SettingError:
            continue  # a finding of its own


def _problem(walls: Iterable[datetime], zone: ZoneInfo, at: Pointer) -> Iterator[Problem]:
    for wall in walls:
        times = times_shown(wall, zone)
        if times != 1:
            what = "comes twice" if times else "does not exist"
            message = (
                f"{at.path[-1]}: {local_text(wall, timespec='minutes')} {what} in {shown(zone.key)}: clocks change"
            )
            yield Problem(WorkspaceRule.FREEZE_CLOCK_CHANGE, message, at, hint=_HINT)
            return


def _coming(moment: WeekMoment, wall: datetime) -> Iterator[datetime]:
    """Yield the wall times of *moment* in the year after *wall*."""
    monday = wall.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=wall.weekday())
    for week in range(_WEEKS_AHEAD):
        yield monday + timedelta(weeks=week, days=moment.weekday, hours=moment.hour, minutes=moment.minute)

"""Selecting: the part of what is declared that a run is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from reconcile.errors import UsageError
from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule
from reconcile.model.selection import Selection
from reconcile.text import did_you_mean, listed


def select(selection: Selection, desired: Mapping[Key, Schedule]) -> Mapping[Key, Schedule]:
    """Return the part of *desired* that *selection* means, in the same order.

    Raises:
        UsageError: a pattern, code or label fits nothing, or all of them together do; the hint names near ones.
    """
    if selection.is_everything:
        return desired
    _refuse_idle(selection, desired)
    selected = {key: schedule for key, schedule in desired.items() if selection.fits(schedule)}
    if not selected:
        raise UsageError("no schedule fits all of the selection", hint="leave out --tenant, --code or --label")
    return selected


def _refuse_idle(selection: Selection, desired: Mapping[Key, Schedule]) -> None:
    tenants = {key.tenant for key in desired}
    for pattern in selection.tenants:
        if not any(fnmatchcase(tenant, pattern) for tenant in tenants):
            raise UsageError(f"--tenant {pattern} fits no declared tenant", hint=_near(pattern, tenants))
    codes = {key.code for key in desired}
    for code in selection.codes:
        if code not in codes:
            raise UsageError(f"--code {code} is declared nowhere", hint=_near(code, codes))
    labels = {pair for schedule in desired.values() for pair in schedule.labels.items()} if selection.labels else set()
    for name, text in selection.labels:
        if (name, text) not in labels:
            known = (f"{one}={other}" for one, other in labels)
            raise UsageError(f"--label {name}={text} is on no schedule", hint=_near(f"{name}={text}", known))


def _near(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    declared = f"declared: {listed(names, most=5)}" if names else "there are none"
    return did_you_mean(word, names, most=3) or declared

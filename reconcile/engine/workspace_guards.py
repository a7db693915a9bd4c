"""What a workspace guards with, as settings and their values in text: kept in last applied, and compared with now.

One commit can loosen a guard and change what the guard would have stopped. Each guard then judges by the looser value,
so a reviewer has to be told that it is new. Text keeps what is compared readable in the ledger, and independent of the
version of the program that wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from reconcile.engine.judge_freezes import freezes_of
from reconcile.model.field_values import field_values
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.rules import WorkspaceRule
from reconcile.model.schedule import Schedule
from reconcile.model.workspace import Environment, Freeze, WeekMoment, Workspace
from reconcile.source import Span
from reconcile.text import listed, one_line
from reconcile.times import duration_text, local_text

WorkspaceGuards = Mapping[str, str]
"""Names of settings, as the workspace file has them, and their values."""

_NONE = "none"
# What one of these is where it is not set. Any other that is not there belongs to another version of the program.
_UNSET = {"freeze": _NONE, "rules": "default"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_SHOWN = 10


def workspace_guards(workspace: Workspace, environment: Environment) -> WorkspaceGuards:
    """Return what *workspace* guards with in *environment*, sorted by setting."""
    guards = {f"limits.{name}": _text(value) for name, value in field_values(workspace.limits).items()}
    guards |= {"on_drift": str(workspace.on_drift), "service.save": str(environment.service.save)}
    guards |= {"tenants": ", ".join(environment.tenants), "timezone": environment.timezone}
    guards |= {f"rules.{rule}": _text(severity) for rule, severity in workspace.rules.items()}
    for freeze in freezes_of(workspace.freezes, environment):
        name = f"freeze {one_line(freeze.reason)}"
        guards[name] = " and ".join(filter(None, (guards.get(name), _freeze(freeze))))
    return dict(sorted(guards.items()))


def changed_guards(before: WorkspaceGuards, now: WorkspaceGuards) -> Iterator[str]:
    """Yield each setting that differs, with both values: `limits.max_changes 20 → 5000`."""
    for name in sorted(before.keys() | now.keys()):
        unset = _UNSET.get(re.split("[ .]", name, maxsplit=1)[0])
        was, is_now = before.get(name, unset), now.get(name, unset)
        if None not in (was, is_now) and was != is_now:
            yield f"{name} {was} → {is_now}"


def lifted_protection(applied: Mapping[Key, Applied], desired: Mapping[Key, Schedule]) -> list[Key]:
    """Return the keys that were protected when last applied, and are declared without it now, sorted."""
    return sorted(
        key
        for key, schedule in desired.items()
        if not schedule.protect and key in applied and (was := applied[key].declared) is not None and was.protect
    )


def guard_findings(
    before: WorkspaceGuards | None, now: WorkspaceGuards, unprotected: list[Key], *, file: str
) -> tuple[Finding, ...]:
    """Return the finding that says how the guards differ from those of last applied; nothing where they are not known.

    *unprotected* are the keys whose protection was lifted since, *file* is the workspace file.
    """
    changes = list(changed_guards(before, now)) if before is not None else []
    if unprotected:
        changes.append(f"protect true → false of {listed(unprotected)}")
    if not changes:
        return ()
    message = f"guards changed since last applied: {'; '.join(changes[:_MOST_SHOWN])}"
    more = f"; and {len(changes) - _MOST_SHOWN} more" if len(changes) > _MOST_SHOWN else ""
    hint = "see that each is meant, and was reviewed: guards judge by the values of now"
    return (Finding(WorkspaceRule.GUARDS_CHANGED, message + more, Span(file, 1), hint),)


def _text(value: object) -> str:
    return _NONE if value is None else str(value)


def _freeze(freeze: Freeze) -> str:
    zone = f" {freeze.timezone}" if freeze.timezone else ""
    if freeze.between is not None:
        return f"{_moment(freeze.between[0])} to {_moment(freeze.between[1])}{zone}"
    if freeze.weekly is not None:
        return f"{_moment(freeze.weekly[0])} to {_moment(freeze.weekly[1])}{zone}"
    return "" if freeze.near_fire is None else f"near_fire {duration_text(freeze.near_fire)}"


def _moment(at: datetime | WeekMoment) -> str:
    if isinstance(at, WeekMoment):
        return f"{_DAYS[at.weekday]} {at.hour:02}:{at.minute:02}"
    return local_text(at, timespec="minutes")

"""Guards: what an apply may not do unless somebody says so on the command line.

A refusal without a key binds the whole apply (a limit, a freeze: something is off at large); one with a key binds that
key alone (somebody paused the job, the schedule is protected), and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconcile.engine.limits import beyond_limits
from reconcile.engine.moment import frozen, near_fires
from reconcile.model.change import Change, same_cron
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.ledger import Hold
from reconcile.model.plan import Plan
from reconcile.model.reading import DEFAULT_READING, Reading
from reconcile.model.schedule import Origin, Schedule
from reconcile.model.states import Action, Condition, Verdict
from reconcile.model.workspace import Freeze, Limits, OnDrift, SaveEnables, SaveMode, ServiceSettings

_SAY_WHETHER = (
    "set service.save to append in reconcile.yaml (or to upsert, if somebody else added the job), or remove the "
    "surplus job in the service"
)
_BY_HAND = frozenset({Verdict.DRIFTED, Verdict.CONFLICTING})


@dataclass(frozen=True, slots=True)
class Allowances:
    """What one run may do beyond what guards let pass. Each comes from the command line, never from the environment.

    *changes* lifts every count and share for a run of at most so many changes. *freeze* is the reason given for not
    keeping to freezes; None where none was given.
    """

    changes: int | None = None
    inactive: bool = False
    enable_inactive: bool = False
    protected: bool = False
    renames: bool = False
    park_removed: bool = False
    recreate: bool = False
    drift: bool = False
    freeze: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What guards judge by, beside a plan.

    *freezes* are those of the environment, whose zone is *zone*, and whose service reads crons as *reading* does; *now*
    is aware, and None where no moment is judged (`show`). *holds* are those of rollbacks; *foreign* are keys that other
    workspaces own, each with its owner; *doubled* are keys that a save of an earlier run added a job to, and that still
    have several.
    """

    limits: Limits = Limits()
    service: ServiceSettings = ServiceSettings()
    on_drift: OnDrift = OnDrift.REVERT
    freezes: tuple[Freeze, ...] = ()
    zone: str = "UTC"
    reading: Reading = DEFAULT_READING
    now: datetime | None = None
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    foreign: Mapping[Key, str] = field(default_factory=dict)
    doubled: frozenset[Key] = frozenset()


def refusals(
    plan: Plan, *, situation: Situation = Situation(), allowances: Allowances = Allowances()
) -> tuple[Refusal, ...]:
    """Return why *plan*, or single keys of it, must not be applied; empty means that all of it may.

    The limits count what would really be saved: keys that are refused one by one are left out.
    """
    single = {refusal.key: refusal for refusal in _near_fires(plan.changes, situation, allowances)}
    for change in plan.changes:
        refusal = refusal_of(change, situation, allowances)
        if refusal is not None:
            single[change.key] = refusal
    whole: list[Refusal] = []
    if situation.now is not None and allowances.freeze is None:
        whole.extend(frozen(situation.freezes, zone=situation.zone, now=situation.now))
    saves = tuple(change for change in plan.changes if change.key not in single)
    if allowances.changes is None or len(saves) > allowances.changes:
        whole.extend(beyond_limits(saves, plan, situation.limits))
    return (*whole, *(single[change.key] for change in plan.changes if change.key in single))


def refusal_of(change: Change, situation: Situation, allowances: Allowances) -> Refusal | None:
    """Return why *change* by itself must not be made, whatever the moment: the first reason; None if it may."""
    found = (guard(change, situation, allowances) for guard in _GUARDS)
    return next((refusal for refusal in found if refusal is not None), None)


def holds_back(hold: Hold, desired: Schedule) -> bool:
    """Return whether *hold* still binds: the declaration means what it meant when it was rolled back."""
    is_same = (desired.name, desired.state) == (hold.name, hold.state) and same_cron(hold.cron, desired.wanted_cron)
    return is_same and desired.origin is Origin.DECLARED


def _near_fires(changes: Iterable[Change], situation: Situation, allowances: Allowances) -> Iterator[Refusal]:
    if situation.now is None or allowances.freeze is not None:
        return iter(())
    return near_fires(changes, situation.freezes, reading=situation.reading, zone=situation.zone, now=situation.now)


def _of_ownership(change: Change, situation: Situation, _: Allowances) -> Refusal | None:
    owner = situation.foreign.get(change.key)
    if owner is None:
        return None
    message = f"{change.key}: the ledger has this key as one of the workspace {owner}"
    return _refusal("foreign-key", message, change, setting="workspace")


def _of_service(change: Change, situation: Situation, _: Allowances) -> Refusal | None:
    if change.action is Action.CREATE:
        return None
    if situation.service.save is SaveMode.APPEND:
        message = f"{change.key}: saving over a job adds a second one on this service (service.save is append)"
        return _refusal("save-appends", message, change, setting="service.save")
    if situation.service.save is SaveMode.UNKNOWN and situation.doubled:
        # The first update of a run goes alone; each run that tries would double one more.
        message = (
            f"{change.key}: after a save of an earlier run {min(situation.doubled)} had several jobs, and still has"
        )
        return replace(_refusal("save-appends", message, change, setting="service.save"), remedy=_SAY_WHETHER)
    return None


def _of_removal(change: Change, _: Situation, allowances: Allowances) -> Refusal | None:
    if change.desired.origin is not Origin.REMOVED or allowances.park_removed:
        return None
    return _refusal("removed", f"{change.key}: no file declares it any more", change, override="--park-removed")


def _of_vanishing(change: Change, _: Situation, allowances: Allowances) -> Refusal | None:
    if change.verdict is not Verdict.VANISHED or allowances.recreate:
        return None
    message = (
        f"{change.key}: it was applied before, and is gone: a wrong tecode, a restored database, or somebody deleted it"
    )
    return _refusal("vanished", message, change, override="--recreate")


def _of_hold(change: Change, situation: Situation, _: Allowances) -> Refusal | None:
    hold = situation.holds.get(change.key)
    if hold is None or not holds_back(hold, change.desired):
        return None
    message = f"{change.key}: declared as it was when it was {hold.cause}"
    hint = f"change the declaration, or lift it with reconcile release {change.key}"
    return Refusal("held", message, tenant=change.key.tenant, key=change.key, remedy=hint)


def _of_drift(change: Change, situation: Situation, allowances: Allowances) -> Refusal | None:
    if situation.on_drift is OnDrift.REVERT or allowances.drift or change.desired.origin is not Origin.DECLARED:
        return None
    if change.verdict in _BY_HAND:
        message = f"{change.key}: it was changed by hand since it was last applied ({change.verdict})"
    elif change.applied is None and change.live != ():
        message = f"{change.key}: live differs, and it was never applied: it may have been set by hand"
    else:
        return None
    return _refusal("changed-by-hand", message, change, setting="on_drift", override="--accept-drift")


def _of_rollback(change: Change, _: Situation, allowances: Allowances) -> Refusal | None:
    """What was changed again since a run is not rolled back with it."""
    if change.desired.origin is not Origin.ROLLBACK or allowances.drift:
        return None
    run = change.desired.file
    if change.verdict in _BY_HAND:
        message = f"{change.key}: it was changed by hand since run {run}"
    elif change.applied is not None and change.applied.run not in (None, run):
        message = f"{change.key}: run {change.applied.run} applied it again since run {run}"
    else:
        return None
    return _refusal("changed-since", message, change, override="--accept-drift")


def _of_protection(change: Change, _: Situation, allowances: Allowances) -> Refusal | None:
    if not change.desired.protect or allowances.protected:
        return None
    message = f"{change.key}: the schedule is protected (protect: true, {change.desired.where})"
    return _refusal("protected", message, change, override="--allow-protected")


def _of_rename(change: Change, _: Situation, allowances: Allowances) -> Refusal | None:
    if change.action is not Action.RENAME or allowances.renames:
        return None
    return _refusal("rename", f"{change.key}: only its name differs", change, override="--include-renames")


def _of_inactivity(change: Change, situation: Situation, allowances: Allowances) -> Refusal | None:
    if Condition.INACTIVE not in change.conditions:
        return None
    status = change.row.status if change.row is not None else ""
    is_named = change.row is None or not change.row.may_be_active
    why = "somebody paused it" if is_named else "service.active_status does not name that"
    setting = None if is_named else "service.active_status"
    paused = f"{change.key}: the job is inactive (status {status!r}): {why}"
    if change.action is not Action.ENABLE:
        if allowances.inactive:
            return None
        message = f"{paused}, and saving may start it again"
        return _refusal("inactive", message, change, setting=setting, override="--allow-inactive")
    if situation.service.save_enables is SaveEnables.FALSE:
        message = (
            f"{change.key}: saving does not make an inactive job active on this service (service.save_enables is false)"
        )
        return _refusal("save-does-not-enable", message, change, setting="service.save_enables")
    if allowances.enable_inactive:
        return None
    return _refusal("inactive", paused, change, setting=setting, override="--enable-inactive")


def _refusal(
    rule: str, message: str, change: Change, *, setting: str | None = None, override: str | None = None
) -> Refusal:
    return Refusal(rule, message, setting, override, tenant=change.key.tenant, key=change.key)


# The first that refuses is the one that is told.
_GUARDS: tuple[Callable[[Change, Situation, Allowances], Refusal | None], ...] = (
    _of_ownership,
    _of_service,
    _of_removal,
    _of_vanishing,
    _of_hold,
    _of_drift,
    _of_rollback,
    _of_protection,
    _of_rename,
    _of_inactivity,
)

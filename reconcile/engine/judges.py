"""Judges of single changes: reasons not to save one key. The table of guards says in which order they are asked.

A judge looks at one change and returns an objection, or None. It does not ask what the run was allowed to do: the guard
in the table names the override that lifts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconcile.engine.overrides import ALLOW_INACTIVE, ENABLE_INACTIVE, Override
from reconcile.model.change import Change, same_cron
from reconcile.model.commit_order import CommitOrder
from reconcile.model.keys import Key
from reconcile.model.ledger_records import Hold
from reconcile.model.reading import DEFAULT_READING, Reading
from reconcile.model.schedule import BeforeRun, DeclaredAt, Removed, Schedule
from reconcile.model.verdicts import Action, Condition, Verdict
from reconcile.model.workspace import Freeze, Limits, OnDrift, SaveEnables, SaveMode, ServiceSettings

_BY_HAND = frozenset({Verdict.DRIFTED, Verdict.CONFLICTING})


@dataclass(frozen=True, slots=True)
class Situation:
    """What guards judge a plan by.

    *freezes* are those of the environment, whose zone is *zone*, and whose service reads crons as *reading* does.
    *holds* are those of rollbacks; *foreign* are keys that other workspaces own, each with its owner; *doubled* are
    keys that a save of an earlier run added a job to, and that still have several. *order* is how the commit that is to
    be applied stands to the live one; None where they have no order, and where it is not judged.
    """

    limits: Limits = Limits()
    service: ServiceSettings = ServiceSettings()
    on_drift: OnDrift = OnDrift.REVERT
    freezes: tuple[Freeze, ...] = ()
    zone: str = "UTC"
    reading: Reading = DEFAULT_READING
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    foreign: Mapping[Key, str] = field(default_factory=dict)
    doubled: frozenset[Key] = frozenset()
    order: CommitOrder | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a judge objects to a save. Each field but *message* goes before the same field of the guard.

    *override* is the override of the guard that lifts this objection, *count* the least count that it must be given.
    *tenant* is the tenant that a refusal of the whole run is about.
    """

    message: str
    setting: str | None = None
    override: Override | None = None
    count: int = 0
    tenant: str | None = None
    remedy: str | None = None


def holds_back(hold: Hold, desired: Schedule) -> bool:
    """Return whether *hold* still binds: the declaration means what it meant when it was held."""
    is_same = (desired.name, desired.state) == (hold.name, hold.state) and same_cron(hold.cron, desired.cron_to_save)
    return is_same and isinstance(desired.origin, DeclaredAt)


def of_another_workspace(change: Change, situation: Situation) -> Objection | None:
    """Object to a key that another workspace owns."""
    owner = situation.foreign.get(change.key)
    return None if owner is None else Objection(f"the ledger has this key as one of the workspace {owner}")


def adds_a_job(change: Change, situation: Situation) -> Objection | None:
    """Object to saving over a job where that adds a second one."""
    if change.action is Action.CREATE:
        return None
    if situation.service.save is SaveMode.APPEND:
        return Objection("saving over a job adds a second one on this service (service.save is append)")
    if situation.service.save is SaveMode.UNKNOWN and situation.doubled:
        # The first update of a run goes alone; each run that tries would double one more.
        return Objection(
            f"after a save of an earlier run {min(situation.doubled)} had several jobs, and still has",
            remedy="set service.save to append in reconcile.yaml (or to upsert, if another program added the job), or "
            "remove the surplus job in the service",
        )
    return None


def removed(change: Change, _: Situation) -> Objection | None:
    """Object to parking what no file declares."""
    return Objection("no file declares it any more") if isinstance(change.desired.origin, Removed) else None


def vanished(change: Change, _: Situation) -> Objection | None:
    """Object to creating again what was applied and is gone."""
    if change.verdict is not Verdict.VANISHED:
        return None
    return Objection(
        "it was applied before, and is gone: a wrong tecode, a restored database, or a job deleted by hand"
    )


def rolled_back(change: Change, situation: Situation) -> Objection | None:
    """Object to saving what a rollback holds, and is declared as it was then."""
    hold = situation.holds.get(change.key)
    if hold is None or not holds_back(hold, change.desired):
        return None
    return Objection(
        f"declared as it was when it was held {hold.cause}",
        remedy=f"change the declaration, or lift it with reconcile release {change.key}",
    )


def changed_by_hand(change: Change, situation: Situation) -> Objection | None:
    """Object to saving over what a person may have set, where the workspace holds such changes."""
    if situation.on_drift is OnDrift.REVERT or not isinstance(change.desired.origin, DeclaredAt):
        return None
    if change.verdict in _BY_HAND:
        return Objection(f"it was changed by hand since it was last applied ({change.verdict})")
    if change.applied is None and change.live != ():
        return Objection("live differs, and it was never applied: it may have been set by hand")
    return None


def changed_since(change: Change, _: Situation) -> Objection | None:
    """Object to rolling back what was changed again since the run."""
    origin = change.desired.origin
    if not isinstance(origin, BeforeRun):
        return None
    if change.verdict in _BY_HAND:
        return Objection(f"it was changed by hand since {origin.named}")
    if change.applied is not None and change.applied.run not in (None, origin.run):
        return Objection(f"run {change.applied.run} applied it again since {origin.named}")
    return None


def protected(change: Change, _: Situation) -> Objection | None:
    """Object to any change of a protected schedule."""
    if not change.desired.protect:
        return None
    return Objection(f"the schedule is protected (protect: true, {change.desired.origin})")


def renamed(change: Change, _: Situation) -> Objection | None:
    """Object to saving only for a new name."""
    return Objection("only its name differs") if change.action is Action.RENAME else None


def not_enabled_by_a_save(change: Change, situation: Situation) -> Objection | None:
    """Object to saving only to make a job active, where a save does not do that."""
    if change.action is not Action.ENABLE or situation.service.save_enables is not SaveEnables.FALSE:
        return None
    return Objection("saving does not make an inactive job active on this service (service.save_enables is false)")


def inactive(change: Change, _: Situation) -> Objection | None:
    """Object to saving over an inactive job; making it active and changing it need different words."""
    if Condition.INACTIVE not in change.conditions:
        return None
    status = change.row.status if change.row is not None else ""
    is_named = change.row is None or not change.row.may_be_active
    why = "it was paused" if is_named else "service.active_status does not name that"
    message = f"the job is inactive (status {status!r}): {why}"
    setting = None if is_named else "service.active_status"
    if change.action is Action.ENABLE:
        return Objection(message, setting, ENABLE_INACTIVE)
    return Objection(f"{message}, and saving may start it again", setting, ALLOW_INACTIVE)

"""Rollback: what was live before a run is desired again. What the run created is parked, as nothing can be deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from reconcile.model.change import known_name, same_cron
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.ledger_records import ChangeRecord, Hold, Settled
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.rules import RunRule
from reconcile.model.schedule import BeforeRun, Schedule, State


def before_run(run: str, changes: Iterable[ChangeRecord], declared: Mapping[Key, Schedule]) -> dict[Key, Schedule]:
    """Return what was live before *run* touched it, by key; *changes* are those of the run.

    The live name is never known: the name that was last applied before the run is desired again, else the run's own.
    A schedule that is declared protected today is protected here too.
    """
    return {
        change.key: _before(run, change, declared.get(change.key))
        for change in sorted(changes, key=lambda one: one.key)
        if _may_have_saved(change)
    }


def left_running(changes: Iterable[ChangeRecord]) -> Iterator[Finding]:
    """Yield a finding for each key whose job was paused before the run: nothing can pause it again."""
    for change in changes:
        if _may_have_saved(change) and any(not row.active for row in change.before):
            yield Finding(
                RunRule.STAYS_ACTIVE,
                f"{change.key}: its job was paused before the run, and a save may have started it",
                hint="pause it in the service, if it is to be paused again",
                key=change.key,
            )


def holds(
    before: Mapping[Key, Schedule],
    declared: Mapping[Key, Schedule],
    plan: Plan,
    *,
    run: str,
    reason: str,
    now: datetime,
) -> tuple[Hold, ...]:
    """Return a hold for each key of *before* that is declared differently: no apply is to undo what the rollback *run*
    brings back, or what was brought back by hand.

    They are placed before the first save, so that a rollback that is killed leaves nothing unheld. What *plan* leaves
    alone for a reason is not held.
    """
    left = {attention.key for attention in plan.attention}
    return tuple(
        Hold(key, schedule.name, schedule.cron_to_save, schedule.state, run, reason, now)
        for key, restored in before.items()
        if key not in left and (schedule := declared.get(key)) is not None and not _is_declared_so(restored, schedule)
    )


def never_touched(outcomes: Iterable[Outcome]) -> tuple[Key, ...]:
    """Return the keys at which surely nothing was saved: there is nothing to hold."""
    return tuple(outcome.key for outcome in outcomes if not outcome.saves and outcome.result is not Result.VERIFIED)


def as_declared(outcomes: Iterable[Outcome], declared: Mapping[Key, Schedule]) -> tuple[Key, ...]:
    """Return the keys that a rollback brought back to what is declared by now: nothing needs holding back there."""
    return tuple(
        outcome.key
        for outcome in outcomes
        if outcome.result is Result.VERIFIED
        and (schedule := declared.get(outcome.key)) is not None
        and _is_declared_so(outcome.change.desired, schedule)
    )


def _may_have_saved(change: ChangeRecord) -> bool:
    """Return whether the run may have saved it. A run that was killed did not count its saves."""
    return change.saves > 0 or (change.result is None and change.settled is not Settled.AS_BEFORE)


def _is_declared_so(restored: Schedule, declared: Schedule) -> bool:
    return restored.name == declared.name and same_cron(restored.cron_to_save, declared.cron_to_save)


def _before(run: str, change: ChangeRecord, declared: Schedule | None) -> Schedule:
    cron = change.before[0].cron if change.before else change.cron
    return Schedule(
        change.key,
        known_name(change.applied, change.name),
        cron,
        cron,
        BeforeRun(run),
        state=State.ACTIVE if change.before else State.PARKED,
        protect=declared is not None and declared.protect,
    )

"""Rollback: what was live before a run is desired again. What the run created is parked, as nothing can be deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reconcile.engine.judges import holds_back
from reconcile.model.change import known_name, same_cron
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.ledger_records import ChangeRecord, Hold, Settled
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import RunRule
from reconcile.model.run import Run
from reconcile.model.schedule import BeforeRun, Schedule, State
from reconcile.text import counted


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
    *,
    run: str,
    reason: str,
    now: datetime,
) -> tuple[Hold, ...]:
    """Return a hold for each key of *before* that is declared differently: the rollback *run* was asked to undo what
    is declared there, and no apply is to make it again.

    That holds whatever becomes of the key: brought back by the run or by hand, refused, or not reached. They are placed
    before the first save, so that a rollback that is killed leaves nothing unheld.
    """
    return tuple(
        Hold(key, schedule.name, schedule.cron_to_save, schedule.state, run, reason, now)
        for key, restored in before.items()
        if (schedule := declared.get(key)) is not None and not _is_declared_so(restored, schedule)
    )


def standing(placed: Iterable[Hold], known: Mapping[Key, Hold]) -> tuple[Hold, ...]:
    """Return *placed*, in which a hold that is *known* already stays as it is: the same rollback again says no more.

    One that gives another reason replaces it.
    """
    return tuple(known[hold.key] if _says_as_much(known.get(hold.key), hold) else hold for hold in placed)


def _says_as_much(known: Hold | None, hold: Hold) -> bool:
    if known is None or (hold.reason and hold.reason != known.reason):
        return False
    return replace(known, run=hold.run, reason=hold.reason, placed_at=hold.placed_at) == hold


def not_brought_back(run: Run) -> frozenset[Key]:
    """Return the keys that the rollback *run* was to bring back, and where it surely saved nothing."""
    left = {attention.key for attention in run.plan.attention}
    return frozenset(left.union(one.key for one in run.outcomes if not one.saves and one.result is not Result.VERIFIED))


def held_as_live(keys: Collection[Key]) -> Iterator[Finding]:
    """Yield the finding about *keys*, which a rollback holds without having brought them back."""
    if keys:
        yield Finding(
            RunRule.HELD_AS_LIVE,
            f"{counted(len(keys), 'schedule')} (such as {min(keys)}) could not be brought back, and no apply saves "
            "them while they are declared as now",
            hint="see why each was left alone; change the declaration, or lift the hold with reconcile release",
        )


def as_declared(outcomes: Iterable[Outcome], declared: Mapping[Key, Schedule]) -> tuple[Key, ...]:
    """Return the keys that a rollback brought back to what is declared by now: nothing needs holding back there."""
    return tuple(
        outcome.key
        for outcome in outcomes
        if outcome.result is Result.VERIFIED
        and (schedule := declared.get(outcome.key)) is not None
        and _is_declared_so(outcome.change.desired, schedule)
    )


def ended_holds(holds: Iterable[Hold], declared: Mapping[Key, Schedule], removed: Collection[Key]) -> tuple[Hold, ...]:
    """Return those of *holds* whose keys are declared otherwise now, or are *removed*: no file declares them any more.

    A key that is only not known to be declared, such as that of another environment, stays held.
    """
    return tuple(
        hold
        for hold in holds
        if hold.key in removed or (hold.key in declared and not holds_back(hold, declared[hold.key]))
    )


def hold_endings(holds: Iterable[Hold], removed: Collection[Key]) -> Iterator[Finding]:
    """Yield a finding for each of *holds*, which have ended."""
    for hold in holds:
        why = "no file declares it any more" if hold.key in removed else "its declaration has changed"
        yield Finding(RunRule.HOLD_ENDED, f"{hold.key}: {why}: it is no longer held {hold.cause}", key=hold.key)


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

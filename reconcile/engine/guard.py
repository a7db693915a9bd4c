"""Guards: what an apply may not do unless an option on the command line, or a reviewed file, allows it.

One table, in the order in which a person sees the reasons: first what the command finds out by itself, then what is
about the whole run, then what is about single keys. A refusal of the whole run means that nothing is saved (a limit, a
freeze: the whole run is in question); one of a key binds that key alone (its job is paused, the schedule is
protected), and the rest goes on. Only the first reason of a key is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

from reconcile.engine import judges
from reconcile.engine.judge_freezes import frozen, last_fire_between, near_fire
from reconcile.engine.judge_order import live_unknown, not_merged, older_commit
from reconcile.engine.judges import Objection, Situation
from reconcile.engine.limits import too_large_share, too_many_changes, too_many_creates, too_many_parked
from reconcile.engine.overrides import (
    ACCEPT_DRIFT,
    ALLOW_CHANGES,
    ALLOW_INACTIVE,
    ALLOW_OLDER,
    ALLOW_PROTECTED,
    ENABLE_INACTIVE,
    INCLUDE_RENAMES,
    OVERRIDE_FREEZE,
    PARK_REMOVED,
    RECREATE,
    Allowances,
    Override,
    Takes,
)
from reconcile.model.change import Change
from reconcile.model.clock_skew import ClockSkew
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.plan import Plan
from reconcile.times import instant_text


@dataclass(frozen=True, slots=True)
class OfKey:
    """Judges one change."""

    judge: Callable[[Change, Situation], Objection | None]


@dataclass(frozen=True, slots=True)
class OfKeyNow:
    """Judges one change, and when it would be saved."""

    judge: Callable[[Change, Situation, datetime], Objection | None]


@dataclass(frozen=True, slots=True)
class OfSaves:
    """Judges all that would be saved; the plan is what it was taken from."""

    judge: Callable[[tuple[Change, ...], Plan, Situation], Iterable[Objection]]


@dataclass(frozen=True, slots=True)
class OfNow:
    """Judges when the run is made, whatever it would save."""

    judge: Callable[[Situation, datetime], Iterable[Objection]]


@dataclass(frozen=True, slots=True)
class OfRun:
    """Judges the run by itself, whatever it would save, and when."""

    judge: Callable[[Situation], Iterable[Objection]]


@dataclass(frozen=True, slots=True)
class OfTwoClocks:
    """Judges one change where the runner's clock and the service's differ: which instant each of them shows."""

    judge: Callable[[Change, Situation, datetime, datetime], Objection | None]


Judge: TypeAlias = OfKey | OfKeyNow | OfSaves | OfNow | OfRun | OfTwoClocks


@dataclass(frozen=True, slots=True)
class Guard:
    """One reason why a run, or one key of it, is refused.

    *refuses* says what, for the docs. *judge* is None where the command itself finds out. *setting* is the setting by
    which a reviewed file lifts it; without one, no file does. *overrides* are the options that lift it for one run, and
    are recorded; *option* is another option that leads past it. *remedy* is what else does, for the docs.
    """

    rule: str
    refuses: str
    judge: Judge | None = None
    setting: str | None = None
    overrides: tuple[Override, ...] = ()
    option: str | None = None
    remedy: str = ""

    @property
    def binds_key(self) -> bool:
        """Return whether it refuses single keys; else it refuses the whole run."""
        return isinstance(self.judge, OfKey | OfKeyNow | OfTwoClocks)

    @property
    def lifted_by(self) -> tuple[str, ...]:
        """Return every option that leads past it, as a person would write it."""
        return (*(override.written() for override in self.overrides), *((self.option,) if self.option else ()))

    def is_lifted(self, allowances: Allowances) -> bool:
        """Return whether it need not be asked: *allowances* lift whatever it would say."""
        is_given = (one in allowances and one.takes is not Takes.COUNT for one in self.overrides)
        return bool(self.overrides) and all(is_given)

    def lifts(self, objection: Objection, allowances: Allowances) -> bool:
        """Return whether *allowances* lift *objection*, which its judge made."""
        override = self._override(objection)
        if override is None or override not in allowances:
            return False
        return override.takes is not Takes.COUNT or objection.count <= (allowances.count(override) or 0)

    def refusal(self, objection: Objection, key: Key | None = None) -> Refusal:
        """Return *objection* as the refusal of *key*, or of the whole run."""
        override = self._override(objection)
        return Refusal(
            self.rule,
            objection.message,
            objection.setting or self.setting,
            self.option if override is None else override.written(objection.count),
            tenant=objection.tenant if key is None else key.tenant,
            key=key,
            remedy=objection.remedy,
        )

    def _override(self, objection: Objection) -> Override | None:
        return objection.override or next(iter(self.overrides), None)


CLOCKS_DISAGREE = "clocks-disagree"
_JudgeNow: TypeAlias = Callable[[Change, Situation, datetime], Objection | None]

GUARDS = (
    Guard("plan-stale", "the declarations are no longer those of the plan", remedy="plan again"),
    Guard("unexpected-declarations", "`--expect-desired` names others", remedy="apply what was reviewed"),
    Guard("git-not-clean", "`--require-git-clean`, and files differ from the commit", remedy="commit"),
    Guard("no-ledger", "the ledger cannot be opened or written", setting="ledger"),
    Guard("ledger-gone", "the ledger that `lineage` names, or that the run opened, is not there", setting="lineage"),
    Guard(
        "ledger-behind",
        "this repository has seen a later run than the ledger holds, or another ledger",
        remedy="the newest ledger, or `reconcile ledger accept`",
    ),
    Guard(
        "known-elsewhere",
        "the ledger holds nothing yet, and another one knows declared schedules of this service",
        remedy="that ledger, carried here by the command in the hint",
    ),
    Guard("locked", "another apply is under way", option="--lock-timeout 10m"),
    Guard("plan-used", "this plan was applied, to its end", remedy="plan again"),
    Guard(
        "older-commit",
        "the commit is older than the live one",
        OfRun(older_commit),
        overrides=(ALLOW_OLDER,),
        remedy="the newest commit, or `git revert`",
    ),
    Guard(
        "not-merged",
        "the commit and the live one have parted",
        OfRun(not_merged),
        overrides=(ALLOW_OLDER,),
        remedy="a merge of the two",
    ),
    Guard(
        "live-unknown",
        "nothing tells whether the commit holds the live one",
        OfRun(live_unknown),
        overrides=(ALLOW_OLDER,),
        remedy="a whole clone",
    ),
    Guard("frozen", "a window of `freezes`", OfNow(frozen), setting="freezes", overrides=(OVERRIDE_FREEZE,)),
    Guard(
        "max-changes",
        "too many updates, renames and parkings",
        OfSaves(too_many_changes),
        setting="limits.max_changes",
        overrides=(ALLOW_CHANGES,),
    ),
    Guard(
        "max-creates",
        "too many creations",
        OfSaves(too_many_creates),
        setting="limits.max_creates",
        overrides=(ALLOW_CHANGES,),
    ),
    Guard(
        "max-parked",
        "too many parkings",
        OfSaves(too_many_parked),
        setting="limits.max_parked",
        overrides=(ALLOW_CHANGES,),
    ),
    Guard(
        "max-change-percent",
        "too large a share of one tenant's live schedules",
        OfSaves(too_large_share),
        setting="limits.max_change_percent",
        overrides=(ALLOW_CHANGES,),
    ),
    Guard(
        "foreign-key",
        "the ledger has it as another workspace's",
        OfKey(judges.of_another_workspace),
        setting="workspace",
    ),
    Guard(
        "save-appends",
        "saving adds a job here, or added one in an earlier run that is still there",
        OfKey(judges.adds_a_job),
        setting="service.save",
    ),
    Guard("removed", "no file declares it", OfKey(judges.removed), overrides=(PARK_REMOVED,)),
    Guard("vanished", "applied before, and gone", OfKey(judges.vanished), overrides=(RECREATE,)),
    Guard(
        "held",
        "held by a rollback, and declared as it was then",
        OfKey(judges.rolled_back),
        remedy="a new declaration, or `reconcile release`",
    ),
    Guard(
        "changed-by-hand",
        "changed by hand, or never applied, with `on_drift: hold`",
        OfKey(judges.changed_by_hand),
        setting="on_drift",
        overrides=(ACCEPT_DRIFT,),
    ),
    Guard(
        "changed-since",
        "changed again since the run that is rolled back",
        OfKey(judges.changed_since),
        overrides=(ACCEPT_DRIFT,),
    ),
    Guard("protected", "`protect: true`", OfKey(judges.protected), overrides=(ALLOW_PROTECTED,)),
    Guard("rename", "nothing but its name differs", OfKey(judges.renamed), overrides=(INCLUDE_RENAMES,)),
    Guard(
        "save-does-not-enable",
        "saving makes no job active here",
        OfKey(judges.not_enabled_by_a_save),
        setting="service.save_enables",
    ),
    Guard(
        "inactive",
        "the job is paused",
        OfKey(judges.inactive),
        overrides=(ALLOW_INACTIVE, ENABLE_INACTIVE),
    ),
    Guard(
        "near-fire",
        "it fires, or has fired, too near to now",
        OfKeyNow(near_fire),
        setting="freezes",
        overrides=(OVERRIDE_FREEZE,),
    ),
    Guard(
        CLOCKS_DISAGREE,
        "a freeze (then all), a near fire, the last fire or the soak is over by one of two clocks alone: that of the "
        "runner, that of the service",
        OfTwoClocks(last_fire_between),
        setting="freezes",
        overrides=(OVERRIDE_FREEZE,),
        remedy="set the clocks",
    ),
)
_BY_RULE = {guard.rule: guard for guard in GUARDS}


def refused_by(rule: str, message: str, *, remedy: str | None = None) -> Refusal:
    """Return the refusal of a whole run that a command finds out by itself, by the *rule* of a guard in the table."""
    return _BY_RULE[rule].refusal(Objection(message, remedy=remedy))


@dataclass(frozen=True, slots=True)
class Judging:
    """How a plan is judged: in which *situation*, under which *allowances*, and when.

    *now* is aware; without it no freeze is judged. *skew* says what the service's clock shows then, where that differs:
    a guard of the time is asked at both instants, and where it refuses at one alone, the clocks disagree.
    """

    situation: Situation = Situation()
    allowances: Allowances = Allowances()
    now: datetime | None = None
    skew: ClockSkew | None = None

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Return when it is now: by the runner's clock, and by the service's where that differs."""
        if self.now is None:
            return ()
        return (self.now,) if self.skew is None else (self.now, self.skew.service_at(self.now))


def refusals(plan: Plan, judging: Judging = Judging(), *, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Return why *plan*, or single keys of it, must not be applied; empty means that all of it may.

    The limits count what would really be saved: keys that are refused one by one are left out.
    """
    asked = [guard for guard in guards if not guard.is_lifted(judging.allowances)]
    first = ((change.key, next(_of_key(asked, change, judging), None)) for change in plan.changes)
    by_key = {key: refusal for key, refusal in first if refusal is not None}
    saves = tuple(change for change in plan.changes if change.key not in by_key)
    whole = (refusal for guard in asked for refusal in _of_run(guard, saves, plan, judging))
    return (*whole, *by_key.values())


def refusals_now(judging: Judging, *, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Return why nothing must be saved at the moment of *judging*, whatever it is; empty means that it may."""
    if judging.now is None:
        return ()
    return tuple(
        refusal
        for guard in guards
        if isinstance(guard.judge, OfNow) and not guard.is_lifted(judging.allowances)
        for refusal in _at_both(guard, judging, partial(guard.judge.judge, judging.situation))
    )


def refusal_now(change: Change, judging: Judging, *, guards: Sequence[Guard] = GUARDS) -> Refusal | None:
    """Return why *change* must not be saved at the moment of *judging*: by the guards that look at the time alone."""
    of_run = refusals_now(judging, guards=guards)
    if of_run:
        return of_run[0]
    asked = [one for one in guards if isinstance(one.judge, OfKeyNow | OfTwoClocks)]
    asked = [guard for guard in asked if not guard.is_lifted(judging.allowances)]
    return next(_of_key(asked, change, judging), None)


def _at_both(
    guard: Guard,
    judging: Judging,
    judge: Callable[[datetime], Iterable[Objection]],
    key: Key | None = None,
) -> Iterator[Refusal]:
    """Yield why *guard* refuses: its own objections where it has some by each clock, else that the clocks disagree."""
    found = [tuple(judge(at)) for at in judging.instants]
    if all(found):
        yield from (guard.refusal(objection, key) for objection in (found[0] if found else ()))
    elif any(found):
        assert judging.now is not None and judging.skew is not None, "one clock alone does not disagree"
        clocks = ("this runner", "the service") if found[0] else ("the service", "this runner")
        objection = next(objections[0] for objections in found if objections)
        told = dict(zip(("this runner", "the service"), map(instant_text, judging.instants), strict=True))
        message = (
            f"by the clock of {clocks[0]} ({told[clocks[0]]}) it is refused ({guard.rule}: {objection.message}), "
            f"and not by that of {clocks[1]} ({told[clocks[1]]})"
        )
        yield _BY_RULE[CLOCKS_DISAGREE].refusal(replace(objection, message=message), key)


def _of_key(guards: Iterable[Guard], change: Change, judging: Judging) -> Iterator[Refusal]:
    for guard in guards:
        match guard.judge:
            case OfKey(judge):
                objection = judge(change, judging.situation)
                if objection is not None and not guard.lifts(objection, judging.allowances):
                    yield guard.refusal(objection, change.key)
            case OfKeyNow(judge_now):

                def judged(at: datetime, judge_now: _JudgeNow = judge_now) -> Iterator[Objection]:
                    found = judge_now(change, judging.situation, at)
                    if found is not None:
                        yield found

                yield from _at_both(guard, judging, judged, change.key)
            case OfTwoClocks(judge_both) if len(judging.instants) > 1:
                objection = judge_both(change, judging.situation, *judging.instants)
                if objection is not None:
                    yield guard.refusal(objection, change.key)


def _of_run(guard: Guard, saves: tuple[Change, ...], plan: Plan, judging: Judging) -> Iterator[Refusal]:
    match guard.judge:
        case OfSaves(judge):
            for objection in judge(saves, plan, judging.situation):
                if not guard.lifts(objection, judging.allowances):
                    yield guard.refusal(objection)
        case OfRun(judge_run):
            yield from map(guard.refusal, judge_run(judging.situation))
        case OfNow(judge_now):
            yield from _at_both(guard, judging, partial(judge_now, judging.situation))

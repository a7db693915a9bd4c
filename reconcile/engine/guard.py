"""Guards: what an apply may not do unless an option on the command line, or a reviewed file, allows it.

One table, in the order in which a person sees the reasons: first what the command finds out by itself, then what is
about the whole run, then what is about single keys. A refusal of the whole run means that nothing is saved (a limit, a
freeze: the whole run is in question); one of a key binds that key alone (its job is paused, the schedule is
protected), and the rest goes on. Only the first reason of a key is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from reconcile.engine import judges
from reconcile.engine.judge_freezes import frozen, near_fire
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
from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.plan import Plan


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


Judge: TypeAlias = OfKey | OfKeyNow | OfSaves | OfNow | OfRun


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
        return isinstance(self.judge, OfKey | OfKeyNow)

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


GUARDS = (
    Guard("plan-stale", "the declarations are no longer those of the plan", remedy="plan again"),
    Guard("unexpected-declarations", "`--expect-desired` names others", remedy="apply what was reviewed"),
    Guard("git-not-clean", "`--require-git-clean`, and files differ from the commit", remedy="commit"),
    Guard("no-ledger", "the ledger cannot be opened or written", setting="ledger", option="--no-ledger"),
    Guard("ledger-gone", "the ledger that `lineage` names, or that the run opened, is not there", setting="lineage"),
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
)
_BY_RULE = {guard.rule: guard for guard in GUARDS}


def refused_by(rule: str, message: str, *, remedy: str | None = None) -> Refusal:
    """Return the refusal of a whole run that a command finds out by itself, by the *rule* of a guard in the table."""
    return _BY_RULE[rule].refusal(Objection(message, remedy=remedy))


@dataclass(frozen=True, slots=True)
class Judging:
    """How a plan is judged: in which *situation*, under which *allowances*, and when.

    *now* is aware; without it no freeze is judged.
    """

    situation: Situation = Situation()
    allowances: Allowances = Allowances()
    now: datetime | None = None


def refusals(plan: Plan, judging: Judging = Judging(), *, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Return why *plan*, or single keys of it, must not be applied; empty means that all of it may.

    The limits count what would really be saved: keys that are refused one by one are left out.
    """
    asked = [guard for guard in guards if not guard.is_lifted(judging.allowances)]
    first = ((change.key, next(_of_key(asked, change, judging), None)) for change in plan.changes)
    by_key = {key: refusal for key, refusal in first if refusal is not None}
    saves = tuple(change for change in plan.changes if change.key not in by_key)
    whole = (
        guard.refusal(objection)
        for guard in asked
        for objection in _of_run(guard, saves, plan, judging)
        if not guard.lifts(objection, judging.allowances)
    )
    return (*whole, *by_key.values())


def refusals_now(judging: Judging, *, guards: Sequence[Guard] = GUARDS) -> tuple[Refusal, ...]:
    """Return why nothing must be saved at the moment of *judging*, whatever it is; empty means that it may."""
    if judging.now is None:
        return ()
    return tuple(
        guard.refusal(objection)
        for guard in guards
        if isinstance(guard.judge, OfNow) and not guard.is_lifted(judging.allowances)
        for objection in guard.judge.judge(judging.situation, judging.now)
    )


def refusal_now(change: Change, judging: Judging, *, guards: Sequence[Guard] = GUARDS) -> Refusal | None:
    """Return why *change* must not be saved at the moment of *judging*: by the guards that look at the time alone."""
    of_run = refusals_now(judging, guards=guards)
    if of_run:
        return of_run[0]
    asked = (guard for guard in guards if isinstance(guard.judge, OfKeyNow) and not guard.is_lifted(judging.allowances))
    return next(_of_key(asked, change, judging), None)


def _of_key(guards: Iterable[Guard], change: Change, judging: Judging) -> Iterator[Refusal]:
    for guard in guards:
        match guard.judge:
            case OfKey(judge):
                objection = judge(change, judging.situation)
            case OfKeyNow(judge_now) if judging.now is not None:
                objection = judge_now(change, judging.situation, judging.now)
            case _:
                continue
        if objection is not None and not guard.lifts(objection, judging.allowances):
            yield guard.refusal(objection, change.key)


def _of_run(guard: Guard, saves: tuple[Change, ...], plan: Plan, judging: Judging) -> Iterator[Objection]:
    match guard.judge:
        case OfSaves(judge):
            yield from judge(saves, plan, judging.situation)
        case OfNow(judge_now) if judging.now is not None:
            yield from judge_now(judging.situation, judging.now)
        case OfRun(judge_run):
            yield from judge_run(judging.situation)

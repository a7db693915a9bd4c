"""The past: what is remembered of earlier applies, where from, and what that source cannot know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconcile.model.change import same_cron, same_rows
from reconcile.model.keys import Key
from reconcile.model.ledger import ChangeRecord, Settled
from reconcile.model.plan import Plan
from reconcile.model.schedule import Schedule, State
from reconcile.model.states import Applied, LastAppliedSource, Live

TWO_WAY = "no last applied: two-way, no orphans, no lock"
FIRST = "nothing was applied with this ledger yet: two-way, no orphans"


@dataclass(frozen=True, slots=True)
class Past:
    """What was last applied, by key; *removed* is what no file declares any more, each to be parked.

    *assumptions* say what *source* cannot know.
    """

    source: LastAppliedSource = LastAppliedSource.NONE
    applied: Mapping[Key, Applied] = field(default_factory=dict)
    removed: Mapping[Key, Schedule] = field(default_factory=dict)
    assumptions: tuple[str, ...] = (TWO_WAY,)


NOTHING = Past()


def applied_from(declared: Iterable[Schedule], revision: str) -> dict[Key, Applied]:
    """Return what was last applied where the declarations at *revision* were: a run that was fully verified says so."""
    return {one.key: Applied(one.wanted_cron, one.name, revision=revision) for one in declared}


def settled(
    open_changes: Iterable[tuple[str, ChangeRecord]], live: Mapping[Key, Live]
) -> tuple[dict[tuple[str, Key], Settled], dict[Key, Applied]]:
    """Return what became of saves whose outcome nobody recorded, as far as *live* shows it, by run and key.

    The second part is what is last applied thereby. A key that *live* lacks, or that is unreadable, stays open. What
    reads as before was not done: of a save that changes only the name nobody can tell, and it is done again.
    """
    became: dict[tuple[str, Key], Settled] = {}
    applied: dict[Key, Applied] = {}
    for run, record in sorted(open_changes, key=lambda one: one[0]):
        rows = live.get(record.key)
        if not isinstance(rows, tuple):
            continue
        if same_rows(record.before, rows):
            became[run, record.key] = Settled.AS_BEFORE
        elif len(rows) == 1 and same_cron(rows[0].cron, record.cron):
            became[run, record.key] = Settled.AS_DESIRED
            applied[record.key] = Applied(record.cron, record.name, (rows[0].job_id,), run)
        else:
            became[run, record.key] = Settled.OTHER
    return became, applied


def unchanged_in(plan: Plan, declared: Mapping[Key, Schedule], applied: Mapping[Key, Applied]) -> dict[Key, Applied]:
    """Return what *plan*, made earlier of *declared*, saw to be as declared, and last applied does not know at all.

    It is not read again: should it have moved since, drift will find that it is no longer as it was then. What last
    applied knows otherwise may be younger than the plan. What is declared parked may not be there, and is left out.
    """
    differing = {change.key for change in plan.changes} | {attention.key for attention in plan.attention}
    return {
        key: Applied(schedule.cron, schedule.name)
        for key, schedule in declared.items()
        if key not in differing and key not in applied and schedule.state is State.ACTIVE
    }


def found_in_sync(
    declared: Mapping[Key, Schedule], live: Mapping[Key, Live], applied: Mapping[Key, Applied]
) -> dict[Key, Applied]:
    """Return what live shows to be as declared, and last applied does not know yet.

    Nothing was saved, so a name that was last applied stays; one that nobody knows is taken to be the declared one.
    """
    found: dict[Key, Applied] = {}
    for key, schedule in declared.items():
        rows, known = live.get(key), applied.get(key)
        if _is_known(schedule, known):
            continue
        if isinstance(rows, tuple) and len(rows) == 1 and same_cron(rows[0].cron, schedule.wanted_cron):
            name = schedule.name if known is None else known.name
            found[key] = Applied(schedule.wanted_cron, name, (rows[0].job_id,))
    return found


def _is_known(schedule: Schedule, applied: Applied | None) -> bool:
    return applied is not None and applied.cron == schedule.wanted_cron


def found_live(declared: Mapping[Key, Schedule], live: Mapping[Key, Live]) -> dict[Key, Applied]:
    """Return what is live of *declared*, as if it had been applied so. The live name is not known: the declared one."""
    return {
        key: Applied(rows[0].cron, schedule.name, (rows[0].job_id,))
        for key, schedule in declared.items()
        if isinstance(rows := live.get(key), tuple) and len(rows) == 1
    }

"""The past: what is remembered of earlier applies, where from, and what that source cannot know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconcile.model.change import known_name, only_row, same_cron, same_rows
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, LastAppliedSource
from reconcile.model.ledger_records import ChangeRecord, Settled
from reconcile.model.live import Live
from reconcile.model.plan import Plan
from reconcile.model.schedule import PARKED_CRON, Schedule, State

TWO_WAY = "no last applied: two-way, no orphans, no lock"
FIRST = "nothing was applied with this ledger yet: two-way, no orphans"
FROM_LEDGER = "last applied comes from the ledger: what it never saw declared is not known to it, and is no orphan"


@dataclass(frozen=True, slots=True)
class Past:
    """What was last applied, by key; *removed* is what no file declares any more, each to be parked.

    *noted* are those keys of *applied* that only Git knows. *assumptions* say what *source* cannot know.
    """

    source: LastAppliedSource = LastAppliedSource.NONE
    applied: Mapping[Key, Applied] = field(default_factory=dict)
    removed: Mapping[Key, Schedule] = field(default_factory=dict)
    assumptions: tuple[str, ...] = (TWO_WAY,)
    noted: frozenset[Key] = frozenset()


NOTHING = Past()


def applied_from(declared: Iterable[Schedule], revision: str) -> dict[Key, Applied]:
    """Return what was last applied where the declarations at *revision* were: a run that was fully verified says so."""
    return {one.key: Applied(one.wanted_cron, one.name, revision=revision) for one in declared}


def joined(recorded: Mapping[Key, Applied], git: Past, *, place: str = "", foreign: Collection[Key] = ()) -> Past:
    """Return what a ledger has *recorded*, and what *git*, read at *place*, says of the keys that the ledger lacks.

    Key by key the ledger goes first, whatever Git says: it is told of each save, and the ref of whole commits only. So
    what it knows to be parked stays so, and a ledger of runs that saved nothing hides nothing. *foreign* keys are other
    workspaces'.
    """
    only_there = {key: one for key, one in git.applied.items() if key not in recorded and key not in foreign}
    if not recorded:
        said = (FIRST,) if git is NOTHING else git.assumptions
        return replace(git, applied=only_there, assumptions=said, noted=frozenset(only_there))
    # What was parked was perhaps never there, and then the ledger has nothing to know.
    count = sum(one.cron != PARKED_CRON for one in only_there.values())
    said = (FROM_LEDGER,)
    if count:
        said += (f"of {count} that the ledger does not know it comes from Git ({place}): their job ids are not known",)
    return Past(LastAppliedSource.LEDGER, {**only_there, **recorded}, {}, said, frozenset(only_there))


def without_never_there(past: Past, live: Mapping[Key, Live]) -> Past:
    """Return *past* without what only Git knows, as parked, and of which nothing is live: it may never have been there.

    Else a schedule that was declared parked, and is to fire now, would count as vanished.
    """
    never = {key for key in past.noted if past.applied[key].cron == PARKED_CRON and live.get(key) == ()}
    if not never:
        return past
    return replace(past, applied={key: one for key, one in past.applied.items() if key not in never})


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
        elif (row := only_row(rows)) is not None and same_cron(row.cron, record.cron):
            became[run, record.key] = Settled.AS_DESIRED
            applied[record.key] = Applied(record.cron, record.name, (row.job_id,), run)
        else:
            became[run, record.key] = Settled.OTHER
    return became, applied


def unchanged_in(plan: Plan, declared: Mapping[Key, Schedule], past: Past) -> dict[Key, Applied]:
    """Return what *plan*, made earlier of *declared*, saw to be as declared, and no ledger knows at all.

    It is not read again: should it have moved since, drift will find that it is no longer as it was then. What last
    applied knows otherwise may be younger than the plan: of that, what only Git knows is handed on as it is. What is
    declared parked may not be there, and is left out.
    """
    differing = {change.key for change in plan.changes} | {attention.key for attention in plan.attention}
    return {
        key: past.applied.get(key) or Applied(schedule.cron, schedule.name)
        for key, schedule in declared.items()
        if key not in differing and schedule.state is State.ACTIVE and (key in past.noted or key not in past.applied)
    }


def found_in_sync(declared: Mapping[Key, Schedule], live: Mapping[Key, Live], past: Past) -> dict[Key, Applied]:
    """Return what live shows to be as declared, and no ledger knows yet.

    Nothing was saved, so a name that was last applied stays; one that nobody knows is taken to be the declared one.
    """
    found: dict[Key, Applied] = {}
    for key, schedule in declared.items():
        row, known = only_row(live.get(key)), past.applied.get(key)
        if _is_known(schedule, known) and key not in past.noted:
            continue
        if row is not None and same_cron(row.cron, schedule.wanted_cron):
            found[key] = Applied(schedule.wanted_cron, known_name(known, schedule.name), (row.job_id,))
    return found


def handed_on(past: Past) -> dict[Key, Applied]:
    """Return the orphans that only Git knows. With its ref moved it knows them no more, so that a ledger is to."""
    return {key: past.applied[key] for key in past.removed if key in past.noted and key in past.applied}


def _is_known(schedule: Schedule, applied: Applied | None) -> bool:
    return applied is not None and applied.cron == schedule.wanted_cron


def found_live(declared: Mapping[Key, Schedule], live: Mapping[Key, Live]) -> dict[Key, Applied]:
    """Return what is live of *declared*, as if it had been applied so. The live name is not known: the declared one."""
    return {
        key: Applied(row.cron, schedule.name, (row.job_id,))
        for key, schedule in declared.items()
        if (row := only_row(live.get(key))) is not None
    }

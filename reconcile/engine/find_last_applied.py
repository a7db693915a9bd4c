"""Finding last applied: from the ledger and from Git, from open changes, and from what was read in this run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from reconcile.model.change import known_name, only_row, same_cron, same_rows
from reconcile.model.keys import Key
from reconcile.model.last_applied import NO_LAST_APPLIED, Applied, LastApplied, LastAppliedSource, last_declaration
from reconcile.model.ledger_records import ChangeRecord, Settled
from reconcile.model.live import Live
from reconcile.model.plan import Plan
from reconcile.model.schedule import PARKED_CRON, Schedule, State

FIRST = "nothing was applied with this ledger yet: two-way, no orphans"
FROM_LEDGER = "last applied comes from the ledger: what it never saw declared is not known to it, and is not an orphan"


def applied_at(declared: Iterable[Schedule], revision: str) -> dict[Key, Applied]:
    """Return what was last applied where the schedules *declared* at *revision* were, in a fully verified run."""
    return {
        one.key: Applied(one.cron_to_save, one.name, revision=revision, declared=last_declaration(one))
        for one in declared
    }


def joined(
    recorded: Mapping[Key, Applied], git: LastApplied, *, place: str = "", foreign: Collection[Key] = ()
) -> LastApplied:
    """Return what a ledger has *recorded*, and what *git*, read at *place*, says of the keys that the ledger lacks.

    For each key the ledger goes before Git: it records every save, and the ref moves only with whole commits. So what
    the ledger knows to be parked stays parked, and a ledger whose runs saved nothing hides nothing. *foreign* keys
    belong to other workspaces.
    """
    only_in_git = {key: one for key, one in git.by_key.items() if key not in recorded and key not in foreign}
    if not recorded:
        assumptions = (FIRST,) if git is NO_LAST_APPLIED else git.assumptions
        return replace(git, by_key=only_in_git, assumptions=assumptions, only_in_git=frozenset(only_in_git))
    # A parked schedule may never have had a job, and then the ledger has nothing to know.
    count = sum(one.cron != PARKED_CRON for one in only_in_git.values())
    assumptions = (FROM_LEDGER,)
    if count:
        assumptions += (
            f"of {count} that the ledger does not know it comes from Git ({place}): their job ids are not known",
        )
    return LastApplied(LastAppliedSource.LEDGER, {**only_in_git, **recorded}, {}, assumptions, frozenset(only_in_git))


def without_never_live(last_applied: LastApplied, live: Mapping[Key, Live]) -> LastApplied:
    """Return *last_applied* without the keys that only Git knows, as parked, and that have no live row.

    Such a key may never have had a job. If it stayed, a schedule that was declared parked and is to fire now would
    count as vanished.
    """
    by_key = last_applied.by_key
    never = {key for key in last_applied.only_in_git if by_key[key].cron == PARKED_CRON and live.get(key) == ()}
    if not never:
        return last_applied
    return replace(last_applied, by_key={key: one for key, one in by_key.items() if key not in never})


def settled_changes(
    open_changes: Iterable[tuple[str, ChangeRecord]], live: Mapping[Key, Live]
) -> tuple[dict[tuple[str, Key], Settled], dict[Key, Applied]]:
    """Return what *live* shows of saves without a recorded outcome, by run and key; and what is last applied by it.

    *open_changes* come oldest first: the last save of a key says what is applied.

    A key that *live* lacks, or that is unreadable, stays open. A key that reads as before was not saved. A save that
    changes only the name always reads as before, and is made again.
    """
    settled: dict[tuple[str, Key], Settled] = {}
    applied: dict[Key, Applied] = {}
    for run, record in open_changes:
        rows = live.get(record.key)
        if not isinstance(rows, tuple):
            continue
        if same_rows(record.before, rows):
            settled[run, record.key] = Settled.AS_BEFORE
        elif (row := only_row(rows)) is not None and same_cron(row.cron, record.cron):
            settled[run, record.key] = Settled.AS_DESIRED
            applied[record.key] = Applied(record.cron, record.name, (row.job_id,), run)
        else:
            settled[run, record.key] = Settled.OTHER
    return settled, applied


def unchanged_in(plan: Plan, declared: Mapping[Key, Schedule], last_applied: LastApplied) -> dict[Key, Applied]:
    """Return what *plan*, made earlier of *declared*, saw to be as declared and the ledger does not know.

    It is not read again: if it has moved since, drift will find that. What last applied says otherwise may be younger
    than the plan, so what only Git knows is handed on as it is. A schedule that is declared parked is left out, since
    it may have no job.
    """
    differing = {change.key for change in plan.changes} | {attention.key for attention in plan.attention}
    only_in_git, by_key = last_applied.only_in_git, last_applied.by_key
    return {
        key: by_key.get(key) or Applied(schedule.cron, schedule.name)
        for key, schedule in declared.items()
        if key not in differing and schedule.state is State.ACTIVE and (key in only_in_git or key not in by_key)
    }


def found_in_sync(
    declared: Mapping[Key, Schedule], live: Mapping[Key, Live], last_applied: LastApplied
) -> dict[Key, Applied]:
    """Return what live shows to be as declared, and the ledger does not know yet.

    Nothing was saved, so a name that was last applied stays; one that is not known is taken to be the declared one.
    """
    found: dict[Key, Applied] = {}
    for key, schedule in declared.items():
        row, known = only_row(live.get(key)), last_applied.by_key.get(key)
        is_known = known is not None and known.cron == schedule.cron_to_save
        if is_known and key not in last_applied.only_in_git:
            continue
        if row is not None and same_cron(row.cron, schedule.cron_to_save):
            found[key] = Applied(schedule.cron_to_save, known_name(known, schedule.name), (row.job_id,))
    return found


def with_declarations(
    found: Mapping[Key, Applied], declared: Mapping[Key, Schedule], last_applied: LastApplied
) -> dict[Key, Applied]:
    """Return *found*, which is as declared, with what its files declare.

    What was applied earlier, as it is declared now, is added where its file says something else of it than then.
    """
    now = {key: last_declaration(schedule) for key, schedule in declared.items()}
    known = {
        key: one
        for key, one in last_applied.by_key.items()
        if key in declared and key not in last_applied.only_in_git and one.cron == declared[key].cron_to_save
    }
    changed = {key: one for key, one in known.items() if key not in found and one.declared != now[key]}
    return {key: replace(one, declared=now.get(key) or one.declared) for key, one in {**changed, **found}.items()}


def handed_on(last_applied: LastApplied) -> dict[Key, Applied]:
    """Return the orphans that only Git knows: once its ref has moved, Git no longer knows them, and a ledger must."""
    only_in_git, by_key = last_applied.only_in_git, last_applied.by_key
    return {key: by_key[key] for key in last_applied.removed if key in only_in_git and key in by_key}


def found_live(declared: Mapping[Key, Schedule], live: Mapping[Key, Live]) -> dict[Key, Applied]:
    """Return what is live of *declared*, as if it had been applied so. The live name is not known: the declared one."""
    return {
        key: Applied(row.cron, schedule.name, (row.job_id,))
        for key, schedule in declared.items()
        if (row := only_row(live.get(key))) is not None
    }

"""Finding last applied: from the ledger, from open changes, and from what was read in this run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconcile.model.change import known_name, only_row, same_cron, same_rows
from reconcile.model.keys import Key
from reconcile.model.last_applied import NO_ORPHANS, UNJUDGED, Applied, LastApplied, last_declaration
from reconcile.model.ledger_records import ChangeRecord, Settled
from reconcile.model.live import Live
from reconcile.model.plan import Plan
from reconcile.model.schedule import Schedule, State

FIRST = f"nothing was applied with this ledger yet: two-way, {NO_ORPHANS}; {UNJUDGED}"
FROM_LEDGER = "last applied comes from the ledger: what it never saw declared is not known to it, and is not an orphan"


def applied_at(declared: Iterable[Schedule], revision: str) -> dict[Key, Applied]:
    """Return what was last applied where the schedules *declared* at *revision* were, in a fully verified run.

    What was declared parked is left out: it may never have had a job, and would count as vanished.
    """
    return {
        one.key: Applied(one.cron_to_save, one.name, revision=revision, declared=last_declaration(one))
        for one in declared
        if one.state is not State.PARKED
    }


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
    than the plan. A schedule that is declared parked is left out, since it may have no job.
    """
    differing = {change.key for change in plan.changes} | {attention.key for attention in plan.attention}
    return {
        key: Applied(schedule.cron, schedule.name)
        for key, schedule in declared.items()
        if key not in differing and schedule.state is State.ACTIVE and key not in last_applied.by_key
    }


def open_in(plan: Plan) -> frozenset[Key]:
    """Return the keys of *plan* that reading says nothing final about, though their crons may be live as declared.

    Such a key is still to be renamed or made active. If reading taught its cron, and the save was not made, the next
    run would judge the key otherwise. A key of which nothing is known is learned unless a guard refuses it: without
    that, a job that is never made active would be no orphan once it is removed.
    """
    known = {change.key for change in plan.changes if change.applied is not None}
    return frozenset(known | {refusal.key for refusal in plan.refusals if refusal.key is not None})


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
        if is_known and key not in last_applied.not_recorded:
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
        if key in declared and key not in last_applied.not_recorded and one.cron == declared[key].cron_to_save
    }
    changed = {key: one for key, one in known.items() if key not in found and one.declared != now[key]}
    return {key: replace(one, declared=now.get(key) or one.declared) for key, one in {**changed, **found}.items()}


def to_take_over(last_applied: LastApplied) -> dict[Key, Applied]:
    """Return what the ledger has yet to record of last applied: all of it, since the old ref is not read again."""
    return {key: last_applied.by_key[key] for key in sorted(last_applied.not_recorded)}


def found_live(declared: Mapping[Key, Schedule], live: Mapping[Key, Live]) -> dict[Key, Applied]:
    """Return what is live of *declared*, as if it had been applied so. The live name is not known: the declared one."""
    return {
        key: Applied(row.cron, schedule.name, (row.job_id,))
        for key, schedule in declared.items()
        if (row := only_row(live.get(key))) is not None
    }

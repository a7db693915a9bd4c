"""Carries a ledger to another place: another home, or the same one under another environment or workspace.

Both locks are held. A note in the old ledger comes first: from then on no run uses it, so that there are never two
memories. Then all its rows are put into the new one, as a ledger of its own lineage, which names the old one with its
serial. Killed in between, the old ledger names the place to which it goes, and the same command completes that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from reconcile.errors import LedgerError
from reconcile.ledger.encoding import run_columns
from reconcile.ledger.lineage import begun
from reconcile.ledger.owned_rows import Holdings, give, holdings, keys_of_others, owners, put, remove, rows_of
from reconcile.ledger.queries import Owner
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.ledger.tables import LEDGERS, LOCKS, RUNS
from reconcile.model.keys import Key
from reconcile.model.ledger_records import Ending, Lineage, LockHolder, RunRecord, RunStart
from reconcile.text import counted, listed

_MOST_LISTED = 5


@dataclass(frozen=True, slots=True)
class Carried:
    """What the new ledger holds, and which one it is. *is_new* is False where it had been carried before."""

    lineage: Lineage
    held: Holdings
    is_new: bool


def carry(
    source: SqlLedger,
    target: SqlLedger,
    start: RunStart,
    *,
    place: str,
    ended_at: datetime,
    timeout_seconds: float = 0.0,
) -> Carried:
    """Carry *source* to *target*, which *place* names; the run of *start* is recorded there. Neither lock is held yet:
    for each it waits up to *timeout_seconds*.

    Raises:
        LedgerError: *target* holds something already, *source* holds nothing or was carried to another place, or one of
            them cannot be read or written.
        LedgerMovedError: another run moved a ledger in Git meanwhile.
        RefusedError: a run holds one of the locks.
    """
    with (
        target.lock(start.id, start.actor, timeout_seconds=timeout_seconds) as held,
        _locked_too(source, start, timeout_seconds),
    ):
        known = target.lineage()
        is_done = source.taken_to() == place and target.taken_to() is None  # a rebuild names the lineage too
        if known is not None and is_done and _is_made_from(known, source.lineage()):
            return Carried(known, _held(target), is_new=False)
        is_same = _has_lock(source, target.owner, held)
        _refuse(source, target, place, is_same=is_same)
        identity = target.renewed_lineage()
        if is_same:
            with target.step(f"take {start.id}") as connection:
                parent = _note(connection, source, place)
                remove(connection, target.owner)
                give(connection, source.owner, target.owner)
                made = _begin(connection, target.owner, start, _child(identity, parent), ended_at)
        else:
            target.secure()
            source.secure()
            with source.step(f"taken by {start.id}") as connection:
                parent = _note(connection, source, place)
            source.read_whole()
            with source.reading() as connection:
                rows = rows_of(connection, source.owner)
            with target.step(f"take {start.id}") as connection:
                remove(connection, target.owner)
                put(connection, rows, target.owner)
                made = _begin(connection, target.owner, start, _child(identity, parent), ended_at)
        return Carried(made, _held(target), is_new=True)


def refuse_empty(source: SqlLedger) -> None:
    """Raise where *source* holds nothing that could be carried.

    Raises:
        LedgerError: it does.
    """
    with source.reading() as connection:
        found, own = holdings(connection, source.owner), owners(connection)
    if not any(found):
        known = listed([f"{owner.environment} of workspace {owner.workspace}" for owner in own], most=_MOST_LISTED)
        raise LedgerError(
            f"the ledger {source.shown} holds nothing of environment {source.owner.environment} of workspace "
            f"{source.owner.workspace}",
            hint=f"it holds {known}" if own else "it holds nothing at all",
        )


@contextlib.contextmanager
def _locked_too(source: SqlLedger, start: RunStart, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock of *source* too. One row locks all workspaces of an environment: this run may hold it already."""
    holder = source.lock_holder()
    if holder is not None and holder.run == start.id:
        yield
        return
    with source.lock(start.id, start.actor, timeout_seconds=timeout_seconds):
        yield


def _has_lock(ledger: SqlLedger, owner: Owner, held: LockHolder) -> bool:
    """Whether the database of *ledger* is the one in which the lock of *owner* is *held*: its nonce is random."""
    with ledger.reading() as connection:
        found = select(LOCKS.c.nonce).where(LOCKS.c.environment == owner.environment)
        return connection.execute(found).scalar() == held.id


def _is_made_from(known: Lineage, source: Lineage | None) -> bool:
    return source is not None and source.id in [parent.rpartition("@")[0] for parent in known.parents]


def _held(ledger: SqlLedger) -> Holdings:
    with ledger.reading() as connection:
        return holdings(connection, ledger.owner)


def _refuse(source: SqlLedger, target: SqlLedger, place: str, *, is_same: bool) -> None:
    """Raise why *source* cannot be carried to *target*; nothing is written yet."""
    noted = source.taken_to()
    if noted not in (None, place):
        raise taken_error(source.shown, str(noted))
    refuse_empty(source)
    with source.reading() as connection:
        keys = {Key(row["tenant"], row["code"]) for row in rows_of(connection, source.owner)["reconcile_applied"]}
    there = _held(target)
    # What was carried away from there is held elsewhere by now.
    if any(there) and target.taken_to() is None:
        raise LedgerError(
            f"the ledger {target.shown} holds {in_words(there)} already: nothing is put over it",
            hint="a ledger is taken only to where none is; see `reconcile runs` for what was recorded there",
        )
    with target.reading() as connection:
        but = (target.owner, source.owner) if is_same else (target.owner,)
        others = keys_of_others(connection, target.owner.environment, but=but)
    if both := sorted(key for key in others if key in keys):
        shown = listed([f"{key} of workspace {others[key]}" for key in both], most=_MOST_LISTED)
        raise LedgerError(
            f"the ledger {target.shown} holds {counted(len(both), 'key')} of other workspaces: {shown}",
            hint="declare a key in one workspace only",
        )


def _note(connection: Connection, source: SqlLedger, place: str) -> Lineage:
    """Note that *source* goes to *place*, and return which ledger it is."""
    owner = source.owner
    known = begun(connection, owner)
    its_own = update(LEDGERS).where(LEDGERS.c.workspace == owner.workspace, LEDGERS.c.environment == owner.environment)
    connection.execute(its_own.values(taken_to=place))
    return source.named(known)


def _child(identity: str, parent: Lineage) -> Lineage:
    return Lineage(identity, parent.serial + 1, (parent.as_parent, *parent.parents))


def _begin(connection: Connection, owner: Owner, start: RunStart, made: Lineage, ended_at: datetime) -> Lineage:
    """Record which ledger this is, and the run that carried it here."""
    row = {**owner._asdict(), "lineage": made.id, "serial": made.serial, "parents": list(made.parents)}
    connection.execute(insert(LEDGERS), row)
    record = RunRecord(start, ended_at, Ending.FINISHED, serial=made.serial)
    connection.execute(insert(RUNS), {**owner._asdict(), **run_columns(record)})
    return made


def in_words(held: Holdings) -> str:
    """Return what is held, as a sentence says it.

    >>> in_words(Holdings(runs=2, keys=1, holds=0, open=1))
    '2 runs, 1 schedule, 1 save in doubt'
    """
    parts = [(held.runs, "run"), (held.keys, "schedule"), (held.holds, "hold")]
    words = [counted(number, noun) for number, noun in parts if number]
    words += [f"{counted(held.open, 'save')} in doubt"] if held.open else []
    return ", ".join(words)


def taken_error(shown: str, place: str) -> LedgerError:
    """Return the error that the ledger *shown* was carried to *place*."""
    return LedgerError(
        f"the ledger {shown} is not used any more: it was taken to {place}",
        hint="name that one in `ledger`, or run from a commit that does; `reconcile ledger take --from` with that "
        "address or that environment takes it back",
    )

"""Last applied as an older reconcile kept it: a ref of Git, taken over by the first ledger that knows nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from reconcile.engine.find_last_applied import FIRST, applied_at
from reconcile.errors import ReconcileError
from reconcile.git.old_ref import ORIGIN, has_origin, old_applied_commit
from reconcile.git.refs import old_ref
from reconcile.git.repository import Repository
from reconcile.model.keys import Key
from reconcile.model.last_applied import NO_LAST_APPLIED, LastApplied, LastAppliedSource
from reconcile.secrets import without_credentials
from reconcile.session.declared import Declared
from reconcile.session.ledger_home import LedgerHome
from reconcile.text import shown

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger

_FEW_RUNS = 20


def last_applied_of_old_ref(
    declared: Declared, home: LedgerHome, ledger: SqlLedger | None, *, foreign: Collection[Key]
) -> LastApplied | None:
    """Return what the commit declares that the old ref names, but for *foreign* keys; None where there is no such ref.

    It is looked for at the remote that holds *ledger*, at `origin` until a run has ended, and here. A commit that does
    not know the folder is of another workspace. That a ledger kept elsewhere could not ask `origin` is an assumption.

    Raises:
        ReconcileError: the ref or its commit cannot be read as a whole.
    """
    checkout, environment = declared.checkout, declared.environment.name
    remote, commit, unasked = _found(checkout.repository, environment, home, ledger)
    if commit is None:
        return replace(NO_LAST_APPLIED, assumptions=(FIRST, *unasked)) if unasked else None
    named = f"{old_ref(environment)} at {commit[:12]}"
    try:
        applied_then = checkout.declared_at(environment, commit)
    except ReconcileError as error:
        message = f"{named} cannot be taken over: {error.message}"
        raise ReconcileError(message, hint=_without_it(old_ref(environment), remote)) from error
    if applied_then is None:
        return None
    applied = {key: one for key, one in applied_at(applied_then.values(), commit).items() if key not in foreign}
    assumption = f"last applied is taken over from {named}: job ids are not known"
    return LastApplied(LastAppliedSource.LEDGER, applied, {}, (assumption, *unasked), frozenset(applied))


def _found(
    repository: Repository, environment: str, home: LedgerHome, ledger: SqlLedger | None
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return at which remote the ref was found (None: here), its commit (None: none), and what could not be asked."""
    unasked: tuple[str, ...] = ()
    asks_origin = has_origin(repository) and _is_first(ledger)
    remotes = dict.fromkeys([*([home.remote] if home.remote else []), *([ORIGIN] if asks_origin else [])])
    for remote in (*remotes, None):
        try:
            commit = old_applied_commit(repository, environment, remote)
        except ReconcileError as error:
            if remote != ORIGIN or home.remote == ORIGIN:
                raise
            unasked = (f"no older reconcile left last applied at {ORIGIN}, which could not be asked: {error.message}",)
            continue
        if commit is not None:
            return remote, commit, unasked
    return None, None, unasked


def _is_first(ledger: SqlLedger | None) -> bool:
    """Whether no run has ended in *ledger*: one that did has taken the ref over, if there was one."""
    return ledger is None or all(run.ending is None for run in ledger.runs(most=_FEW_RUNS))


def _without_it(ref: str, remote: str | None) -> str:
    there = "" if remote is None else f" and git push {shown(without_credentials(remote))} --delete {ref}"
    return f"to begin without last applied, and without orphans, delete it: git update-ref -d {ref}{there}"

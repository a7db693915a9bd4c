"""Last applied as an older reconcile kept it: a ref of Git, taken over by the first ledger that knows nothing."""

from __future__ import annotations

from collections.abc import Collection

from reconcile.engine.find_last_applied import applied_at
from reconcile.errors import ReconcileError
from reconcile.git.old_ref import old_applied_commit
from reconcile.git.refs import old_ref
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastApplied, LastAppliedSource
from reconcile.secrets import without_credentials
from reconcile.session.declared import Declared
from reconcile.session.ledger_home import LedgerHome
from reconcile.text import shown


def last_applied_of_old_ref(declared: Declared, home: LedgerHome, *, foreign: Collection[Key]) -> LastApplied | None:
    """Return what the commit declares that the old ref names, but for *foreign* keys; None where there is no such ref.

    A ledger that is a ref of a remote is asked there. A commit that does not know the folder is of another workspace.

    Raises:
        ReconcileError: the ref or its commit cannot be read as a whole.
    """
    checkout, environment = declared.checkout, declared.environment.name
    commit = old_applied_commit(checkout.repository, environment, home.remote)
    if commit is None:
        return None
    named = f"{old_ref(environment)} at {commit[:12]}"
    try:
        applied_then = checkout.declared_at(environment, commit)
    except ReconcileError as error:
        message = f"{named} cannot be taken over: {error.message}"
        raise ReconcileError(message, hint=_without_it(old_ref(environment), home.remote)) from error
    if applied_then is None:
        return None
    applied = {key: one for key, one in applied_at(applied_then.values(), commit).items() if key not in foreign}
    assumption = f"last applied is taken over from {named}: job ids are not known"
    return LastApplied(LastAppliedSource.LEDGER, applied, {}, (assumption,), frozenset(applied))


def _without_it(ref: str, remote: str | None) -> str:
    there = "" if remote is None else f" and git push {shown(without_credentials(remote))} --delete {ref}"
    return f"to begin without last applied, and without orphans, delete it: git update-ref -d {ref}{there}"

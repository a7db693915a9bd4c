"""The ref of last applied: after a fully verified apply it says which commit is live."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.engine.overrides import INCLUDE_RENAMES, PARK_REMOVED
from reconcile.errors import ReconcileError
from reconcile.git.refs import applied_ref, move_applied, push_applied
from reconcile.model.finding import Finding
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.rules import GitRule
from reconcile.model.run import Run
from reconcile.model.verdicts import Verdict
from reconcile.session.declared import Checkout, Declared
from reconcile.session.memory import AppliedRef


def mark_applied(declared: Declared, run: Run, ref: AppliedRef, *, remote: str | None) -> tuple[Finding, ...]:
    """Move the ref of last applied to the commit that *run* applied, and push it to *remote*; return what went wrong.

    *ref* is its value when the run began: if it has another value now, another run applied.

    The ref moves only when everything that the commit declares was verified: a run of a selection, or of files that
    differ from the commit, proves nothing about the commit. Outside Git there is no ref.
    """
    checkout, environment = declared.checkout, declared.environment.name
    commit, repository = checkout.revision, checkout.repository
    try:
        reason = _unproven(checkout, run)
        if commit is None or reason is not None:
            if remote is None:
                return ()
            because = reason or "this is not a Git repository"
            return (_finding(f"{applied_ref(environment)} was not moved, and not pushed: {because}", None),)
        move_applied(repository, environment, commit, ref.commit)
        if remote is not None:
            push_applied(repository, environment, expected=ref.at_remote, remote=remote)
    except ReconcileError as error:
        return (_finding(error.message, error.hint),)
    return tuple(_forgotten(run, ref.commit))


def _forgotten(run: Run, before: str | None) -> Iterator[Finding]:
    """Yield what is forgotten as the ref moves: the new commit does not declare it, and no ledger has it."""
    # Where the run has a ledger, it recorded what only Git knew.
    if run.start is None and run.plan.last_applied is LastAppliedSource.GIT and before is not None:
        for attention in run.plan.attention:
            if attention.verdict is Verdict.ORPHAN:
                message = (
                    f"{attention.key} is still live, no file here declares it, and last applied no longer knows it"
                )
                hint = f"park it with {PARK_REMOVED.option} --base {before[:12]}, or remove it in the service"
                yield Finding(GitRule.ORPHAN_FORGOTTEN, message, hint=hint, key=attention.key)
            elif attention.verdict is not Verdict.IN_SYNC:
                message = f"{attention.key} is live under an older name, and last applied no longer knows it"
                hint = f"write the new one with {INCLUDE_RENAMES.option} --applied-rev {before[:12]}"
                yield Finding(GitRule.RENAME_FORGOTTEN, message, hint=hint, key=attention.key)


def _unproven(checkout: Checkout, run: Run) -> str | None:
    if run.interrupted or checkout.runtime.stop.is_set():
        return "the run was stopped"
    if not run.is_done:
        return "not everything is done and verified"
    if not run.plan.selection.is_everything:
        return "the run was about a selection"
    if checkout.not_as_committed():
        return "the declarations differ from the commit"
    return None


def _finding(message: str, hint: str | None) -> Finding:
    return Finding(GitRule.APPLIED_REF, message, hint=hint)

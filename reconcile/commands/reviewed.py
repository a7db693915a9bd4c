"""Ties an apply to its review: a saved plan, the digest of the declarations, the commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from reconcile.engine.guard import refused_by
from reconcile.errors import PlanFileError, UsageError
from reconcile.git.configuration import VARIABLE, Allow
from reconcile.model.change import Change
from reconcile.model.finding import RefusedError
from reconcile.model.plan import Plan
from reconcile.model.schedule import DeclaredAt, Schedule
from reconcile.session.declared import Checkout, Declared
from reconcile.session.ledger_home import ledger_required
from reconcile.session.plan_file import SavedPlan, read_plan
from reconcile.session.runtime import Runtime
from reconcile.text import listed

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger

# The fewest characters of a digest that identify it.
_SHORTEST_DIGEST = 12


def open_plan(runtime: Runtime, file: str) -> tuple[SavedPlan, Runtime]:
    """Return the plan in *file*, and *runtime* with the environment and the selection of that plan.

    Raises:
        PlanFileError: it cannot be read, or was made for another environment.
        UsageError: a part of it is selected.
    """
    options = runtime.options
    if not options.selection.is_everything:
        raise UsageError("a saved plan is applied whole", hint="select with --tenant, --code or --label when planning")
    saved = read_plan(file)
    named = options.environment
    if named is not None and named != saved.plan.environment:
        raise PlanFileError(
            f"{file} was made for the environment {saved.plan.environment}, not for {named}",
            hint=f"plan with --env {named}, or apply with --env {saved.plan.environment}",
        )
    options = replace(options, environment=saved.plan.environment).selecting(saved.plan.selection)
    return saved, runtime.with_options(options)


def refuse_unreviewed(
    declared: Declared, saved: SavedPlan | None, *, expected: str | None, must_be_clean: bool
) -> None:
    """Refuse to apply declarations that are not the ones that were reviewed.

    Raises:
        RefusedError: they are not.
    """
    if saved is not None:
        _refuse_stale(declared, saved)
    if expected is not None:
        _refuse_unexpected(declared.digest, expected)
    if must_be_clean:
        _refuse_unclean(declared.checkout)


def refuse_used(ledger: SqlLedger | None, saved: SavedPlan) -> None:
    """Refuse a plan that was applied already, as far as *ledger* knows.

    Raises:
        RefusedError: it was; or the ledger cannot be read.
    """
    if ledger is None:
        return
    with ledger_required():
        used = ledger.finished_with(saved.plan.digest, saved.made_at)
    if used is not None:
        message = f"this plan was applied by run {used.start.id}, which finished: a plan is applied once"
        _refuse("plan-used", message, "plan again: there may be nothing left to do")


def as_reviewed(plan: Plan, declared: Declared) -> Plan:
    """Return *plan* with `protect` as declared now: guards judge by the declarations of now."""
    changes = (
        replace(one, desired=replace(one.desired, protect=True))
        if (now := declared.desired.get(one.key)) is not None and now.protect
        else one
        for one in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _refuse_stale(declared: Declared, saved: SavedPlan) -> None:
    checkout = declared.checkout
    if saved.revision is not None and checkout.revision not in (None, saved.revision):
        here = str(checkout.revision)[:12]
        checkout.runtime.log("info", f"{saved.path} was made at commit {saved.revision[:12]}; this is {here}")
    if saved.plan.desired_digest != declared.digest:
        differing = [change.key for change in saved.plan.changes if _differs(change, declared.desired.get(change.key))]
        names = f" ({listed(differing)})" if differing else ""
        _refuse("plan-stale", f"the declarations are no longer those that the plan was made of{names}", "plan again")


def _refuse_unexpected(digest: str, expected: str) -> None:
    if not expected.strip():
        message = "--expect-desired is empty: nothing says which declarations were reviewed"
        _refuse("unexpected-declarations", message, "the commit's message must hold the line `Desired: …` of its plan")
    if len(expected) < _SHORTEST_DIGEST or not digest.startswith(expected):
        message = f"--expect-desired {expected}: what is declared here has the digest {digest}"
        _refuse("unexpected-declarations", message, "apply the commit that was reviewed, or review this one")


def _refuse_unclean(checkout: Checkout) -> None:
    differing = checkout.not_as_committed()
    if differing is None:
        _refuse("git-not-clean", "--require-git-clean: the declarations are in no Git repository", "commit them")
    elif differing:
        files = listed([checkout.name(file) for file in differing])
        message = f"--require-git-clean: not as in the commit: {files}"
        lifted = {kind.lifted_by for kind in checkout.repository.settings.set_aside.values()}
        filters = f"; {VARIABLE}={Allow.FILTERS} uses the repository's own filters" if Allow.FILTERS in lifted else ""
        _refuse("git-not-clean", message, f"commit or discard what differs{filters}")


def _differs(change: Change, now: Schedule | None) -> bool:
    """Whether the declaration of *change* is another one by now; of a removed key, whether it is declared again."""
    if not isinstance(change.desired.origin, DeclaredAt):
        return now is not None
    planned = (change.desired.cron_to_save, change.desired.name, change.desired.state)
    return now is None or (now.cron_to_save, now.name, now.state) != planned


def _refuse(rule: str, message: str, remedy: str) -> NoReturn:
    raise RefusedError(message, refusals=(refused_by(rule, message, remedy=remedy),), hint=remedy)

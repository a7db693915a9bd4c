"""`status`: which commit is live in each environment, and what its ledger holds. The services are not asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.engine.make_plan import desired_digest
from reconcile.errors import LedgerError, LedgerGoneError, ReconcileError, SettingError
from reconcile.exits import Exit
from reconcile.git.refs import commit_of
from reconcile.model.environment_status import EnvironmentStatus
from reconcile.model.finding import Finding
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import Ending, RunKind, RunRecord
from reconcile.model.rules import LedgerRule
from reconcile.model.run import TOUCHED
from reconcile.model.workspace import Environment
from reconcile.report.ledger_documents import status_document
from reconcile.report.ledger_views import status_view
from reconcile.session.declared import Checkout, open_checkout
from reconcile.session.known_elsewhere import known_elsewhere_to
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.runtime import Runtime
from reconcile.session.seen_ledger import behind

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger

SHOWN_RUNS = 5
SEARCHED_RUNS = 20
"""So many of the last runs are searched for the one that applied a whole commit."""


@click.command("status")
@command()
def status(runtime: Runtime) -> CommandReport:
    """Say which commit is live in each environment, its last runs, holds, open saves and lock. Needs no service."""
    checkout = open_checkout(runtime)
    statuses = [_status(checkout, environment) for environment in checkout.environments]
    is_complete = all(status.is_complete for status in statuses)
    document = status_document(statuses, checkout.head)
    return CommandReport(document, status_view(statuses), exit_code=Exit.DONE if is_complete else Exit.ERROR)


def _status(checkout: Checkout, environment: Environment) -> EnvironmentStatus:
    found = EnvironmentStatus(environment.name, LastAppliedSource.NONE, None, None)
    try:
        home = locate_ledger(checkout, environment)
        with home.if_exists() as ledger:
            if ledger is not None:
                found = _by_ledger(checkout, ledger, environment, home.shown)
            told = (*behind(home, ledger), *known_elsewhere_to(checkout, home, ledger))
            found = replace(found, findings=(*found.findings, *_of(environment, told)))
    except (LedgerError, SettingError) as error:
        is_gone = isinstance(error, LedgerGoneError)
        rule = LedgerRule.LEDGER_GONE if is_gone else LedgerRule.LEDGER_UNREADABLE
        told = (Finding(rule, error.message, hint=error.hint),)
        if is_gone:
            with contextlib.suppress(LedgerError):  # the others cannot be asked either
                home = replace(locate_ledger(checkout, environment), lineage=None)
                told = known_elsewhere_to(checkout, home, None) or told
        found = replace(found, findings=_of(environment, told))
    return found


def _by_ledger(checkout: Checkout, ledger: SqlLedger, environment: Environment, shown: str) -> EnvironmentStatus:
    runs = ledger.runs(most=SEARCHED_RUNS)
    at = next((at for at, run in enumerate(runs) if _applied_whole_commit(checkout, run, environment.name)), None)
    keys = len(ledger.last_applied())
    return EnvironmentStatus(
        environment.name,
        LastAppliedSource.LEDGER if keys else LastAppliedSource.NONE,
        None if at is None else runs[at].start.revision,
        shown,
        lineage=ledger.lineage(),
        keys=keys,
        runs=runs[:SHOWN_RUNS],
        runs_since=sum(map(_may_have_saved, runs[:at])),
        holds=tuple(ledger.holds().values()),
        open_changes=ledger.open_changes(),
        lock=ledger.lock_holder(),
        findings=_of(environment, ledger.notices()),
    )


def _applied_whole_commit(checkout: Checkout, run: RunRecord, environment: str) -> bool:
    """Whether *run* applied all that its commit declares: not a selection of it, nor files that differ from it."""
    commit = run.start.revision
    if run.start.kind is not RunKind.APPLY or run.ending is not Ending.FINISHED or commit is None:
        return False
    if commit_of(checkout.repository, commit) is None:
        return False
    try:
        declared = checkout.declared_at(environment, commit)
    except ReconcileError:  # what that commit declares cannot be read: nothing says that all of it was applied
        return False
    return declared is not None and run.start.desired_digest == desired_digest(environment, declared)


def _may_have_saved(run: RunRecord) -> bool:
    return run.ending is None or any(run.summary.get(result) for result in TOUCHED)


def _of(environment: Environment, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(one, message=f"{environment.name}: {one.message}") for one in findings)

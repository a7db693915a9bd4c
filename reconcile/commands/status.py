"""`status`: which commit is live where, and what is remembered of each environment. The services are not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconcile.commands.common import command
from reconcile.commands.declarations import declared_at, environment_of, opened
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.remembered import address_of, ledger_at
from reconcile.engine.plan import desired_digest
from reconcile.errors import LedgerError, ReconcileError, SettingError
from reconcile.git.refs import applied_commit, commit_of
from reconcile.model.finding import Finding, Severity
from reconcile.model.ledger import Ending, LockHolder, RunKind, RunRecord
from reconcile.model.run import TOUCHED
from reconcile.model.standing import Standing
from reconcile.model.states import LastAppliedSource
from reconcile.model.workspace import Environment, Workspace
from reconcile.report.ledgers import status_document
from reconcile.report.remembering import status_view

if TYPE_CHECKING:
    from reconcile.ledger.book import SqlLedger

RUNS = 5
LOOKED_AT = 20
"""Among so many of the last runs the one is looked for that applied a commit as a whole."""


@click.command("status")
@command
def status(invocation: Invocation) -> Answer:
    """Say which commit is live in each environment, its last runs, holds, open saves and lock. Needs no service."""
    workspace, _, _ = opened(invocation)
    name = invocation.options.environment
    environments = workspace.environments.values() if name is None else (environment_of(workspace, name),)
    standings = [_standing(invocation, workspace, environment) for environment in environments]
    is_complete = not any(standing.findings for standing in standings)
    document = status_document(standings, invocation.head)
    return Answer(document, status_view(standings), exit_code=0 if is_complete else 1)


def _standing(invocation: Invocation, workspace: Workspace, environment: Environment) -> Standing:
    findings: tuple[Finding, ...] = ()
    lock: LockHolder | None = None
    try:
        address = address_of(invocation, workspace, environment)
        ledger = None
        if address is not None:
            ledger = ledger_at(address, invocation, workspace, environment, create=False)
        if address is not None and ledger is not None:
            with ledger:
                if ledger.has_runs():
                    return _by_ledger(invocation, ledger, environment, address.shown)
                # A first run holds the lock before it is written down; should it die then, its lock stays.
                lock = ledger.lock_holder()
    except (LedgerError, SettingError) as error:
        findings = (_finding(environment, "ledger-unreadable", error),)
    try:
        commit = applied_commit(invocation.repository, environment.name)
    except ReconcileError as error:
        return _nothing(environment, None, (*findings, _finding(environment, "git-unreadable", error)))
    return replace(_nothing(environment, commit, findings), lock=lock)


def _by_ledger(invocation: Invocation, ledger: SqlLedger, environment: Environment, shown: str) -> Standing:
    runs = ledger.runs(most=LOOKED_AT)
    at = next((at for at, run in enumerate(runs) if _is_whole(invocation, run, environment.name)), None)
    return Standing(
        environment.name,
        LastAppliedSource.LEDGER,
        None if at is None else runs[at].start.revision,
        shown,
        keys=len(ledger.last_applied()),
        runs=runs[:RUNS],
        runs_since=sum(map(_may_have_saved, runs[:at])),
        holds=tuple(ledger.holds().values()),
        open_changes=ledger.open_changes(),
        lock=ledger.lock_holder(),
    )


def _is_whole(invocation: Invocation, run: RunRecord, environment: str) -> bool:
    """Whether *run* made live all that its commit declares: not a selection of it, nor files that differ from it."""
    commit = run.start.revision
    if run.start.kind is not RunKind.APPLY or run.ending is not Ending.FINISHED or commit is None:
        return False
    if commit_of(invocation.repository, commit) is None:
        return False
    declared = declared_at(invocation, environment, commit)
    return declared is not None and run.start.desired_digest == desired_digest(environment, declared)


def _may_have_saved(run: RunRecord) -> bool:
    return run.ending is None or any(run.summary.get(result) for result in TOUCHED)


def _nothing(environment: Environment, commit: str | None, findings: tuple[Finding, ...]) -> Standing:
    source = LastAppliedSource.NONE if commit is None else LastAppliedSource.GIT
    return Standing(environment.name, source, commit, None, findings=findings)


def _finding(environment: Environment, rule: str, error: ReconcileError) -> Finding:
    return Finding(rule, Severity.WARNING, f"{environment.name}: {error.message}", hint=error.hint)

"""`runs`: what was applied, by whom, and what became of it."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import UsageError
from reconcile.report.ledger_documents import runs_document
from reconcile.report.ledger_views import run_record_view, runs_view
from reconcile.session.chosen_ledger import chosen_ledger
from reconcile.session.runtime import Runtime

MOST = 20


@click.group("runs", invoke_without_command=True)
@click.option("--most", type=click.IntRange(1, 10_000), default=MOST, show_default=True, help="How many, at most.")
@command()
def runs(runtime: Runtime, *, most: int) -> CommandReport:
    """List the last runs of an environment, newest first, from its ledger. The service is not asked."""
    with chosen_ledger(runtime) as (ledger, checkout):
        listed, lock = ledger.runs(most=most), ledger.lock_holder()
    name = checkout.environment.name
    document = runs_document(listed, checkout.head, environment=name, lock=lock)
    return CommandReport(document, runs_view(listed, environment=name, lock=lock))


@runs.command("show")
@click.argument("run")
@command()
def show(runtime: Runtime, *, run: str) -> CommandReport:
    """Show what RUN (its id, or how it begins) did to each schedule."""
    with chosen_ledger(runtime) as (ledger, checkout):
        found, lock = ledger.run(run), ledger.lock_holder()
    name = checkout.environment.name
    if found is None:
        raise UsageError(f"there is no run {run!r} of {name}", hint="reconcile runs lists them")
    record, changes = found
    document = runs_document([record], checkout.head, environment=name, changes=changes, lock=lock)
    return CommandReport(document, run_record_view(record, changes, environment=name, lock=lock))

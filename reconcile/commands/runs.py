"""`runs`: what was applied, by whom, and what became of it."""

from __future__ import annotations

import click

from reconcile.commands.common import command
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.opening import ledger_of
from reconcile.errors import UsageError
from reconcile.report.ledgers import runs_document
from reconcile.report.remembering import run_record_view, runs_view

MOST = 20


@click.group("runs", invoke_without_command=True)
@click.option("--most", type=click.IntRange(1, 10_000), default=MOST, show_default=True, help="How many, at most.")
@command()
def runs(invocation: Invocation, *, most: int) -> Answer:
    """List the last runs of an environment, newest first, from its ledger. The service is not asked."""
    with ledger_of(invocation) as (ledger, environment):
        listed = ledger.runs(most=most)
    document = runs_document(listed, invocation.head, environment=environment.name)
    return Answer(document, runs_view(listed, environment=environment.name))


@runs.command("show")
@click.argument("run")
@command()
def show(invocation: Invocation, *, run: str) -> Answer:
    """Show what RUN (its id, or how it begins) did to each schedule."""
    with ledger_of(invocation) as (ledger, environment):
        found = ledger.run(run)
    if found is None:
        raise UsageError(f"there is no run {run!r} of {environment.name}", hint="reconcile runs lists them")
    record, changes = found
    document = runs_document([record], invocation.head, environment=environment.name, changes=changes)
    return Answer(document, run_record_view(record, changes, environment=environment.name))

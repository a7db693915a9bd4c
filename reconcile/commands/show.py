"""`show`: a saved plan, without the service."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.report.plan_view import plan_view
from reconcile.session.plan_file import read_plan
from reconcile.session.runtime import Runtime


@click.command("show")
@click.argument("file", metavar="PLAN")
@command()
def show(runtime: Runtime, *, file: str) -> CommandReport:  # noqa: ARG001 - it needs nothing of the run
    """Show a saved plan, in any format. Neither the declarations nor the service are needed."""
    saved = read_plan(file)
    return CommandReport(dict(saved.document), plan_view(saved.plan))

"""`plan`: what apply would do."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import base_option, command
from reconcile.commands.override_options import overrides
from reconcile.engine.overrides import Allowances
from reconcile.exits import Exit
from reconcile.model.plan import Plan
from reconcile.report.json_documents import plan_document
from reconcile.report.json_format import as_json
from reconcile.report.plan_view import plan_view
from reconcile.session.command_line import SELECTION, Group
from reconcile.session.declared import declare, has_errors
from reconcile.session.observed import observed
from reconcile.session.runtime import Runtime


@click.command("plan")
@click.option("--out", metavar="FILE", help="Write the plan, for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@command(*SELECTION, Group.REQUESTS)
@base_option
@overrides
def plan(
    runtime: Runtime, *, out: str | None, detailed_exitcode: bool, allowances: Allowances, base: str | None
) -> CommandReport:
    """Show what apply would change, and what keeps it from doing so.

    Nothing is saved. Exit 1 when some schedule could not be read: the others are shown.
    """
    declared = declare(runtime)
    with observed(declared, base=base) as seen:
        plan = seen.plan(allowances).plan
    document = plan_document(plan, declared.head)
    return CommandReport(
        document,
        plan_view(plan),
        exit_code=_exit_code(plan, detailed=detailed_exitcode),
        files={out: as_json(document)} if out is not None else {},
    )


def _exit_code(plan: Plan, *, detailed: bool) -> Exit:
    if not plan.is_complete or has_errors(plan.findings):
        return Exit.ERROR
    return Exit.DIFFERENT if detailed and plan.changes else Exit.DONE

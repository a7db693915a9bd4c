"""`plan`: what apply would do."""

from __future__ import annotations

import click

from reconcile.commands.common import command, sources
from reconcile.commands.declarations import declared, has_errors
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.options import SELECTION, Group
from reconcile.commands.overrides import overrides
from reconcile.commands.planning import reviewed
from reconcile.commands.remembered import read_memory
from reconcile.commands.service import linked
from reconcile.commands.sources import Sources
from reconcile.engine.overrides import Allowances
from reconcile.exits import Exit
from reconcile.model.plan import Plan
from reconcile.report.documents import plan_document
from reconcile.report.json import dumps
from reconcile.report.plans import plan_view
from reconcile.service.reader import ServiceReader


@click.command("plan")
@click.option("--out", metavar="FILE", help="Write the plan, for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@command(*SELECTION, Group.CALLS)
@sources
@overrides
def plan(
    invocation: Invocation, *, out: str | None, detailed_exitcode: bool, allowances: Allowances, where: Sources
) -> Answer:
    """Show what apply would change, and what keeps it from doing so.

    Nothing is saved. Exit 1 when some schedule could not be read: the others are shown.
    """
    wanted = declared(invocation)
    memory = read_memory(invocation, wanted, where)
    with linked(invocation, wanted.environment) as link:
        made = reviewed(invocation, wanted, ServiceReader(link), memory, allowances).plan
    document = plan_document(made, invocation.head)
    return Answer(
        document,
        plan_view(made),
        exit_code=_exit_code(made, detailed=detailed_exitcode),
        files={out: dumps(document)} if out is not None else {},
    )


def _exit_code(plan: Plan, *, detailed: bool) -> Exit:
    if not plan.is_complete or has_errors(plan.findings):
        return Exit.ERROR
    return Exit.DIFFERENT if detailed and plan.changes else Exit.DONE

"""`plan`: what apply would do."""

from __future__ import annotations

import click

from reconcile.commands.common import command, overrides
from reconcile.commands.declarations import Declared, declared, has_errors
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.service import read
from reconcile.engine.guard import Allowances, Situation
from reconcile.engine.plan import make_plan
from reconcile.flows.observe import Observation
from reconcile.model.plan import Plan
from reconcile.report.documents import plan_document
from reconcile.report.json import dumps
from reconcile.report.plans import plan_view


@click.command("plan")
@click.option("--out", metavar="FILE", help="Write the plan, for show and apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@command
@overrides
def plan(invocation: Invocation, *, out: str | None, detailed_exitcode: bool, allowances: Allowances) -> Answer:
    """Show what apply would change, and what keeps it from doing so.

    Nothing is saved. Exit 1 when some schedule could not be read: the others are shown.
    """
    wanted = declared(invocation)
    made = planned(wanted, read(invocation, wanted.environment, list(wanted.desired)), allowances)
    document = plan_document(made, invocation.head)
    return Answer(
        document,
        plan_view(made),
        exit_code=_exit_code(made, detailed=detailed_exitcode),
        files={out: dumps(document)} if out is not None else {},
    )


def planned(wanted: Declared, observation: Observation, allowances: Allowances) -> Plan:
    """Return the plan that makes what was read equal to what is declared."""
    return make_plan(
        wanted.environment.name,
        wanted.desired,
        observation.live,
        situation=Situation(wanted.workspace.limits, wanted.environment.service),
        allowances=allowances,
        findings=(*wanted.findings, *observation.findings),
    )


def _exit_code(plan: Plan, *, detailed: bool) -> int:
    if not plan.is_complete or has_errors(plan.findings):
        return 1
    return 2 if detailed and plan.changes else 0

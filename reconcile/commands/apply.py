"""`apply`: make the service do what was planned, and prove it. One of the few modules that may hold a writer."""

from __future__ import annotations

import click

from reconcile.commands.common import command, overrides
from reconcile.commands.declarations import Declared, declared, environment_of, opened
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.plan import planned
from reconcile.commands.planfile import read_plan
from reconcile.commands.service import linked, observed
from reconcile.engine.guard import Allowances, Situation, refusals
from reconcile.errors import PlanFileError, UsageError
from reconcile.flows.apply import apply as apply_plan
from reconcile.flows.wave import Ports
from reconcile.ledger.memory import MemoryLedger
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.model.workspace import Environment, Workspace
from reconcile.report.documents import run_document
from reconcile.report.plans import plan_view
from reconcile.report.runs import run_view
from reconcile.service.clock import SystemClock
from reconcile.service.link import Link
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter

WAVES_PER_CALL = 20
"""A wave is this many times as long as there are calls at once."""


@click.command("apply")
@click.argument("file", metavar="[PLAN]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@command
@overrides
def apply(invocation: Invocation, *, file: str | None, yes: bool, allowances: Allowances) -> Answer:
    """Save what differs, read it back, and say what became of each change.

    With PLAN, exactly that plan; else one is made now. Every schedule is read again just before it is saved, and left
    alone when it is no longer what the plan saw. On a terminal you are asked first; without one, --yes is needed.
    """
    if not yes and invocation.console.ask is None:
        raise UsageError(
            "apply asks before it saves, and there is no terminal to ask on",
            hint="run with --yes, or on a terminal",
        )
    if file is not None:
        workspace, environment, plan = _saved(invocation, file)
        with linked(invocation, environment) as link:
            return _applied(invocation, link, workspace, environment, plan, yes, allowances)
    wanted = declared(invocation)
    with linked(invocation, wanted.environment) as link:
        plan = _made(invocation, link, wanted, allowances)
        return _applied(invocation, link, wanted.workspace, wanted.environment, plan, yes, allowances)


def _saved(invocation: Invocation, file: str) -> tuple[Workspace, Environment, Plan]:
    """Return a saved plan and what it is for. Of the declarations only the workspace is read."""
    if not invocation.options.selection.is_everything:
        raise UsageError("a saved plan is applied whole", hint="select with --tenant, --code or --label when planning")
    plan, document = read_plan(file)
    workspace, _, _ = opened(invocation)
    named = invocation.options.environment
    if named is not None and named != plan.environment:
        raise PlanFileError(
            f"{file} was made for the environment {plan.environment}, not for {named}",
            hint=f"plan with --env {named}, or apply with --env {plan.environment}",
        )
    environment = environment_of(workspace, plan.environment)
    made_at = document["git_revision"]
    if made_at is not None and invocation.revision not in (None, made_at):
        invocation.log("warning", f"{file} was made at commit {made_at[:12]}; this is {str(invocation.revision)[:12]}")
    return workspace, environment, plan


def _made(invocation: Invocation, link: Link, wanted: Declared, allowances: Allowances) -> Plan:
    return planned(wanted, observed(invocation, ServiceReader(link), list(wanted.desired)), allowances)


def _applied(
    invocation: Invocation,
    link: Link,
    workspace: Workspace,
    environment: Environment,
    plan: Plan,
    yes: bool,
    allowances: Allowances,
) -> Answer:
    refused = refusals(plan, situation=Situation(workspace.limits, environment.service), allowances=allowances)
    blocked = {refusal.key for refusal in refused}
    # There is nothing to ask where nothing would be saved.
    is_open = None not in blocked and any(change.key not in blocked for change in plan.changes)
    if is_open and not yes and not invocation.console.confirm(plan_view(plan)):
        raise UsageError("not applied: the answer was not yes")
    size = environment.concurrency if invocation.options.parallelism is None else invocation.options.parallelism
    with invocation.progress("Applying", len(plan.changes)) as progress:

        def tell(outcome: Outcome) -> None:
            progress(1)
            level = "info" if outcome.result is Result.VERIFIED else "warning"
            invocation.log(level, f"{outcome.key}: {outcome.result}: {outcome.message}")

        run = apply_plan(
            plan,
            Ports(
                ServiceReader(link),
                ServiceWriter(link),
                MemoryLedger(),
                SystemClock(invocation.stop),
                invocation.stop,
            ),
            situation=Situation(workspace.limits, environment.service),
            wave_size=WAVES_PER_CALL * size,
            allowances=allowances,
            on_outcome=tell,
        )
    return _answer(invocation, run)


def _answer(invocation: Invocation, run: Run) -> Answer:
    return Answer(run_document(run, invocation.head), run_view(run), exit_code=run.exit_code)

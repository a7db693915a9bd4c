"""`apply`: make the service do what was planned, and prove it. One of the few modules that may save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import base_option, command, grouped
from reconcile.commands.override_options import overriding
from reconcile.commands.reviewed import as_reviewed, open_plan, refuse_unreviewed, refuse_used
from reconcile.commands.save_options import run_report, save_options
from reconcile.engine.find_last_applied import found_in_sync, open_in, unchanged_in, with_declarations
from reconcile.engine.overrides import OVERRIDES, Allowances
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import RunKind
from reconcile.session.command_line import SELECTION, Group, SaveOptions
from reconcile.session.declared import Declared, declare
from reconcile.session.observed import Planned
from reconcile.session.plan_file import SavedPlan
from reconcile.session.preparing import Prepared, Preparing, RunPurpose
from reconcile.session.runtime import Runtime
from reconcile.session.saving import prepare_and_save


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The options of `apply` alone."""

    expect_desired: str | None
    require_git_clean: bool


_OPTIONS = (
    click.option("--expect-desired", metavar="DIGEST", help="Refuse unless this is what is declared (desired_digest)."),
    click.option("--require-git-clean", is_flag=True, help="Refuse while declarations differ from the commit."),
)


@click.command("apply")
@click.argument("file", metavar="[PLAN]", required=False)
@grouped(ApplyOptions, "own", _OPTIONS)
@command(*SELECTION, Group.REQUESTS)
@base_option
@overriding(OVERRIDES)
@save_options
def apply(
    runtime: Runtime,
    *,
    file: str | None,
    own: ApplyOptions,
    options: SaveOptions,
    allowances: Allowances,
    base: str | None,
) -> CommandReport:
    """Save what differs, read it back, and say what became of each change.

    With PLAN, exactly that plan; else one is made now. Every schedule is read again just before it is saved, and left
    alone when it is no longer what the plan saw. On a terminal you are asked first; without one, --yes is needed.
    """
    saved, runtime = (None, runtime) if file is None else open_plan(runtime, file)
    declared = declare(runtime)
    refuse_unreviewed(declared, saved, expected=own.expect_desired, must_be_clean=own.require_git_clean)

    def prepare(run: Preparing) -> Prepared:
        observed = run.observed(base=base)
        if saved is None:
            planned = observed.plan(allowances)
        else:
            refuse_used(run.ledger, saved)
            planned = observed.take(as_reviewed(saved.plan, declared), allowances)
        planned = run.ordered(planned)
        purpose = RunPurpose(
            RunKind.APPLY,
            in_sync=_in_sync(declared, planned, saved),
            plan_made_at=None if saved is None else saved.made_at,
        )
        return Prepared(planned, purpose)

    return run_report(prepare_and_save(declared, options, prepare), declared.head)


def _in_sync(declared: Declared, planned: Planned, saved: SavedPlan | None) -> Mapping[Key, Applied]:
    """Return what the ledger learns: the keys that are as declared already, but for those of other workspaces."""
    last_applied, foreign = planned.memory.last_applied, planned.memory.foreign
    ours = {key: schedule for key, schedule in declared.desired.items() if key not in foreign}
    if saved is None:
        open_keys = open_in(planned.plan)
        read = {key: schedule for key, schedule in ours.items() if key not in open_keys}
        found = found_in_sync(read, planned.live, last_applied)
    else:
        found = unchanged_in(saved.plan, ours, last_applied)
    return with_declarations(found, ours, last_applied)

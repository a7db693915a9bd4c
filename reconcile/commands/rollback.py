"""`rollback`: bring back what was live before a run. One of the few modules that may save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.commands.override_options import overrides
from reconcile.commands.save_options import run_report, save_options
from reconcile.engine.find_last_applied import found_in_sync, open_in
from reconcile.engine.overrides import INCLUDE_RENAMES, Allowances
from reconcile.engine.roll_back import before_run, holds, left_running, standing
from reconcile.errors import SettingError, UsageError
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import ChangeRecord, RunKind, RunRecord
from reconcile.model.schedule import Schedule
from reconcile.report.json_documents import plan_document
from reconcile.report.plan_view import plan_view
from reconcile.session.command_line import SELECTION, Group, SaveOptions
from reconcile.session.declared import Declared, declare_everything
from reconcile.session.ledger_home import ledger_required, locate_ledger
from reconcile.session.observed import Planned
from reconcile.session.preparing import Prepared, Preparing, RunPurpose, preparing
from reconcile.session.runtime import Runtime
from reconcile.session.saving import prepare_and_save

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


@click.command("rollback")
@click.argument("run_id", metavar="RUN")
@click.option("--dry-run", is_flag=True, help="Show what would be brought back, and save nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why; status and drift show it with the hold.")
@command(*SELECTION, Group.REQUESTS)
@overrides
@save_options
def rollback(
    runtime: Runtime, *, run_id: str, dry_run: bool, reason: str, options: SaveOptions, allowances: Allowances
) -> CommandReport:
    """Bring back what was live before RUN (its id, or how it begins), read it back, and hold it.

    What the run created is parked: nothing can be deleted. What was changed since is left alone. A key that is declared
    as the run left it is held, also where it could not be brought back: apply leaves it alone until its declaration
    changes, or until it is released.
    """
    declared = declare_everything(runtime)

    def prepare(run: Preparing) -> Prepared:
        record, changes = _recorded(run.ledger, run_id, declared)
        if not changes:
            raise UsageError(f"run {record.start.id} changed nothing that is selected", hint="see reconcile runs show")
        # Where reading has shown that a save of a killed run came to nothing, there is nothing to bring back.
        before = before_run(record.start.id, changes, declared.everything)
        # Names are part of what was live before: no option is needed for them.
        planned = run.observed_back_to(before).plan(allowances.adding(INCLUDE_RENAMES))
        placed = holds(before, declared.everything, run=run.identity.id, reason=reason, now=runtime.begun_at)
        purpose = RunPurpose(
            RunKind.ROLLBACK,
            in_sync=_back_already(planned, before),
            holds=standing(placed, planned.memory.holds),
            findings=tuple(left_running(changes)),
            of_run=record.start.id,
        )
        return Prepared(planned, purpose)

    if dry_run:
        with preparing(declared, options) as run:
            plan = prepare(run).planned.plan
        return CommandReport(plan_document(plan, declared.head), plan_view(plan))
    return run_report(prepare_and_save(declared, options, prepare), declared.head)


def _back_already(planned: Planned, before: Mapping[Key, Schedule]) -> Mapping[Key, Applied]:
    """Return last applied of the keys that are live as *before* already: what was brought back by hand is no drift."""
    memory = planned.memory
    left_out = open_in(planned.plan) | memory.foreign.keys()
    ours = {key: schedule for key, schedule in before.items() if key not in left_out}
    return found_in_sync(ours, planned.live, memory.last_applied)


def _recorded(ledger: SqlLedger | None, run_id: str, declared: Declared) -> tuple[RunRecord, tuple[ChangeRecord, ...]]:
    """Return the run called *run_id*, and its changes of the keys that are selected."""
    selection = declared.runtime.options.selection
    if selection.labels:
        # Refused, not ignored: a variable that selects by label must not become a rollback of the whole run.
        raise UsageError("a rollback cannot be selected by label", hint="select with --tenant or --code")
    if ledger is None and locate_ledger(declared.checkout, declared.environment).address is None:
        raise SettingError("a rollback is made from the ledger, and this workspace keeps none", hint="see ledger")
    with ledger_required():
        found = None if ledger is None else ledger.run(run_id)
    if found is None:
        raise UsageError(f"there is no run {run_id!r} of {declared.environment.name}", hint="reconcile runs lists them")
    record, changes = found
    return record, tuple(change for change in changes if selection.fits_key(change.key))

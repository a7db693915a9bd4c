"""`rollback`: bring back what was live before a run. One of the few modules that may hold a writer."""

from __future__ import annotations

from dataclasses import replace

import click

from reconcile.commands.actor import actor_of
from reconcile.commands.book import Book, ledger_required, new_run_id, opened_book
from reconcile.commands.common import command
from reconcile.commands.conduct import Conduct, conduct
from reconcile.commands.declarations import Declared, everything_declared
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.options import SELECTION, Group
from reconcile.commands.overrides import overrides
from reconcile.commands.planning import Reviewed, reviewed
from reconcile.commands.remembered import remembered
from reconcile.commands.running import carry_out, confirm
from reconcile.commands.service import linked
from reconcile.commands.sources import Sources
from reconcile.engine.overrides import INCLUDE_RENAMES, Allowances
from reconcile.engine.rollback import before_run, holds, left_running
from reconcile.errors import SettingError, UsageError
from reconcile.model.ledger import ChangeRecord, RunKind, RunRecord, RunStart
from reconcile.report.documents import plan_document, run_document
from reconcile.report.plans import plan_view
from reconcile.report.runs import run_view
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter


@click.command("rollback")
@click.argument("run", metavar="RUN")
@click.option("--dry-run", is_flag=True, help="Show what would be brought back, and save nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for who finds the holds.")
@command(*SELECTION, Group.CALLS)
@overrides
@conduct
def rollback(
    invocation: Invocation, *, run: str, dry_run: bool, reason: str, how: Conduct, allowances: Allowances
) -> Answer:
    """Bring back what was live before RUN (its id, or how it begins), read it back, and hold it.

    What the run created is parked: nothing can be deleted. What was changed since is left alone. A key that was brought
    back is held: apply leaves it alone until its declaration changes, or until it is released.
    """
    if how.no_ledger:
        raise UsageError("a rollback is made from the ledger", hint="leave out --no-ledger")
    # Names are part of what was live before; nobody has to ask for them here.
    allowances = allowances.adding(INCLUDE_RENAMES)
    wanted = everything_declared(invocation)
    run_id, actor = new_run_id(invocation.begun_at), actor_of(invocation, how.actor)
    with (
        linked(invocation, wanted.environment) as link,
        opened_book(invocation, wanted.workspace, wanted.environment, run=run_id, actor=actor, how=how) as book,
    ):
        record, changes = _found(invocation, book, run, wanted)
        before = before_run(record.start.id, changes, wanted.everything)
        if not before:
            raise UsageError(f"run {record.start.id} changed nothing that is selected", hint="see reconcile runs show")
        made = _reviewed(invocation, ServiceReader(link), replace(wanted, desired=before), book, allowances)
        if dry_run:
            return Answer(plan_document(made.plan, invocation.head), plan_view(made.plan))
        confirm(invocation, how, made, allowances)
        start = RunStart(
            run_id,
            RunKind.ROLLBACK,
            invocation.begun_at,
            actor,
            invocation.revision,
            made.plan.digest,
            None,
            made.plan.desired_digest,
            allowances.typed(),
            record.start.id,
        )
        done = carry_out(
            invocation,
            made,
            ServiceReader(link),
            ServiceWriter(link),
            start=start,
            book=book,
            environment=wanted.environment,
            how=how,
            allowances=allowances,
            holds=holds(before, wanted.everything, made.plan, run=run_id, reason=reason, now=invocation.begun_at),
        )
        noted = link.notes.take()
    done = replace(done, findings=(*done.findings, *noted, *left_running(changes), *book.findings))
    return Answer(run_document(done, invocation.head), run_view(done), exit_code=done.exit_code)


def _found(
    invocation: Invocation, book: Book, name: str, wanted: Declared
) -> tuple[RunRecord, tuple[ChangeRecord, ...]]:
    """Return the run, and what it did as far as the selection goes."""
    selection = invocation.options.selection
    if selection.labels:
        # Refused, and not left out: a variable that selects by label must not become a rollback of the whole run.
        raise UsageError("a rollback cannot be selected by label", hint="select with --tenant or --code")
    if book.ledger is None:
        raise SettingError("a rollback is made from the ledger, and this workspace keeps none", hint="see ledger")
    with ledger_required():
        found = book.ledger.run(name)
    if found is None:
        raise UsageError(f"there is no run {name!r} of {wanted.environment.name}", hint="reconcile runs lists them")
    record, changes = found
    return record, tuple(change for change in changes if selection.fits_key(change.key))


def _reviewed(
    invocation: Invocation, reader: ServiceReader, wanted: Declared, book: Book, allowances: Allowances
) -> Reviewed:
    """Return the plan back to what was live before the run, which is what is *wanted*."""
    with ledger_required():
        memory = remembered(invocation, wanted, book.ledger, Sources())
    # What became undeclared since is none of its business.
    memory = replace(memory, past=replace(memory.past, removed={}))
    return reviewed(invocation, wanted, reader, memory, allowances)

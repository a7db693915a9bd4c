"""`unlock`: free the lock of a run that is dead."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import UsageError
from reconcile.model.ledger_change import LedgerChange
from reconcile.report.ledger_documents import ledger_document
from reconcile.report.ledger_views import ledger_view
from reconcile.session.chosen_ledger import ledger_to_change
from reconcile.session.runtime import Runtime
from reconcile.times import instant_text


@click.command("unlock")
@click.argument("lock", metavar="ID")
@command()
def unlock(runtime: Runtime, *, lock: str) -> CommandReport:
    """Free the lock ID, which `status` shows. Should its run be alive after all, it stops before its next save."""
    with ledger_to_change(runtime) as (ledger, checkout):
        name = checkout.environment.name
        freed = ledger.unlock(lock)
        holder = None if freed is not None else ledger.lock_holder()
    if freed is None:
        hint = f"{name} is locked by {holder.id}" if holder is not None else f"{name} is free"
        raise UsageError(f"there is no lock {lock!r}", hint=hint)
    message = f"Freed the lock of {freed.actor} (run {freed.run}, since {instant_text(freed.since)})."
    change = LedgerChange(name, "unlock", message, lock=freed)
    return CommandReport(ledger_document(change, checkout.head), ledger_view(change))

"""`drift`: does the service still do what the files declare?"""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import base_option, command
from reconcile.exits import Exit
from reconcile.report.drift_view import drift_view
from reconcile.report.json_documents import drift_document
from reconcile.session.command_line import SELECTION, Group
from reconcile.session.declared import declare, has_errors
from reconcile.session.observed import observed
from reconcile.session.runtime import Runtime


@click.command("drift")
@click.option("--strict", is_flag=True, help="Exit 2 also for jobs that no file declares any more.")
@command(*SELECTION, Group.REQUESTS)
@base_option
def drift(runtime: Runtime, *, strict: bool, base: str | None) -> CommandReport:
    """Say whether the service still does what the files declare.

    Nothing is saved. Exit 2 when something moved, 1 when some schedule could not be read. With a ledger it also says
    since when.
    """
    declared = declare(runtime)
    with observed(declared, base=base) as seen:
        found = seen.drift(is_strict=strict)
    return CommandReport(
        drift_document(found, declared.head, desired_digest=declared.digest),
        drift_view(found),
        exit_code=Exit.ERROR if has_errors(found.findings) else found.exit_code,
    )

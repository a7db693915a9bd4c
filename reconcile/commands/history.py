"""`history`: what the jobs of one schedule did."""

from __future__ import annotations

import re

import click

from reconcile.commands.common import command
from reconcile.commands.declarations import environment_of, opened
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.service import linked
from reconcile.errors import UsageError
from reconcile.exits import Exit
from reconcile.flows.histories import history as history_of
from reconcile.model.keys import Key
from reconcile.model.states import Unreadable
from reconcile.report.documents import history_document
from reconcile.report.histories import history_view
from reconcile.service.reader import ServiceReader
from reconcile.times import time_zone

_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")


@click.command("history")
@click.argument("tenant")
@click.argument("code")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page, newest first.")
@click.option("--page-size", type=click.IntRange(1, 1000), default=10, show_default=True, help="Rows of a page.")
@command()
def history(invocation: Invocation, *, tenant: str, code: str, page: int, page_size: int) -> Answer:
    """Show what the jobs of one schedule did, newest first. It need not be declared.

    Times are shown in the environment's time zone; in JSON they are UTC.
    """
    for what, value in (("TENANT", tenant), ("CODE", code)):
        if not _ID.fullmatch(value):
            raise UsageError(f"{what} {value!r} is none", hint="1 to 64 of 0-9 A-Z a-z _ . -")
    workspace, _, _ = opened(invocation)
    environment = environment_of(workspace, invocation.options.environment)
    with linked(invocation, environment) as link:
        found = history_of(ServiceReader(link), Key(tenant, code), page=page, page_size=page_size)
        noted = link.notes.take()
    return Answer(
        history_document(
            found.key, found.live, found.pages, invocation.head, environment=environment.name, findings=noted
        ),
        history_view(found.key, found.live, found.pages, timezone=time_zone(environment.timezone), findings=noted),
        exit_code=Exit.ERROR if isinstance(found.live, Unreadable) else Exit.DONE,
    )

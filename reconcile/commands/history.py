"""`history`: what the jobs of one schedule did."""

from __future__ import annotations

import re

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import LedgerError, SettingError, UsageError
from reconcile.exits import Exit
from reconcile.flows.read_history import read_history
from reconcile.model.execution import PAGE_SIZE
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.live import Unreadable
from reconcile.model.rules import LedgerRule
from reconcile.report.history_view import history_view
from reconcile.report.json_documents import history_document
from reconcile.service.reader import ServiceReader
from reconcile.session.connect import connect
from reconcile.session.declared import Checkout, open_checkout
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.runtime import Runtime
from reconcile.times import time_zone

_ID = re.compile(r"[0-9A-Za-z_.-]{1,64}")


@click.command("history")
@click.argument("tenant")
@click.argument("code")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page, newest first.")
@click.option("--page-size", type=click.IntRange(1, 1000), default=PAGE_SIZE, show_default=True, help="Rows of a page.")
@command()
def history(runtime: Runtime, *, tenant: str, code: str, page: int, page_size: int) -> CommandReport:
    """Show what the jobs of one schedule did, newest first. It need not be declared.

    Of a deleted job the ledger knows the ids: they are asked for where no job is live, newest first.

    Times are shown in the environment's time zone; in JSON they are UTC.
    """
    for what, value in (("TENANT", tenant), ("CODE", code)):
        if not _ID.fullmatch(value):
            raise UsageError(f"{what} {value!r} is not valid", hint="1 to 64 of 0-9 A-Z a-z _ . -")
    checkout = open_checkout(runtime)
    environment = checkout.environment
    with connect(runtime, environment) as client:
        reader = ServiceReader(client)
        unread: list[Finding] = []
        found = read_history(
            reader,
            Key(tenant, code),
            known_ids=lambda: _known_ids(checkout, Key(tenant, code), unread),
            page=page,
            page_size=page_size,
        )
        noted = (*reader.take_findings(), *unread)
    return CommandReport(
        history_document(
            found.key, found.live, found.pages, checkout.head, environment=environment.name, findings=noted
        ),
        history_view(found.key, found.live, found.pages, timezone=time_zone(environment.timezone), findings=noted),
        exit_code=Exit.ERROR if isinstance(found.live, Unreadable) else Exit.DONE,
    )


def _known_ids(checkout: Checkout, key: Key, unread: list[Finding]) -> tuple[str, ...]:
    """Return the ids that the jobs of *key* had, newest first; add to *unread* why the ledger cannot say."""
    try:
        with locate_ledger(checkout, checkout.environment).if_exists() as ledger:
            applied = None if ledger is None else ledger.last_applied().get(key)
    except (LedgerError, SettingError) as error:
        unread.append(Finding(LedgerRule.LEDGER_UNREADABLE, error.message, hint=error.hint))
        return ()
    return () if applied is None else applied.job_ids[::-1]

"""`ledger`: mend it."""

from __future__ import annotations

import click

from reconcile.commands.actor import actor_of
from reconcile.commands.book import new_run_id
from reconcile.commands.common import command
from reconcile.commands.declarations import Declared, declared
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.opening import existing_ledger
from reconcile.commands.options import SELECTION, Group
from reconcile.commands.remembered import address_of
from reconcile.commands.service import read
from reconcile.engine.past import found_live
from reconcile.errors import LedgerError
from reconcile.exits import Exit
from reconcile.ledger.address import LedgerAddress
from reconcile.model.ledger import Ending, RunKind, RunStart
from reconcile.report.ledgers import ledger_document
from reconcile.report.remembering import done_view
from reconcile.text import counted


@click.group("ledger")
def ledger() -> None:
    """Mend the ledger of an environment."""


@ledger.command("rebuild")
@click.option("--actor", metavar="NAME", help="Who this is, for the record; else who the pipeline or Git says.")
@command(*SELECTION, Group.CALLS)
def rebuild(invocation: Invocation, *, actor: str | None) -> Answer:
    """Take what is live now, of all that is declared, for last applied. Nothing is saved to the service.

    A ledger file that cannot be read is put aside first. What live differs in afterwards counts as Git's move
    (pending), whoever made it; live names are not known, and taken to be the declared ones.
    """
    wanted = declared(invocation)
    aside = _put_aside_if_broken(invocation, wanted)
    live = read(invocation, wanted.environment, list(wanted.desired)).live
    found = found_live(wanted.desired, live)
    start = RunStart(
        new_run_id(invocation.begun_at),
        RunKind.ADOPT,
        invocation.begun_at,
        actor_of(invocation, actor),
        invocation.revision,
    )
    with (
        existing_ledger(invocation, wanted.workspace, wanted.environment, create=True) as book,
        book.lock(start.id, start.actor, timeout_seconds=0),
    ):
        pen = book.begin(start)
        pen.record_applied(found)
        pen.end(Ending.FINISHED, {})
    unread = sum(not isinstance(rows, tuple) for rows in live.values())
    message = f"{counted(len(found), 'schedule')} of {len(wanted.desired)} taken for applied as they are live."
    message += f" {unread} could not be read." if unread else ""
    message += f" The old ledger is {aside}." if aside else ""
    name = wanted.environment.name
    document = ledger_document(invocation.head, environment=name, action="rebuild", message=message, keys=found)
    return Answer(document, done_view(message, environment=name), exit_code=Exit.ERROR if unread else Exit.DONE)


def _put_aside_if_broken(invocation: Invocation, wanted: Declared) -> str | None:
    """Put a ledger file aside that cannot be opened; return where it is now. One that can be opened is kept."""
    try:
        with existing_ledger(invocation, wanted.workspace, wanted.environment):
            return None
    except LedgerError:
        address = address_of(invocation, wanted.workspace, wanted.environment)
        if address is None or not address.exists or address.path is None:
            return None
        return _aside(address, invocation)


def _aside(address: LedgerAddress, invocation: Invocation) -> str:
    from reconcile.ledger.aside import set_aside

    return str(set_aside(address, now=invocation.begun_at))

"""`release`: lift the hold that a rollback placed on schedules."""

from __future__ import annotations

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import UsageError
from reconcile.model.keys import Key
from reconcile.report.ledger_documents import ledger_document
from reconcile.report.ledger_views import done_view
from reconcile.session.ledger_home import chosen_ledger
from reconcile.session.runtime import Runtime
from reconcile.text import counted


@click.command("release")
@click.argument("keys", nargs=-1, required=True, metavar="TENANT/CODE...")
@command()
def release(runtime: Runtime, *, keys: tuple[str, ...]) -> CommandReport:
    """Lift the hold of each TENANT/CODE: the next apply makes it as declared again."""
    chosen = [_key(text) for text in keys]
    with chosen_ledger(runtime) as (ledger, checkout):
        name = checkout.environment.name
        holds = ledger.holds()
        for key in chosen:
            if key not in holds:
                listed = ", ".join(str(one) for one in sorted(holds)[:5]) or "none"
                raise UsageError(f"{key} is not held", hint=f"held in {name}: {listed}")
        released = ledger.release(chosen)
    message = f"{counted(len(released), 'hold')} lifted."
    document = ledger_document(checkout.head, environment=name, action="release", message=message, keys=released)
    return CommandReport(document, done_view(message, environment=name, keys=released))


def _key(text: str) -> Key:
    tenant, slash, code = text.partition("/")
    if not (tenant and slash and code) or "/" in code:
        raise UsageError(
            f"{text!r} is not a key", hint="write TENANT/CODE, as drift shows it: acme/1085431505565651039"
        )
    return Key(tenant, code)

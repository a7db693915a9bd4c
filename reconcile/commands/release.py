"""`release`: lift the hold that a rollback placed on schedules."""

from __future__ import annotations

import click

from reconcile.commands.common import command
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.opening import ledger_of
from reconcile.errors import UsageError
from reconcile.model.keys import Key
from reconcile.report.ledgers import ledger_document
from reconcile.report.remembering import done_view
from reconcile.text import counted


@click.command("release")
@click.argument("keys", nargs=-1, required=True, metavar="TENANT/CODE...")
@command()
def release(invocation: Invocation, *, keys: tuple[str, ...]) -> Answer:
    """Lift the hold of each TENANT/CODE: the next apply makes it as declared again."""
    wanted = [_key(text) for text in keys]
    with ledger_of(invocation) as (ledger, environment):
        held = ledger.holds()
        for key in wanted:
            if key not in held:
                listed = ", ".join(str(one) for one in sorted(held)[:5]) or "none"
                raise UsageError(f"{key} is not held", hint=f"held in {environment.name}: {listed}")
        released = ledger.release(wanted)
    message = f"{counted(len(released), 'hold')} lifted."
    document = ledger_document(
        invocation.head, environment=environment.name, action="release", message=message, keys=released
    )
    return Answer(document, done_view(message, environment=environment.name, keys=released))


def _key(text: str) -> Key:
    tenant, slash, code = text.partition("/")
    if not (tenant and slash and code) or "/" in code:
        raise UsageError(f"{text!r} is no key", hint="write TENANT/CODE, as drift shows it: acme/1085431505565651039")
    return Key(tenant, code)

"""`release`: lift the holds that rollbacks placed on schedules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.errors import UsageError
from reconcile.model.keys import Key
from reconcile.model.ledger_change import LedgerChange
from reconcile.report.ledger_documents import ledger_document
from reconcile.report.ledger_views import ledger_view
from reconcile.session.chosen_ledger import ledger_to_change
from reconcile.session.command_line import Group
from reconcile.session.known_elsewhere import known_elsewhere_to, refuse
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.runtime import Runtime
from reconcile.session.seen_ledger import refuse_behind
from reconcile.text import counted, listed

_MOST_LISTED = 5


@click.command("release")
@click.argument("patterns", nargs=-1, metavar="[TENANT/CODE]...")
@command(Group.KEYS)
def release(runtime: Runtime, *, patterns: tuple[str, ...]) -> CommandReport:
    """Lift the hold of each TENANT/CODE: the next apply makes it as declared again.

    Both parts may be patterns, such as 'acme/*' or '*/108*'. --tenant and --code select; alone, they lift every hold
    that they fit.
    """
    selection = runtime.options.selection
    if not patterns and selection.is_everything:
        raise UsageError("no key is named", hint="write TENANT/CODE, a pattern such as 'acme/*', or --tenant")
    split = [_split(pattern) for pattern in patterns]
    with ledger_to_change(runtime) as (ledger, checkout):
        # A hold that only a later ledger knows would stay, and one that it had lifted would be lifted for nothing.
        home = locate_ledger(checkout, checkout.environment)
        refuse_behind(home, ledger)
        refuse(known_elsewhere_to(checkout, home, ledger))
        name = checkout.environment.name
        held = sorted(ledger.holds())
        selected = [key for key in held if selection.fits_key(key)]
        hint = f"held in {name}: {listed(held, most=_MOST_LISTED) or 'none'}"
        if not split and not selected:
            raise UsageError("none of what is selected is held", hint=hint)
        for pattern in split:
            if not any(_matching(pattern, selected)):
                raise UsageError(f"{pattern[0]}/{pattern[1]} is not held", hint=hint)
        chosen = {key for pattern in split for key in _matching(pattern, selected)} if split else selected
        released = ledger.release(chosen)
    message = f"{counted(len(released), 'hold')} lifted."
    change = LedgerChange(name, "release", message, keys=released)
    return CommandReport(ledger_document(change, checkout.head), ledger_view(change))


def _split(pattern: str) -> tuple[str, str]:
    """Return the pattern of the tenant and the one of the code."""
    tenant, slash, code = pattern.partition("/")
    if not (tenant and slash and code) or "/" in code:
        raise UsageError(
            f"{pattern!r} is not a key",
            hint="write TENANT/CODE, as drift shows it (acme/1085431505565651039), or a pattern such as 'acme/*'",
        )
    return tenant, code


def _matching(pattern: tuple[str, str], keys: Collection[Key]) -> Iterator[Key]:
    tenant, code = pattern
    return (key for key in keys if fnmatchcase(key.tenant, tenant) and fnmatchcase(key.code, code))

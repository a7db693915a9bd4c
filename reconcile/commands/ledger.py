"""`ledger`: begin, rebuild or accept the ledger of an environment, or take one that was kept elsewhere."""

from __future__ import annotations

from dataclasses import replace

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command
from reconcile.commands.save_options import LOCK_TIMEOUT
from reconcile.engine.find_last_applied import found_live, with_declarations
from reconcile.errors import LedgerError
from reconcile.exits import Exit
from reconcile.model.finding import Finding
from reconcile.model.last_applied import NO_LAST_APPLIED
from reconcile.model.ledger_change import LedgerChange
from reconcile.model.ledger_records import Ending, RunKind
from reconcile.report.ledger_documents import ledger_document
from reconcile.report.ledger_views import ledger_view
from reconcile.service.reader import ServiceReader
from reconcile.session.carrying import origin_of, take
from reconcile.session.command_line import SELECTION, Group
from reconcile.session.connect import connect
from reconcile.session.declared import declare, open_checkout
from reconcile.session.identity import identify
from reconcile.session.known_elsewhere import subject_of
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.observed import read_live
from reconcile.session.runtime import Runtime
from reconcile.session.seen_ledger import behind, new_parents, noted, read_note_of
from reconcile.text import counted, listed


@click.group("ledger")
def ledger() -> None:
    """Begin, rebuild or accept the ledger of an environment, or take one that was kept elsewhere."""


_MOST_LISTED = 5
_ACTOR = click.option(
    "--actor", metavar="NAME", help="The actor to record; else the one that the pipeline or Git names."
)


@ledger.command("begin")
@command()
def begin(runtime: Runtime) -> CommandReport:
    """Make the empty ledger of the environment at its place, and say its lineage; one that is there is only said.

    Where CI is set, an apply does not make a ledger file by itself: type this once on a runner that keeps its disk. A
    ledger in Git is begun by the first apply.
    """
    checkout = open_checkout(runtime)
    name = checkout.environment.name
    home = locate_ledger(checkout, checkout.environment)
    with home.if_exists() as known:
        for found in behind(home, known):
            raise LedgerError(found.message, hint=found.hint)
        is_there = known is not None
        lineage = None if known is None else known.lineage()
    if lineage is None and not home.is_in_git:
        with home.to_write() as written:
            lineage = written.begin_lineage()
    if lineage is None:
        message = f"The ledger {home.shown} is begun by the first apply: there is nothing to do."
    else:
        how = "is there already" if is_there else "was begun"
        message = f"The ledger {home.shown} {how}: lineage {lineage.id}, {counted(lineage.serial, 'run')}."
    change = LedgerChange(name, "begin", message)
    return CommandReport(ledger_document(change, checkout.head), ledger_view(change))


@ledger.command("rebuild")
@_ACTOR
@command(*SELECTION, Group.REQUESTS)
def rebuild(runtime: Runtime, *, actor: str | None) -> CommandReport:
    """Take what is live now, of all that is declared, for last applied. Nothing is saved to the service.

    A ledger file that cannot be read is moved away first. Afterwards each difference counts as pending, also one that
    was made by hand. Live names are not known: the declared names are recorded.
    """
    declared = declare(runtime)
    home = replace(located := locate_ledger(declared.checkout, declared.environment), lineage=None)
    moved_to = home.move_away_if_damaged()
    with connect(runtime, declared.environment) as client:
        live = read_live(runtime, ServiceReader(client), list(declared.desired)).live
    found = with_declarations(found_live(declared.desired, live), declared.desired, NO_LAST_APPLIED)
    start = identify(declared.checkout, actor).start(RunKind.ADOPT)
    with home.to_write() as written, written.lock(start.id, start.actor, timeout_seconds=0):
        note = read_note_of(home)
        entry = written.begin(start, parents=new_parents(located, written, note), about=subject_of(declared))
        entry.record_applied(found)
        entry.end(Ending.FINISHED, {})
        findings = (*noted(note, written)[1], *written.notices_of_run())
    unread = sum(not isinstance(rows, tuple) for rows in live.values())
    message = f"{counted(len(found), 'schedule')} of {len(declared.desired)} taken for applied as they are live."
    absent = [key for key in declared.desired if live[key] == ()]
    if absent:
        message += f" Without a job, and for an apply never applied: {listed(absent, most=_MOST_LISTED)}."
    message += f" {unread} could not be read." if unread else ""
    message += f" The old ledger is {moved_to}." if moved_to else ""
    name = declared.environment.name
    change = LedgerChange(name, "rebuild", message, findings=findings)
    document = ledger_document(replace(change, keys=tuple(found)), declared.head)
    return CommandReport(document, ledger_view(change), exit_code=Exit.ERROR if unread else Exit.DONE)


@ledger.command("take")
@click.option(
    "--from",
    "named",
    multiple=True,
    metavar="ADDRESS|ENVIRONMENT",
    help="Where the ledger is now: an address as in `ledger`, the path of a file, or the environment's former name. "
    "Twice: one of each.",
)
@click.option("--from-workspace", metavar="ID", help="The former id of the workspace, if it was another.")
@_ACTOR
@LOCK_TIMEOUT
@command()
def taken(
    runtime: Runtime, *, named: tuple[str, ...], from_workspace: str | None, actor: str | None, lock_timeout: float
) -> CommandReport:
    """Carry a ledger here: from another home, from the environment's former name, or from another folder.

    The ledger that reconcile.yaml names must be empty. It gets all that the old one holds: runs, last applied, holds,
    saves in doubt. The old one is not used any more: an apply with it is refused, and says where it went.
    """
    checkout = open_checkout(runtime)
    origin = origin_of(named, from_workspace)
    start = identify(checkout, actor).start(RunKind.TAKE)
    carried, findings, place = take(checkout, origin, start, timeout_seconds=lock_timeout)
    from reconcile.ledger.carry import in_words

    began = "Took" if carried.is_new else "Already taken:"
    message = f"{began} the ledger {place}: {in_words(carried.held)}."
    name = checkout.environment.name
    change = LedgerChange(name, "take", message, findings=findings)
    return CommandReport(ledger_document(change, checkout.head), ledger_view(change))


@ledger.command("accept")
@_ACTOR
@command()
def accept(runtime: Runtime, *, actor: str | None) -> CommandReport:
    """Go on with the ledger as it is, though this repository has seen a later one: it was restored from a backup.

    It begins a new lineage, which names those that it follows: repositories that have seen one of them take it. What
    only the later ledger knew is lost: see `plan` first. Nothing is saved to the service.
    """
    checkout = open_checkout(runtime)
    environment = checkout.environment
    home = replace(located := locate_ledger(checkout, environment), lineage=None)
    start = identify(checkout, actor).start(RunKind.ADOPT)
    with home.existing_to_write() as written, written.lock(start.id, start.actor, timeout_seconds=0):
        note = read_note_of(home)
        if not written.runs(most=1):
            raise LedgerError(
                f"the ledger {home.shown} holds no run: there is nothing to accept",
                hint="see `reconcile plan`; or begin anew with reconcile ledger rebuild",
            )
        parents = new_parents(located, written, note)
        findings: tuple[Finding, ...] = ()
        if parents:
            written.begin(start, parents=parents).end(Ending.FINISHED, {})
            findings = noted(note, written)[1]
        lineage = written.lineage()
    if not parents or lineage is None:
        message = f"The ledger {home.shown} is the last one that was seen here: nothing was to be done."
    else:
        message = f'The ledger {home.shown} is the one from now on: lineage: "{lineage.id}", at run {lineage.serial}.'
        message += "" if located.lineage is None else " Commit that line in place of the earlier lineage."
    name = environment.name
    change = LedgerChange(name, "accept", message, findings=findings)
    return CommandReport(ledger_document(change, checkout.head), ledger_view(change))

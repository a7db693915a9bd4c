"""`apply`: make the service do what was planned, and prove it. One of the few modules that may hold a writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

import click

from reconcile.commands.actor import actor_of
from reconcile.commands.applied import mark_applied
from reconcile.commands.book import Book, ledger_required, new_run_id, opened_book
from reconcile.commands.common import command, sources
from reconcile.commands.conduct import Conduct, conduct
from reconcile.commands.declarations import Declared, declared, environment_of, opened
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.options import SELECTION, Group
from reconcile.commands.overrides import overrides
from reconcile.commands.planfile import SavedPlan, read_plan
from reconcile.commands.planning import Reviewed, reviewed
from reconcile.commands.remembered import noted_commits, remembered
from reconcile.commands.running import carry_out, confirm
from reconcile.commands.service import linked, observed
from reconcile.commands.sources import Sources
from reconcile.engine.guard import refused_by
from reconcile.engine.overrides import Allowances
from reconcile.engine.past import found_in_sync, handed_on, unchanged_in
from reconcile.engine.plan import desired_digest
from reconcile.errors import PlanFileError, UsageError
from reconcile.git.state import not_as_committed
from reconcile.model.change import Change
from reconcile.model.finding import RefusedError
from reconcile.model.keys import Key
from reconcile.model.ledger import RunKind, RunStart
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.model.schedule import DeclaredAt, Schedule
from reconcile.model.states import Applied
from reconcile.report.documents import run_document
from reconcile.report.runs import run_view
from reconcile.service.link import Link
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter
from reconcile.text import listed

# Of a digest so many characters tell enough.
_SHORTEST_DIGEST = 12


@click.command("apply")
@click.argument("file", metavar="[PLAN]", required=False)
@click.option("--expect-desired", metavar="DIGEST", help="Refuse unless this is what is declared (desired_digest).")
@click.option("--require-git-clean", is_flag=True, help="Refuse while declarations differ from the commit.")
@click.option("--push-applied", metavar="REMOTE", help="Push the ref of last applied to REMOTE.")
@command(*SELECTION, Group.CALLS)
@sources
@overrides
@conduct
def apply(
    invocation: Invocation,
    *,
    file: str | None,
    expect_desired: str | None,
    require_git_clean: bool,
    push_applied: str | None,
    how: Conduct,
    allowances: Allowances,
    where: Sources,
) -> Answer:
    """Save what differs, read it back, and say what became of each change.

    With PLAN, exactly that plan; else one is made now. Every schedule is read again just before it is saved, and left
    alone when it is no longer what the plan saw. On a terminal you are asked first; without one, --yes is needed.
    """
    saved = None if file is None else _saved(invocation, file)
    wanted = declared(invocation)
    _refuse_unexpected(invocation, wanted, saved, expect_desired, require_git_clean=require_git_clean)
    # Who pushes the ref must know where it was before: else two pipelines could overwrite each other's.
    where = where if where.fetch or push_applied is None else replace(where, fetch=push_applied)
    before, there = noted_commits(invocation, wanted.environment.name, where)
    where = replace(where, fetch=None)
    run, book = _applied(invocation, wanted, saved, how=how, allowances=allowances, where=where)
    marked = mark_applied(invocation, run, before=before, there=there, remote=push_applied)
    run = replace(run, findings=(*run.findings, *book.findings, *marked))
    return Answer(run_document(run, invocation.head), run_view(run), exit_code=run.exit_code)


def _applied(
    invocation: Invocation,
    wanted: Declared,
    saved: SavedPlan | None,
    *,
    how: Conduct,
    allowances: Allowances,
    where: Sources,
) -> tuple[Run, Book]:
    run_id, actor = new_run_id(invocation.begun_at), actor_of(invocation, how.actor)
    with (
        linked(invocation, wanted.environment) as link,
        opened_book(invocation, wanted.workspace, wanted.environment, run=run_id, actor=actor, how=how) as book,
    ):
        made = _reviewed(invocation, link, wanted, saved, book, allowances, where)
        confirm(invocation, how, made, allowances)
        start = RunStart(
            run_id,
            RunKind.APPLY,
            invocation.begun_at,
            actor,
            invocation.revision,
            made.plan.digest,
            saved.made_at if saved is not None else None,
            made.plan.desired_digest,
            allowances.typed(),
        )
        run = carry_out(
            invocation,
            made,
            ServiceReader(link),
            ServiceWriter(link),
            start=start,
            book=book,
            environment=wanted.environment,
            how=how,
            allowances=allowances,
            in_sync=_in_sync(wanted, made, saved),
        )
        run = replace(run, findings=(*run.findings, *link.notes.take()))
    return run, book


def _saved(invocation: Invocation, file: str) -> SavedPlan:
    """Return the plan in *file*; from then on the run is about what that plan is about."""
    if not invocation.options.selection.is_everything:
        raise UsageError("a saved plan is applied whole", hint="select with --tenant, --code or --label when planning")
    saved = read_plan(file)
    named = invocation.options.environment
    if named is not None and named != saved.plan.environment:
        raise PlanFileError(
            f"{file} was made for the environment {saved.plan.environment}, not for {named}",
            hint=f"plan with --env {named}, or apply with --env {saved.plan.environment}",
        )
    workspace, _, _ = opened(invocation)
    environment_of(workspace, saved.plan.environment)
    options = replace(invocation.options, environment=saved.plan.environment)
    invocation.options = options.selecting(saved.plan.selection)
    if saved.revision is not None and invocation.revision not in (None, saved.revision):
        here = str(invocation.revision)[:12]
        invocation.log("info", f"{file} was made at commit {saved.revision[:12]}; this is {here}")
    return saved


def _refuse_unexpected(
    invocation: Invocation,
    wanted: Declared,
    saved: SavedPlan | None,
    expected: str | None,
    *,
    require_git_clean: bool,
) -> None:
    """Refuse to apply declarations that are not the ones that were reviewed.

    Raises:
        RefusedError: they are not.
    """
    digest = desired_digest(wanted.environment.name, wanted.desired)
    if saved is not None and saved.plan.desired_digest != digest:
        differing = [change.key for change in saved.plan.changes if _differs(change, wanted.desired.get(change.key))]
        said = f" ({listed(differing)})" if differing else ""
        _refuse("plan-stale", f"the declarations are no longer those that the plan was made of{said}", "plan again")
    if expected is not None and not expected.strip():
        message = "--expect-desired is empty: nothing says which declarations were reviewed"
        _refuse("unexpected-declarations", message, "the commit's message must hold the line `Desired: …` of its plan")
    if expected is not None and (len(expected) < _SHORTEST_DIGEST or not digest.startswith(expected)):
        message = f"--expect-desired {expected}: what is declared here has the digest {digest}"
        _refuse("unexpected-declarations", message, "apply the commit that was reviewed, or review this one")
    if require_git_clean:
        differing_files = not_as_committed(invocation.repository)
        if differing_files is None:
            _refuse("git-not-clean", "--require-git-clean: the declarations are in no Git repository", "commit them")
        elif differing_files:
            folder = invocation.shown_directory
            files = listed([f"{folder}/{file}" for file in differing_files])
            message = f"--require-git-clean: not as in the commit: {files}"
            _refuse("git-not-clean", message, "commit or discard what differs")


def _refuse(rule: str, message: str, remedy: str) -> NoReturn:
    raise RefusedError(message, refusals=(refused_by(rule, message, remedy=remedy),), hint=remedy)


def _reviewed(
    invocation: Invocation,
    link: Link,
    wanted: Declared,
    saved: SavedPlan | None,
    book: Book,
    allowances: Allowances,
    where: Sources,
) -> Reviewed:
    reader = ServiceReader(link)
    with ledger_required():
        memory = remembered(invocation, wanted, book.ledger, where)
        used = (
            None
            if saved is None or book.ledger is None
            else book.ledger.finished_with(saved.plan.digest, saved.made_at)
        )
    if saved is None:
        return reviewed(invocation, wanted, reader, memory, allowances)
    if used is not None:
        message = f"this plan was applied by run {used.start.id}, which finished: a plan is applied once"
        _refuse("plan-used", message, "plan again: there may be nothing left to do")
    # Of a saved plan the waves read each key themselves; here only what an earlier run left in doubt.
    live = observed(invocation, reader, sorted(memory.in_doubt)).live
    memory, settling = memory.after_reading(live)
    situation = memory.situation(invocation, wanted.workspace, wanted.environment)
    return Reviewed(_protected(saved.plan, wanted), live, memory, situation, settling, wanted.everything)


def _in_sync(wanted: Declared, made: Reviewed, saved: SavedPlan | None) -> Mapping[Key, Applied]:
    """What the ledger is to know from now on: what is as declared already, and the orphans that only Git knows.

    What other workspaces own is none of it.
    """
    past, foreign = made.memory.past, made.memory.foreign
    ours = {key: schedule for key, schedule in wanted.desired.items() if key not in foreign}
    found = found_in_sync(ours, made.live, past) if saved is None else unchanged_in(saved.plan, ours, past)
    return {**handed_on(past), **found}


def _protected(plan: Plan, wanted: Declared) -> Plan:
    """Return *plan* with what is protected by now: that is a guard, and guards are those of today."""
    changes = (
        replace(one, desired=replace(one.desired, protect=True))
        if (now := wanted.desired.get(one.key)) is not None and now.protect
        else one
        for one in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _differs(change: Change, now: Schedule | None) -> bool:
    """Whether what is declared now is not what *change* was made of; of a removed key: whether it is declared again."""
    if not isinstance(change.desired.origin, DeclaredAt):
        return now is not None
    said = (change.desired.wanted_cron, change.desired.name, change.desired.state)
    return now is None or (now.wanted_cron, now.name, now.state) != said

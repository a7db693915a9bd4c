"""Carrying a plan out: what `apply` and `rollback` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from reconcile.commands.book import Book
from reconcile.commands.conduct import Conduct
from reconcile.commands.events import Events, TellingLedger
from reconcile.commands.invocation import Invocation
from reconcile.commands.planning import Reviewed
from reconcile.engine.guard import refusals
from reconcile.engine.judges import holds_back
from reconcile.engine.overrides import Allowances
from reconcile.engine.rollback import as_declared, never_touched
from reconcile.errors import UsageError
from reconcile.flows.apply import apply as apply_plan
from reconcile.flows.pacing import Pacing
from reconcile.flows.wave import Ports
from reconcile.model.keys import Key
from reconcile.model.ledger import Hold, RunKind, RunStart
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.model.states import Applied
from reconcile.model.workspace import Environment
from reconcile.ports import Reader, Writer
from reconcile.report.plans import plan_view
from reconcile.service.clock import SystemClock

NOTHING_IN_SYNC: Mapping[Key, Applied] = {}

WAVES_PER_CALL = 20
"""A wave is this many times as long as there are calls at once."""


def confirm(invocation: Invocation, how: Conduct, made: Reviewed, allowances: Allowances) -> None:
    """Ask the person at the terminal, where there is anything to ask.

    Raises:
        UsageError: the answer was not yes.
    """
    if how.yes:
        return
    # What refuses today is what is asked about: a saved plan tells what did when it was made.
    plan = _judged(invocation, made, allowances)
    if plan.changes and not _saves_nothing(plan) and not invocation.console.confirm(plan_view(plan)):
        raise UsageError("not applied: the answer was not yes")


def _judged(invocation: Invocation, made: Reviewed, allowances: Allowances) -> Plan:
    """Return the plan of *made* with what refuses it at this very moment."""
    # The *now* of documents may have been set, or be long past: the lock was waited for, and so was a person.
    now = SystemClock(invocation.stop).now()
    return replace(made.plan, refusals=refusals(made.plan, situation=made.situation, allowances=allowances, now=now))


def _saves_nothing(plan: Plan) -> bool:
    """Whether guards keep all of *plan* from being saved."""
    is_whole = any(refusal.key is None for refusal in plan.refusals)
    return is_whole or (bool(plan.changes) and all(change.key in plan.blocked_keys for change in plan.changes))


def _news(made: Reviewed, in_sync: Mapping[Key, Applied]) -> Mapping[Key, Applied]:
    """Return what of *in_sync* is of keys that nobody remembers, and that are not about to be saved.

    That is what a refused run may learn. Whatever later runs decide by it leaves as it is, so that the same command
    says the same again.
    """
    known = made.memory.past.applied.keys() | {change.key for change in made.plan.changes}
    return {key: one for key, one in in_sync.items() if key not in known}


def carry_out(
    invocation: Invocation,
    made: Reviewed,
    reader: Reader,
    writer: Writer,
    *,
    book: Book,
    start: RunStart,
    environment: Environment,
    how: Conduct,
    allowances: Allowances,
    in_sync: Mapping[Key, Applied] = NOTHING_IN_SYNC,
    holds: tuple[Hold, ...] = (),
) -> Run:
    """Save what the plan of *made* says and return what became of it, written down in *book* and told to events.

    Raises:
        RefusedError: the book cannot be written. Nothing was saved.
        OutputError: the events cannot be written. Nothing was saved.
    """
    write = None if how.events is None else invocation.lines(how.events)
    clock = SystemClock(invocation.stop)
    events = Events(write, start.id, clock.now)
    events.version(start, environment.name)
    events.planned(made.plan)
    learned = _news(made, in_sync) if _saves_nothing(_judged(invocation, made, allowances)) else in_sync
    ledger = TellingLedger(book.begin(start, made.settling, learned, holds), events)
    size = environment.concurrency if invocation.options.parallelism is None else invocation.options.parallelism
    with invocation.progress("Applying", len(made.plan.changes)) as progress:

        def tell(outcome: Outcome) -> None:
            progress(1)
            events.finished(outcome)
            level = "info" if outcome.result is Result.VERIFIED else "warning"
            invocation.log(level, f"{outcome.key}: {outcome.result}: {outcome.message}")

        def tell_again(outcome: Outcome) -> None:
            events.corrected(outcome)
            invocation.log("warning", f"{outcome.key}: on a closer look: {outcome.result}: {outcome.message}")

        run = apply_plan(
            made.plan,
            Ports(reader, writer, ledger, clock, invocation.stop, tell, tell_again),
            situation=made.situation,
            wave_size=WAVES_PER_CALL * size,
            pacing=Pacing(soak=how.soak, soak_limit=timedelta(seconds=how.soak_limit_seconds)),
            allowances=allowances,
        )
    book.lift(_lapsed(made, holds))
    if start.kind is RunKind.ROLLBACK:
        _settle_holds(book, made, run)
    book.end(run)
    events.summary(run)
    return run if book.ledger is None else replace(run, start=start)


def _settle_holds(book: Book, made: Reviewed, run: Run) -> None:
    """Hold after a rollback what it brought back, and nothing else; what it did not touch is held as it was before."""
    untouched = never_touched(run.outcomes)
    book.lift((*untouched, *as_declared(run.outcomes, made.declared)))
    book.hold(tuple(made.memory.holds[key] for key in untouched if key in made.memory.holds))


def _lapsed(made: Reviewed, holds: tuple[Hold, ...]) -> tuple[Key, ...]:
    """The keys whose holds have lapsed: their declarations say something else by now."""
    fresh = {hold.key for hold in holds}
    return tuple(
        key
        for key, hold in made.memory.holds.items()
        if key in made.declared and key not in fresh and not holds_back(hold, made.declared[key])
    )

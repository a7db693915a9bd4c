"""Saving: the lock of the environment, a ledger that records what is saved, and the one writer of the program.

Only `apply` and `rollback` use it. A person at a terminal is asked before the lock is taken, so that no other run waits
for an answer. The plan is made again under the lock; where it does more than the person has seen, it is shown and asked
about anew, without the lock::

    plan ── question ── lock ── plan ── save
               │                 │
               └──── unlock ─────┘  other than what was answered

A run records, in this order::

    begin ── new holds ── of each wave: intents, saves, read-back, outcomes ── holds that are lifted ── end

Until the first intent, an error of the ledger refuses the run. After it something may be saved: the error is a finding.
What became of open changes, and what is in sync, is recorded with the first outcome of a save; by a run that saves
nothing only if it is done. So a run that is refused, or fails, leaves what later runs decide by as it is.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from reconcile.engine.agreement import does_no_more, since_answer
from reconcile.engine.find_last_applied import to_take_over
from reconcile.engine.guard import refused_by
from reconcile.engine.judges import holds_back
from reconcile.engine.roll_back import as_declared, ended_holds, held_as_live, hold_endings, not_brought_back
from reconcile.errors import LedgerMovedError, UsageError
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.pacing import Pacing
from reconcile.flows.wave import Ports
from reconcile.git.refs import old_ref
from reconcile.git.seen_note import SeenNote
from reconcile.model.finding import Finding, Refusal, RefusedError
from reconcile.model.ledger_records import Learned, RunKind, RunStart
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.rules import LedgerRule
from reconcile.model.run import Run
from reconcile.ports import Progress
from reconcile.report.plan_view import after_answer, plan_view
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter
from reconcile.session.command_line import SaveOptions
from reconcile.session.connect import connect
from reconcile.session.declared import Declared
from reconcile.session.events import Events, TellingLedger
from reconcile.session.identity import RunIdentity, identify
from reconcile.session.known_elsewhere import refuse_known_elsewhere, renamed_if_known_elsewhere, subject_of
from reconcile.session.ledger_home import ledger_required
from reconcile.session.observed import Planned
from reconcile.session.preparing import Prepared, Preparing, RunPurpose, kept_home, preparing
from reconcile.session.run_entry import RunEntry
from reconcile.session.runtime import Runtime
from reconcile.session.seen_ledger import noted, refuse_behind
from reconcile.text import counted
from reconcile.times import instant_text

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger

MOST_ATTEMPTS = 5
"""How often a run plans anew because another one moved the ledger that it was planned from."""

_WHOLE = frozenset({LedgerRule.LEDGER_GONE, LedgerRule.LOCK_LOST})
"""What ends the saving of a run."""

T = TypeVar("T")

CHANGES_PER_REQUEST = 20
"""A wave has this many changes for each request that may be open at once."""


@dataclass(frozen=True)
class Saving(Preparing):
    """A run that may save. *ledger* holds the lock of the environment; None: the run has no ledger.

    *seen* is what this repository noted of the ledger before the run.
    """

    options: SaveOptions
    seen: SeenNote | None = None

    def save(self, prepared: Prepared) -> Run:
        """Save what *prepared* says and return what became of it. The ledger and the events record it.

        Raises:
            RefusedError: the ledger cannot be written. Nothing was saved.
            OutputError: the events cannot be written. Nothing was saved.
        """
        planned, purpose = prepared.planned, prepared.purpose
        start = self._start(planned, purpose)
        events = self._open_events(start, planned.plan)
        entry = self._begin(start, planned, purpose)
        seen = self._note(entry, self.seen)  # a run that is killed later was seen too
        # A ledger that is written by pushes may refuse the first of them here: before the first save.
        with ledger_required():
            run = self._carry_out(planned, entry, events)
            if purpose.kind is RunKind.ROLLBACK:
                _settle_holds(entry, planned, self.declared, run, purpose)
            elif run.saved_something or run.is_done:
                # Another run decides nothing by it: repeated, it is to say the same.
                _end_holds(entry, planned, self.declared)
            if purpose.kind is RunKind.APPLY and run.is_done and run.plan.selection.is_everything:
                entry.take_guards(self.declared.guards)
            entry.end(run)
        self._note(entry, seen)
        # What was saved and cannot be written down is not done: the next run reads what became of it.
        of_replies = ServiceReader(self.client).take_findings()
        of_ledger = _told_once((*run.findings, *entry.findings))
        findings = (*of_ledger, *of_replies, *purpose.findings, *self._notices())
        run = replace(
            run,
            is_recorded=run.is_recorded and entry.is_written,
            findings=findings,
            refusals=(*run.refusals, *_refused_by_ledger(run, findings)),
            start=None if self.ledger is None else start,
        )
        events.summary(run)
        return run

    def _note(self, entry: RunEntry, seen: SeenNote | None) -> SeenNote | None:
        """Note how far the ledger has got, as this repository has *seen* it."""
        if self.ledger is None or seen is None:
            return seen
        seen, findings = noted(seen, self.ledger)
        entry.note(findings)
        return seen

    def _notices(self) -> tuple[Finding, ...]:
        return () if self.ledger is None else self.ledger.notices_of_run()

    def _start(self, planned: Planned, purpose: RunPurpose) -> RunStart:
        return replace(
            self.identity.start(purpose.kind),
            plan_digest=planned.plan.digest,
            plan_made_at=purpose.plan_made_at,
            desired_digest=planned.plan.desired_digest,
            overrides=planned.allowances.typed(),
            of_run=purpose.of_run,
        )

    def _open_events(self, start: RunStart, plan: Plan) -> Events:
        runtime = self.declared.runtime
        write = None if self.options.events is None else runtime.open_lines(self.options.events)
        events = Events(write, start.id, runtime.clock.now)
        events.version(start, self.declared.environment.name)
        events.planned(plan)
        return events

    def _begin(self, start: RunStart, planned: Planned, purpose: RunPurpose) -> RunEntry:
        if self.ledger is None:
            return RunEntry(None)
        with ledger_required():
            entry = RunEntry(self.ledger.begin(start, about=subject_of(self.declared)))
        memory = planned.memory
        taken = to_take_over(memory.last_applied)
        # A rollback places holds though all of it is refused, and says so.
        entry.begin(taken, Learned(memory.settled_changes, memory.settled_applied, purpose.in_sync), purpose.holds)
        if taken:
            ref = old_ref(self.declared.environment.name)
            message = f"{counted(len(taken), 'schedule')} of {ref} taken over into the ledger: it is not read any more"
            self.declared.runtime.log("warning", message)
        return entry

    def _carry_out(self, planned: Planned, entry: RunEntry, events: Events) -> Run:
        runtime = self.declared.runtime
        with runtime.progress("Applying", len(planned.plan.changes)) as progress:
            reader = ServiceReader(self.client)
            ports = Ports(
                reader,
                ServiceWriter(self.client),
                TellingLedger(entry.ledger, events),
                runtime.clock,
                runtime.stop,
                lambda outcome: self._tell(outcome, events, progress),
                lambda outcome: self._tell_correction(outcome, events),
                reader.skew,
            )
            return apply_plan(
                planned.plan,
                ports,
                situation=planned.situation,
                pacing=self._pacing(),
                allowances=planned.allowances,
            )

    def _pacing(self) -> Pacing:
        return Pacing(
            wave_size=CHANGES_PER_REQUEST * self.client.parallelism,
            soak=self.options.soak,
            soak_limit=timedelta(seconds=self.options.soak_limit),
        )

    def _tell(self, outcome: Outcome, events: Events, progress: Progress) -> None:
        progress(1)
        events.finished(outcome)
        self.declared.runtime.log(
            "info" if outcome.result is Result.VERIFIED else "warning",
            f"{outcome.key}: {outcome.result}: {outcome.message}",
        )

    def _tell_correction(self, outcome: Outcome, events: Events) -> None:
        events.corrected(outcome)
        message = f"{outcome.key}: on a closer look: {outcome.result}: {outcome.message}"
        self.declared.runtime.log("warning", message)


def prepare_and_save(declared: Declared, options: SaveOptions, prepare: Callable[[Preparing], Prepared]) -> Run:
    """Plan by *prepare*, ask the person at the terminal unless --yes was given, and save under the lock.

    *prepare* is called at each look at ledger and service, the last time under the lock. Where nothing would be saved
    there is no question.

    Raises:
        UsageError: the answer was not yes.
        RefusedError: another run holds the lock, or the ledger cannot be read or written.
        SettingError: a setting of the service or the ledger is wrong, or names a variable that is missing.
    """
    shown = None if options.yes else _preview(declared, options, prepare)
    answered: Plan | None = None
    while True:
        if shown is not None and shown.to_save:
            _ask(declared.runtime, shown, answered)
            answered = shown
        done = until_ledger_stands(functools.partial(_save_under_lock, declared, options, prepare, shown))
        if isinstance(done, Run):
            return done
        shown = done


def _preview(declared: Declared, options: SaveOptions, prepare: Callable[[Preparing], Prepared]) -> Plan:
    with preparing(declared, options) as run:
        holder = None if run.ledger is None else run.ledger.lock_holder()
        if holder is not None:
            who = f"{holder.actor} has been applying since {instant_text(holder.since)} (run {holder.run})"
            declared.runtime.log("warning", f"{declared.environment.name} is locked now: {who}")
        return prepare(run).planned.judged(declared.runtime.clock.now())


def _ask(runtime: Runtime, plan: Plan, answered: Plan | None) -> None:
    view = plan_view(plan)
    if answered is not None:
        view = after_answer(view, since_answer(plan, answered))
    if not runtime.console.confirm(view):
        raise UsageError("not applied: the answer was not yes")


def _save_under_lock(
    declared: Declared, options: SaveOptions, prepare: Callable[[Preparing], Prepared], shown: Plan | None
) -> Run | Plan:
    """Plan and save under the lock. A plan that does more than the one that was *shown* is returned instead."""
    with saving(declared, options) as run:
        prepared = prepare(run)
        if shown is not None:
            # A saved plan holds the refusals of the time when it was made, and a person has taken some time too.
            plan = prepared.planned.judged(declared.runtime.clock.now())
            if not does_no_more(plan, shown):
                return plan
        return run.save(prepared)


def until_ledger_stands(attempt: Callable[[], T]) -> T:
    """Return what *attempt* returns; make it anew where another run moved the ledger before it wrote to it.

    An attempt that came too late saved nothing; the next one opens the ledger anew, and plans from it.

    Raises:
        RefusedError: the ledger was moved each time.
    """
    for _ in range(MOST_ATTEMPTS):
        try:
            return attempt()
        except LedgerMovedError as error:
            moved = error
    message = f"{moved.message}, {MOST_ATTEMPTS} times"
    raise RefusedError(message, refusals=(refused_by("locked", message),), hint=moved.hint)


@contextlib.contextmanager
def saving(declared: Declared, options: SaveOptions) -> Iterator[Saving]:
    """Hold the lock of the environment while the block runs; with `ledger: none` there is none.

    Raises:
        RefusedError: the ledger cannot be opened, or another run holds the lock.
        SettingError: a setting of the service or the ledger is wrong, or names a variable that is missing.
    """
    identity = identify(declared.checkout, options.actor)
    with (
        connect(declared.runtime, declared.environment) as client,
        _locked_ledger(declared, options, identity) as (ledger, seen),
    ):
        yield Saving(declared, identity, client, ledger, options, seen)


@contextlib.contextmanager
def _locked_ledger(
    declared: Declared, options: SaveOptions, identity: RunIdentity
) -> Iterator[tuple[SqlLedger | None, SeenNote | None]]:
    home = kept_home(declared)
    if home is None:
        yield None, None
        return
    with contextlib.ExitStack() as stack:
        # Only an error that is raised before the block is about the ledger as a whole.
        with ledger_required(), renamed_if_known_elsewhere(declared, home):
            home.refuse_to_begin()
            ledger = stack.enter_context(home.to_write())
            stack.enter_context(ledger.lock(identity.id, identity.actor, timeout_seconds=options.lock_timeout))
            seen = refuse_behind(home, ledger)
            refuse_known_elsewhere(declared, home, ledger)
        yield ledger, seen


def _told_once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return *findings*, in which each of `_WHOLE` stands once: every later call of the ledger says it again."""
    first = {one.rule: one for one in reversed(findings)}
    return tuple(one for one in findings if one.rule not in _WHOLE or one is first[one.rule])


def _refused_by_ledger(run: Run, findings: tuple[Finding, ...]) -> tuple[Refusal, ...]:
    """Return the refusal of *run* where it lost its lock, or its ledger went away before it saved anything."""
    found = next((one for one in findings if one.rule in _WHOLE), None)
    if found is None or (found.rule is LedgerRule.LEDGER_GONE and run.saved_something):
        return ()
    rule = "locked" if found.rule is LedgerRule.LOCK_LOST else "ledger-gone"
    return (refused_by(rule, found.message, remedy=found.hint),)


def _settle_holds(entry: RunEntry, planned: Planned, declared: Declared, run: Run, purpose: RunPurpose) -> None:
    """Settle the holds that a rollback placed before its first save.

    What is as declared after all needs none. Where it saved nothing, an earlier hold that still binds is put back.
    """
    everything, left = declared.everything, not_brought_back(run)
    entry.lift(as_declared(run.outcomes, everything))
    earlier = [hold for key, hold in planned.memory.holds.items() if key in left and key in everything]
    entry.hold(tuple(hold for hold in earlier if holds_back(hold, everything[hold.key])))
    entry.note(held_as_live(left & {hold.key for hold in purpose.holds}))


def _end_holds(entry: RunEntry, planned: Planned, declared: Declared) -> None:
    """Lift the holds whose keys are declared otherwise now, or are declared no more."""
    removed = planned.memory.last_applied.removed
    ended = ended_holds(planned.memory.holds.values(), declared.everything, removed)
    entry.end_holds(ended, hold_endings(ended, removed))

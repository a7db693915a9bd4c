"""What a run writes down besides its waves, in the ledger; nothing, where the run has none."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from reconcile.commands.conduct import Conduct
from reconcile.commands.invocation import Invocation
from reconcile.commands.remembered import Settling, address_of, ledger_at
from reconcile.engine.guard import refused_by
from reconcile.errors import LedgerError
from reconcile.ledger.memory import MemoryLedger
from reconcile.model.finding import Finding, RefusedError, Severity
from reconcile.model.keys import Key
from reconcile.model.ledger import Ending, Hold, RunStart
from reconcile.model.outcome import Result
from reconcile.model.run import Run
from reconcile.model.states import Applied
from reconcile.model.workspace import Environment, Workspace
from reconcile.ports import Ledger
from reconcile.times import instant_name

if TYPE_CHECKING:
    from reconcile.ledger.book import SqlLedger
    from reconcile.ledger.writing import RunLedger


class Book:
    """The ledger that a run holds the lock of, open at that run's page; *ledger* is None for a run without one."""

    def __init__(self, ledger: SqlLedger | None) -> None:
        self.ledger = ledger
        self._pen: RunLedger | None = None
        self._findings: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what could not be written down after something was saved."""
        return tuple(self._findings)

    def begin(
        self, start: RunStart, settling: Settling, in_sync: Mapping[Key, Applied], holds: tuple[Hold, ...]
    ) -> Ledger:
        """Write down that the run begins, what reading has shown, and *holds*; return what its waves are written to.

        Raises:
            RefusedError: it cannot be written: nothing was saved.
        """
        if self.ledger is None:
            return MemoryLedger()
        with ledger_required():
            self._pen = self.ledger.begin(start)
            if settling.became:
                self._pen.settle(settling.became, settling.applied)
            if in_sync:
                self._pen.record_applied(in_sync)
            if holds:
                self._pen.hold(holds)
        return self._pen

    def lift(self, keys: tuple[Key, ...]) -> None:
        """Lift holds."""
        if self._pen is not None and keys:
            with self._told():
                self._pen.lift(keys)

    def hold(self, holds: tuple[Hold, ...]) -> None:
        """Place holds again that were there before."""
        if self._pen is not None and holds:
            with self._told():
                self._pen.hold(holds)

    def end(self, run: Run) -> None:
        """Write down how the run ended."""
        if self._pen is None:
            return
        ending = Ending.INTERRUPTED if run.interrupted else Ending.UNFINISHED
        # What was refused or skipped before any wave is written down too: `runs show` tells all of a run.
        left = [one for one in run.outcomes if one.result in (Result.REFUSED, Result.SKIPPED)]
        with self._told():
            self._pen.record_outcomes(left)
            summary = {result.value: count for result in Result if (count := run.count(result))}
            self._pen.end(Ending.FINISHED if run.is_done else ending, summary)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever was saved is saved: that it could not be written down is told, and stops nothing."""
        try:
            yield
        except LedgerError as error:
            message = f"the ledger could not be written: {error.message}"
            self._findings.append(Finding("ledger-unwritten", Severity.ERROR, message, hint=error.hint))


def new_run_id(now: datetime) -> str:
    """Return an id that no other run has, and that sorts by time: to the second for people, then to the microsecond.

    What a later run did is told from what an earlier one did by it, also where both began within a second.
    """
    return f"{instant_name(now)}-{now.microsecond:05x}{secrets.token_hex(1)[0]}"


@contextlib.contextmanager
def opened_book(
    invocation: Invocation,
    workspace: Workspace,
    environment: Environment,
    *,
    run: str,
    actor: str,
    how: Conduct,
) -> Iterator[Book]:
    """Open the ledger, unless the run is to have none, and take the lock of *environment* for the run called *run*.

    Raises:
        RefusedError: the ledger cannot be opened, or another run holds the lock.
    """
    address = None if how.no_ledger else address_of(invocation, workspace, environment)
    if address is None:
        yield Book(None)
        return
    with ledger_required():
        ledger = ledger_at(address, invocation, workspace, environment, create=True)
    assert ledger is not None, "it was to be made"
    with ledger, contextlib.ExitStack() as stack:
        with ledger_required():
            stack.enter_context(ledger.lock(run, actor, timeout_seconds=how.lock_timeout_seconds))
        yield Book(ledger)


@contextlib.contextmanager
def ledger_required() -> Iterator[None]:
    """Nothing is saved without a ledger that takes it, unless somebody says so."""
    try:
        yield
    except LedgerError as error:
        ways = [hint for hint in (error.hint,) if hint]
        if not any("--no-ledger" in way for way in ways):
            ways.append("apply without one by --no-ledger")
        hint = "; or ".join(ways)
        refusal = refused_by("no-ledger", error.message, remedy=hint)
        raise RefusedError(f"no ledger, no apply: {error.message}", refusals=(refusal,), hint=hint) from error

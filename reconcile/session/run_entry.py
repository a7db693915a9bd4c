"""What the ledger records of one run, from its beginning to its end. A run without a ledger records nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reconcile.errors import LedgerError
from reconcile.flows.wording import rule_of
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import Ending, Hold, Learned
from reconcile.model.outcome import Result
from reconcile.model.rules import LedgerRule
from reconcile.model.run import Run
from reconcile.ports import Ledger
from reconcile.session.ledger_home import ledger_required

if TYPE_CHECKING:
    from reconcile.ledger.run_ledger import RunLedger


class RunEntry:
    """The entry of one run in the ledger; *run* is None for a run without one."""

    def __init__(self, run: RunLedger | None) -> None:
        self._run = run
        self._findings: list[Finding] = []
        self._is_written = True

    @property
    def is_written(self) -> bool:
        """Return whether the ledger took all that it was given."""
        return self._is_written

    @property
    def ledger(self) -> Ledger:
        """Return the ledger that the waves write to."""
        return MemoryLedger() if self._run is None else self._run

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what became of holds, and the errors of the ledger that came after something was saved."""
        return tuple(self._findings)

    def begin(self, taken_over: Mapping[Key, Applied], learned: Learned, holds: tuple[Hold, ...]) -> None:
        """Record what is *taken_over*, and *holds*, before the first save; what reading has shown with the first save.

        So a run that saves nothing leaves what is decided by as it is, but for what it was asked to hold.

        Raises:
            RefusedError: it cannot be written.
        """
        if self._run is None:
            return
        self._run.learn(learned)
        with ledger_required():
            # Whole, and before all else: a ledger that knows anything does not ask the old ref again.
            if taken_over:
                self._run.record_applied(taken_over)
            if holds:
                self._run.hold(holds)

    def lift(self, keys: tuple[Key, ...]) -> None:
        """Lift holds."""
        if self._run is not None and keys:
            with self._noting():
                self._run.lift(keys)

    def end_holds(self, holds: tuple[Hold, ...], findings: Iterable[Finding]) -> None:
        """Lift *holds*, which have ended; *findings* say so."""
        if self._run is not None and holds:
            with self._noting():
                self._run.lift([hold.key for hold in holds])
                self.note(findings)

    def note(self, findings: Iterable[Finding]) -> None:
        """Keep *findings* for the report of the run."""
        self._findings.extend(findings)

    def hold(self, holds: tuple[Hold, ...]) -> None:
        """Restore holds that the run had replaced."""
        if self._run is not None and holds:
            with self._noting():
                self._run.hold(holds)

    def take_guards(self, guards: Mapping[str, str]) -> None:
        """Record what the workspace guards with: everything is applied under it."""
        if self._run is not None:
            with self._noting():
                self._run.record_guards(guards)

    def end(self, run: Run) -> None:
        """Record how the run ended."""
        if self._run is None:
            return
        ending = Ending.INTERRUPTED if run.interrupted else Ending.UNFINISHED
        # What was refused or skipped before any wave is recorded too: `runs show` shows the whole run.
        left = [one for one in run.outcomes if one.result in (Result.REFUSED, Result.SKIPPED)]
        with self._noting():
            if run.is_done:
                self._run.record_learned()
            self._run.record_outcomes(left)
            summary = {result.value: count for result in Result if (count := run.count(result))}
            self._run.end(Ending.FINISHED if run.is_done else ending, summary)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep an error of the ledger as a finding: what was saved is saved, and the run goes on."""
        try:
            yield
        except LedgerError as error:
            self._is_written = False
            message = f"the ledger could not be written: {error.message}"
            rule = rule_of(error, else_by=LedgerRule.LEDGER_UNWRITTEN)
            self._findings.append(Finding(rule, message, hint=error.hint))

"""Events: what a run is about to do and has done, as it happens, one JSON object a line.

``version`` comes first, then ``planned`` for each change, ``started`` once its intent is recorded, ``finished`` with
its outcome, ``corrected`` where a later look corrects one, and ``summary`` last. Each line has ``type``, ``at`` and
``run``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from reconcile.errors import LedgerError
from reconcile.model.change import Change
from reconcile.model.ledger_records import RunStart
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.run import Run
from reconcile.ports import Ledger
from reconcile.report.document_members import Document, live_document
from reconcile.report.escape import json_text
from reconcile.session.runtime import tool_version
from reconcile.times import instant_text

EVENTS_VERSION = "1.0"


class Events:
    """Writes the events of one run with *write*, a line at a time; None: nothing is written."""

    def __init__(self, write: Callable[[str], None] | None, run: str, now: Callable[[], datetime]) -> None:
        self._write = write
        self._run = run
        self._now = now

    def version(self, start: RunStart, environment: str) -> None:
        """Tell which run this is, of which program, and by whom."""
        self._tell(
            "version",
            format_version=EVENTS_VERSION,
            tool_version=tool_version(),
            kind=start.kind.value,
            environment=environment,
            actor=start.actor,
            git_revision=start.revision,
            overrides=list(start.overrides),
            of_run=start.of_run,
        )

    def planned(self, plan: Plan) -> None:
        """Tell of each change of *plan*."""
        for change in plan.changes if self._write is not None else ():
            self._tell("planned", **_named(change), verdict=change.verdict.value, **_desired(change))

    def started(self, intents: Iterable[Intent]) -> None:
        """Tell of saves that are about to be made."""
        for intent in intents if self._write is not None else ():
            self._tell("started", **_named(intent.change))

    def finished(self, outcome: Outcome) -> None:
        """Tell how a change ended."""
        self._tell("finished", **_named(outcome.change), **_ended(outcome))

    def corrected(self, outcome: Outcome) -> None:
        """Tell the outcome that a later look corrected."""
        self._tell("corrected", **_named(outcome.change), **_ended(outcome))

    def summary(self, run: Run) -> None:
        """Tell how the run ended."""
        counts = {result.value: run.count(result) for result in Result}
        self._tell("summary", **counts, interrupted=run.interrupted, exit_code=run.exit_code)

    def _tell(self, type_: str, **fields: object) -> None:
        if self._write is not None:
            at = instant_text(self._now(), timespec="milliseconds")
            line = json.dumps({"type": type_, "at": at, "run": self._run, **fields}, ensure_ascii=False)
            self._write(json_text(line) + "\n")


class TellingLedger:
    """A ledger that tells of each wave's saves once their intents are recorded."""

    def __init__(self, ledger: Ledger, events: Events) -> None:
        self._ledger = ledger
        self._events = events

    def objection(self) -> LedgerError | None:
        """Return why nothing may be saved now; None: it may."""
        return self._ledger.objection()

    def record_intents(self, intents: Iterable[Intent]) -> None:
        """Record a wave's intents, and tell of them."""
        listed = tuple(intents)
        self._ledger.record_intents(listed)
        self._events.started(listed)

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Record a wave's outcomes."""
        self._ledger.record_outcomes(outcomes)


def _named(change: Change) -> Document:
    action = change.action.value if change.action is not None else None
    return {"tenant": change.key.tenant, "code": change.key.code, "action": action}


def _desired(change: Change) -> Document:
    desired = change.desired
    return {
        "cron": desired.cron_to_save,
        "name": desired.name,
        "source": str(desired.origin),
        **live_document(change.live),
    }


def _ended(outcome: Outcome) -> Document:
    live = live_document(outcome.live) if outcome.live is not None else {"live": None}
    return {
        "result": outcome.result.value,
        "reason": outcome.reason,
        "message": outcome.message,
        "saves": outcome.saves,
        **live,
    }

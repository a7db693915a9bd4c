"""Values of a run in one line each, and a clock that a test sets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from reconcile.ledger.run_ledger import RunLedger
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import Ending, Hold, RunKind, RunStart
from reconcile.model.live import Live
from reconcile.model.outcome import Outcome, Result
from reconcile.model.schedule import State
from tests.builders import HOURLY, NIGHTLY, key, row, schedule

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUN = "20261125T120000Z-aaaaaa"
LATER_RUN = "20261125T130000Z-bbbbbb"


class Clock:
    """A clock that moves only in `sleep`, or when a test sets `passed`."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []
        self.on_sleep: Any = lambda: None

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds
        self.on_sleep()


def start(run: str = RUN, **more: Any) -> RunStart:
    values: dict[str, Any] = {
        "kind": RunKind.APPLY,
        "started_at": NOON,
        "actor": "wang@example.com",
        "revision": "c0ffee",
    }
    return RunStart(run, **{**values, **more})


@contextlib.contextmanager
def run_in(ledger: SqlLedger, run: str = RUN, **more: Any) -> Iterator[RunLedger]:
    """Hold the lock and begin a run."""
    with ledger.lock(run, "wang@example.com", timeout_seconds=0):
        yield ledger.begin(start(run, **more))


def update(code: str = "1", *, tenant: str = "acme", applied: Applied | None = None, **more: Any) -> Change:
    """From hourly to nightly."""
    return Change(schedule(code, NIGHTLY, tenant=tenant, **more), applied, (row(HOURLY, job_id=f"{code}00"),))


def outcome(change: Change, result: Result = Result.VERIFIED, live: Live | None = None, **more: Any) -> Outcome:
    reading = (row(change.desired.cron_to_save, job_id=f"{change.key.code}00"),) if live is None else live
    values: dict[str, Any] = {"reason": "saved", "message": "saved and read back", "saves": 1, "live": reading}
    return Outcome(change, result, **{**values, **more})


def hold(code: str = "1", **more: Any) -> Hold:
    values: dict[str, Any] = {"name": "订单同步", "cron": NIGHTLY, "state": State.ACTIVE, "run": RUN}
    return Hold(key(code), **{**values, "reason": "rolled back", "placed_at": NOON, **more})


def applied(code: str = "1", cron: str = NIGHTLY, name: str = "订单同步", **more: Any) -> dict[Key, Applied]:
    values: dict[str, Any] = {"job_ids": (f"{code}00",), "run": RUN, "revision": "c0ffee"}
    return {key(code): Applied(cron, name, **{**values, **more})}


def end(run: RunLedger, ending: Ending = Ending.FINISHED) -> None:
    run.end(ending, {"verified": 1})

"""Applies over a real twin that misbehaves: what is declared, what became of it, and how often each key was saved."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from reconcile.engine.diff import Sides
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.observe import observe
from reconcile.flows.pacing import Pacing
from reconcile.flows.wave import Ports
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.keys import Key
from reconcile.model.outcome import Outcome, Result
from reconcile.model.run import Run
from reconcile.model.schedule import Schedule
from reconcile.model.workspace import Environment, Limits, SaveMode, ServiceSettings
from reconcile.service.client import open_client
from reconcile.service.reader import ServiceReader
from reconcile.service.system_clock import SystemClock
from reconcile.service.writer import ServiceWriter
from reconcile.twin.testing import RunningTwin, running_twin
from tests.builders import HOURLY, NIGHTLY, WEEKLY, schedule

TENANTS = ("acme", "globex", "initech", "umbrella")
TIMEOUT = timedelta(seconds=0.5)
# Later than the time-out.
SLOW_SECONDS = 1.0
# Late, but within the read-backs of a save.
LATE_SECONDS = 0.2
PACING = Pacing(wave_size=160, read_back_seconds=(0.0, 0.1, 0.2, 0.4), closing_seconds=0.6)
PATIENT = Pacing(wave_size=PACING.wave_size, read_back_seconds=PACING.read_back_seconds, closing_seconds=3.0)
PAUSES = {*PACING.read_back_seconds, PACING.closing_seconds, PATIENT.closing_seconds}
NO_LIMITS = Limits(max_changes=None, max_change_percent=None)


class QuickClock(SystemClock):
    """A real clock with little patience, so that pauses between repeats do not make a test slow."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds if seconds in PAUSES else min(seconds, max(seconds / 20, 0.1)))


@dataclass
class Bench:
    """A twin, and what is wanted of it: half of the schedules are there with another cron, half are not."""

    twin: RunningTwin
    wanted: dict[Key, Schedule]
    before: dict[Key, str]
    save: SaveMode
    """`service.save`: what the workspace says of the twin."""

    def run(self, pacing: Pacing = PACING) -> Run:
        """Plan and apply once, as a run of its own."""
        stop = threading.Event()
        clock = QuickClock(stop)
        service = ServiceSettings(save=self.save)
        environment = Environment("test", self.twin.url, timeout=TIMEOUT, service=service)
        with open_client(environment, variables={}, clock=clock, stop=stop) as client:
            reader = ServiceReader(client)
            plan = make_plan("test", Sides(self.wanted, observe(reader, list(self.wanted)).live))
            ports = Ports(reader, ServiceWriter(client), MemoryLedger(), clock, stop)
            return apply_plan(plan, ports, situation=Situation(NO_LIMITS, service), pacing=pacing)

    def live(self) -> dict[Key, list[str]]:
        """Return the crons that the twin holds, asked behind its API, when all that was late is done."""
        done = None
        while done != self.twin.requests.by_key.total() or self.twin.requests.open_requests:
            done = self.twin.requests.by_key.total()
            time.sleep(2 * LATE_SECONDS)
        held: dict[Key, list[str]] = {}
        for tenant in TENANTS:
            for job in self.twin.jobs(tenant):
                held.setdefault(Key(tenant, job["code"]), []).append(job["cron"])
        return held

    def saves(self) -> Counter[Key]:
        """Return how many saves were done so far, by key."""
        return Counter({Key(*key): count for key, count in self.twin.requests.by_key.items()})


@contextmanager
def bench(changes: int, *, save: SaveMode = SaveMode.UNKNOWN, **flags: object) -> Iterator[Bench]:
    """A twin with the given awkward habits, and *changes* to make: creates and updates, half and half."""
    wanted = [schedule(f"{at:05}", (NIGHTLY, WEEKLY)[at % 3 == 0], tenant=TENANTS[at % 4]) for at in range(changes)]
    before = {one.key: HOURLY for at, one in enumerate(wanted) if at // 4 % 2}
    with running_twin() as twin:
        for tenant in TENANTS:
            codes = [key.code for key in before if key.tenant == tenant]
            twin.seed(tenant, [{"code": code, "name": "before", "cron": HOURLY} for code in codes])
        twin.behave(late_by=LATE_SECONDS, slow_by=SLOW_SECONDS, **flags)
        yield Bench(twin, {one.key: one for one in wanted}, before, save)


def check(bench: Bench, run: Run, before: Counter[Key]) -> None:
    """Hold *run* to what is true of the twin now. *before* are the saves that were done before it."""
    live = bench.live()
    saves = bench.saves() - before
    for key, schedule_ in bench.wanted.items():
        crons = live.get(key, [])
        assert len(crons) <= 1, f"{key} is doubled"
        assert crons in ([], [schedule_.cron]) or crons == [bench.before.get(key)], f"{key} is wrong: {crons}"
        assert crons or key not in bench.before, f"{key} is gone"
    for outcome in run.outcomes:
        wanted = outcome.change.desired.cron
        if outcome.result is Result.VERIFIED:
            assert live[outcome.key] == [wanted], outcome
        if outcome.result in (Result.FAILED, Result.SKIPPED, Result.REFUSED):
            assert saves[outcome.key] == 0, outcome
        assert saves[outcome.key] <= 2, outcome


def converge(bench: Bench, *, at_most: int) -> tuple[list[Run], Counter[Key]]:
    """Run until live is as wanted, *at_most* so many times; hold each run to the truth. Return the runs and saves."""
    runs: list[Run] = []
    while len(runs) < at_most and not (runs and is_converged(bench)):
        before = bench.saves()
        runs.append(bench.run())
        check(bench, runs[-1], before)
    assert is_converged(bench), [summary(run) for run in runs]
    return runs, bench.saves()


def is_converged(bench: Bench) -> bool:
    """Return whether the twin holds all that is wanted, and nothing twice."""
    return bench.live() == {key: [one.cron] for key, one in bench.wanted.items()}


def doubled(bench: Bench) -> set[Key]:
    """Return the keys of which the twin holds more than one job."""
    return {key for key, crons in bench.live().items() if len(crons) > 1}


def reported(run: Run) -> set[Key]:
    """Return the keys that *run* says are doubled."""
    return {outcome.key for outcome in run.outcomes if _is_doubled(outcome)}


def summary(run: Run) -> str:
    """Return the outcomes of *run*, counted."""
    return ", ".join(f"{run.count(result)} {result}" for result in Result if run.count(result))


def row_of_table(fault: str, bench: Bench, runs: list[Run]) -> str:
    """Return a line for the table: the fault, changes, runs, and how many keys were saved how often."""
    sent: Counter[Key] = Counter()
    for run in runs:
        sent.update({outcome.key: outcome.saves for outcome in run.outcomes})
    ended = "; ".join(summary(run) for run in runs)
    saves = f"saves sent per key: {_spread(bench, sent)}; done: {_spread(bench, bench.saves())}"
    return f"{fault:<40} {len(bench.wanted):>5} changes, {len(runs)} runs; {saves}; ended: {ended}"


def _spread(bench: Bench, counts: Counter[Key]) -> str:
    """Return how many keys have which count."""
    spread = Counter(counts[key] for key in bench.wanted)
    return ", ".join(f"{times} × {keys}" for times, keys in sorted(spread.items()))


def _is_doubled(outcome: Outcome) -> bool:
    return (outcome.result, outcome.reason) == (Result.MISMATCHED, "duplicated")

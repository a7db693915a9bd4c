"""Schedules of the steps of several runs at one lock, and the world in which they are played.

Each run has a clock of its own: another offset, another rate. It may be frozen whenever it looks at its clock, for as
long as a schedule says, while the other runs go on. Nothing here waits: time passes only where a schedule says so.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reconcile.errors import LedgerError, LedgerMovedError
from reconcile.ledger.lease import LEASE, Watch
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import Ending, LockHolder
from reconcile.model.outcome import Intent
from tests.ledger.run_builders import NOON, outcome, start, update

# A holder saves for 50 s, a waiter takes over after 60: so much may the rates of two clocks differ.
CLOCKS = ((1.0, 0.0), (1.05, 7_200.0), (0.95, -600.0))
RUNS = range(len(CLOCKS))
KINDS = ("go", "go", "go", "go", "go", "renew", "outcomes", "leave", "unlock", "time", "time")


@dataclass(frozen=True)
class Step:
    """One step of a run. At its look number *at* at the clock it is frozen for *seconds*, while *others* are played."""

    run: int
    kind: str
    seconds: float = 0.0
    at: int = 1
    others: tuple[Step, ...] = ()


def _steps(others: st.SearchStrategy[tuple[Step, ...]]) -> st.SearchStrategy[Step]:
    seconds = st.sampled_from([0.0, 1.0, 21.0, 45.0, 55.0, 66.0, 66.0, 300.0])
    return st.builds(Step, st.sampled_from(RUNS), st.sampled_from(KINDS), seconds, st.integers(1, 4), others)


def schedules(*, most: int) -> st.SearchStrategy[list[Step]]:
    """Return schedules of up to so many steps, each with up to three of other runs in the middle of it."""
    inner = _steps(st.just(()))
    return st.lists(_steps(st.lists(inner, max_size=3).map(tuple)), min_size=most // 2, max_size=most)


class World:
    """True time, and what was accepted so far. *current* is the holding whose writes may be accepted."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.current: str | None = None
        self.accepted: list[tuple[str, int]] = []
        self.taken_over = 0
        self._frozen: dict[int, tuple[Step, int]] = {}
        self._is_peeking = False
        self.runs: list[Any] = []

    def play(self, steps: list[Step] | tuple[Step, ...]) -> None:
        """Play *steps*; a run that is in the middle of another step has no other one meanwhile."""
        for step in steps:
            if step.kind == "time":
                self.passed += step.seconds
            elif step.run not in self._frozen:
                self._frozen[step.run] = (step, 0)
                try:
                    getattr(self.runs[step.run], step.kind)()
                finally:
                    del self._frozen[step.run]

    def looked(self, number: int) -> None:
        """Freeze the run with this number, if its step says that it is frozen at this look."""
        if self._is_peeking or number not in self._frozen:
            return
        step, looks = self._frozen[number]
        self._frozen[number] = (step, looks + 1)
        if looks + 1 == step.at:
            self.passed += step.seconds
            self.play(step.others)

    def take(self, holding: str, *, by: int) -> None:
        """Take note that *holding* begins. If it took the lock over, no other run may save by its own clock."""
        if self.current is not None:
            self.taken_over += 1
            self._is_peeking = True
            for other in self.runs:
                assert other.number == by or not other.may_save(), "a lock was taken over from a run that still saves"
            self._is_peeking = False
        self.current = holding

    def free(self, holding: str) -> None:
        """Take note that *holding* ends, if it is the current one."""
        if self.current == holding:
            self.current = None

    def accept(self, holding: str, token: int) -> None:
        """Take note of a write that was accepted: it is that of the newest holding."""
        assert holding == self.current, "a run wrote that does not hold the lock"
        assert all(token >= earlier for _, earlier in self.accepted), "an older holding wrote after a newer one"
        self.accepted.append((holding, token))


class OwnClock:
    """The clock of one run: it has its own rate and offset, and goes on while the run is frozen."""

    def __init__(self, number: int) -> None:
        self.world = World()
        self._number = number
        self._rate, self._offset = CLOCKS[number]

    def monotonic(self) -> float:
        reading = self._offset + self._rate * self.world.passed
        self.world.looked(self._number)
        return reading

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._offset + self._rate * self.world.passed)

    def sleep(self, seconds: float) -> None:
        self.world.passed += seconds / self._rate


_RUN_NUMBERS = itertools.count()


def new_run() -> str:
    return f"20261125T120000Z-{next(_RUN_NUMBERS):06d}"


@dataclass
class RowRun:
    """A run at a lock that is a row. *held* and *entry* are there while it holds the lock, as far as it knows."""

    world: World
    number: int
    ledger: SqlLedger
    watch: Watch = field(default_factory=Watch)
    held: Any = None
    entry: Any = None

    def go(self) -> None:
        if self.held is None:
            self.come()
        else:
            self.intents()

    def come(self) -> None:
        if self.held is not None:
            return
        clock, lock = self.ledger._clock, self.ledger._lock
        name = new_run()
        candidate = LockHolder(f"nonce-{name}", name, "li", since=NOON, renewed_at=NOON)
        found = lock.take(candidate, over=self.watch.overdue(LEASE, at=clock.monotonic()))
        if not hasattr(found, "token"):
            self.watch = self.watch.seeing(found.mark, at=clock.monotonic())
            return
        self.world.take(candidate.id, by=self.number)
        self.held = self.ledger._held = found
        self.watch = Watch()
        self.entry = self.ledger.begin(start(name))

    def renew(self) -> None:
        if self.held is not None:
            self.ledger._lock.renew(self.held)

    def intents(self) -> None:
        self._write(lambda: self.entry.record_intents([Intent(update(str(self.number)))]))

    def outcomes(self) -> None:
        self._write(lambda: self.entry.record_outcomes([outcome(update(str(self.number)))]))

    def leave(self) -> None:
        if self.held is not None:
            self.entry.end(Ending.UNFINISHED, {})
            self.ledger._lock.release(self.held)
            self.world.free(self.held.holder.id)
            self.held = self.ledger._held = None

    def unlock(self) -> None:
        holder = self.ledger.lock_holder()
        assert (holder and holder.id) == self.world.current
        if holder is not None:
            self.ledger.unlock(holder.id)
            self.world.free(holder.id)

    def may_save(self) -> bool:
        return self.held is not None and self.entry is not None and self.entry.objection() is None

    def _write(self, write: Any) -> None:
        if self.held is None:
            return
        with contextlib.suppress(LedgerError):
            write()
            self.world.accept(self.held.holder.id, self.held.token)


@dataclass
class RefRun:
    """A run at a lock that is in a ref: its first push takes it. *open_ledger* opens a ledger with this run's clock."""

    world: World
    number: int
    open_ledger: Any
    waits_seconds: float = 90.0
    ledger: Any = None
    entry: Any = None
    commits: list[str] = field(default_factory=list)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def go(self) -> None:
        if self.ledger is None:
            self.come()
        else:
            self.intents()

    def come(self) -> None:
        if self.ledger is not None:
            return
        ledger = self._stack.enter_context(self.open_ledger())
        ledger._renew_until = lambda _: None  # it is renewed where a schedule says so
        name = new_run()
        try:
            self._stack.enter_context(ledger.lock(name, "li", timeout_seconds=self.waits_seconds))
        except RefusedError:
            self._stack.close()
            return
        self.ledger, self.entry = ledger, ledger.begin(start(name))

    def renew(self) -> None:
        if self.ledger is not None:
            before = self.ledger.steps.at
            self.ledger.steps.renew()
            if self.ledger.steps.at != before:
                self._accepted()

    def intents(self) -> None:
        if self.ledger is None:
            return
        before = self.ledger.steps.at
        with contextlib.suppress(LedgerError, LedgerMovedError):
            self.entry.record_intents([Intent(update(str(self.number)))])
        if self.ledger.steps.at != before:
            self._accepted()

    def outcomes(self) -> None:
        if self.ledger is not None and self.ledger.steps.has_landed:
            self.entry.record_outcomes([outcome(update(str(self.number)))])

    def leave(self) -> None:
        if self.ledger is None:
            return
        before, holding = self.ledger.steps.at, self.ledger.steps.lock.id
        has_landed = self.ledger.steps.has_landed
        with contextlib.suppress(LedgerError, LedgerMovedError):
            self.entry.end(Ending.UNFINISHED, {})
        if self.ledger.steps.at != before:
            if has_landed:
                self._accepted(holding)
            self.world.free(holding)
        self.ledger = self.entry = None
        self._stack.close()

    def unlock(self) -> None:
        with self.open_ledger() as ledger:
            holder = ledger.lock_holder()
            assert (holder and holder.id) == self.world.current
            if holder is not None:
                ledger.unlock(holder.id)
                self.world.free(holder.id)

    def may_save(self) -> bool:
        return self.ledger is not None and self.ledger.steps.has_landed and self.ledger.steps.objection() is None

    def _accepted(self, holding: str | None = None) -> None:
        steps = self.ledger.steps
        holding = holding or steps.lock.id
        if not self.commits or holding not in {one for one, _ in self.world.accepted}:
            self.world.take(holding, by=self.number)
        self.commits.append(steps.at)
        self.world.accept(holding, steps.meta.serial)


@contextlib.contextmanager
def ended(runs: list[Any]) -> Iterator[None]:
    """Let all *runs* leave at the end of the block."""
    try:
        yield
    finally:
        for one in runs:
            one.leave()

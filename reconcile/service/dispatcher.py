"""Many calls at once: begun as threads are free, retried after a pause, ended when overdue, wound down when stopped.

The caller's thread decides everything; the threads of the pool only send requests and interpret the results::

    calls ──► ready ──► pool ──► done ──┬─► record ──► further calls (a batch that was split) ──► ready
                ▲                       └─► Retry ──► in the budget? ──► pause ──► ready
                └──────────────────────────────────────────────────────┘  └─► GivenUp ──► record

Pauses follow the given clock. How long a call may stay open, and how long a stopped run waits for open calls, is
measured in real time, whatever the clock: it limits real sockets.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from reconcile.model.live import Unreadable
from reconcile.ports import Clock, Stop
from reconcile.service.messages import Failure, NoReply, Request, SendResult
from reconcile.service.pool import Task, WorkerPool
from reconcile.service.retries import ATTEMPTS, RetryBudget, backoff_seconds

GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.05

P = TypeVar("P")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """One call to make: *payload* is what it asks for, *retries* how often it was made before."""

    tenant: str
    payload: P
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """A call failed in a way that may pass."""

    reason: Unreadable
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A call failed, and is not made again; *reason* is that of its last attempt."""

    reason: Unreadable


class Interrupted(Enum):
    """The run was stopped: before a call was begun (or begun again), or while it was open."""

    BEFORE = auto()
    OPEN = auto()


class Workload(Protocol[P, A]):
    """The calls to make, and what follows from each. The pool's threads call `request` and `interpret`, the caller's
    thread the others."""

    def calls(self) -> Iterator[Call[P]]:
        """Yield the calls to make, each when there is room for it."""

    def request(self, call: Call[P]) -> Request | A:
        """Return the request of *call*, or its answer where nothing has to be sent."""

    def interpret(self, call: Call[P], result: SendResult) -> A | Retry:
        """Return what *result* means."""

    def record(self, call: Call[P], answer: A | GivenUp | Interrupted) -> Iterable[Call[P]]:
        """Record the final answer to *call*, and return the calls to make in its place, if any."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of the pauses between attempts, and their *jitter* from 0 to 1; what stops the run, and for how many
    seconds a stopped run waits for open calls."""

    clock: Clock
    stop: Stop
    jitter: Callable[[], float] = random.random
    grace_seconds: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Makes calls over one client. *send* refuses every operation but those that the dispatcher was made for.

    *abort* cuts the connection of a thread; *bound_seconds* is how long one call may stay open.
    """

    send: Callable[[Request], SendResult]
    abort: Callable[[int], None]
    pool: WorkerPool
    budget: RetryBudget
    timing: Timing
    bound_seconds: float

    def run(self, workload: Workload[P, A]) -> None:
        """Make all calls of *workload*; return when the answer to each is recorded."""
        _Run(self, workload).run()


class _Run(Generic[P, A]):
    def __init__(self, dispatcher: Dispatcher, workload: Workload[P, A]) -> None:
        self._dispatcher = dispatcher
        self._clock = dispatcher.timing.clock
        self._stop = dispatcher.timing.stop
        self._workload = workload
        self._calls = workload.calls()
        self._ready: deque[Call[P]] = deque()
        self._later: list[tuple[float, int, Call[P]]] = []
        self._order = 0
        self._open: dict[Task, Call[P]] = {}
        self._done: SimpleQueue[Task] = SimpleQueue()
        # For each thread one call is open and one waits, so that no thread idles while this one decides.
        self._window = 2 * dispatcher.pool.size
        self._checked_at = time.monotonic()

    def run(self) -> None:
        try:
            while not self._stop.is_set():
                self._fill()
                if self._open:
                    self._collect(_POLL_SECONDS)
                    self._end_overdue()
                elif self._later:
                    self._clock.sleep(self._later[0][0] - self._clock.monotonic())
                else:
                    return
            self._wind_down()
        finally:
            for task in self._open:
                task.cancel()

    def _fill(self) -> None:
        """Submit the calls that are due, as far as there is room."""
        now = self._clock.monotonic() if self._later else 0.0
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        while len(self._open) < self._window:
            call = self._ready.popleft() if self._ready else next(self._calls, None)
            if call is None:
                return
            task = Task(lambda call=call: self._make(call), self._done)  # type: ignore[misc]
            self._open[task] = call
            self._dispatcher.pool.submit(task)

    def _make(self, call: Call[P]) -> A | Retry | Interrupted:
        """Make *call*, in a thread of the pool."""
        if self._stop.is_set():
            return Interrupted.BEFORE
        request = self._workload.request(call)
        if not isinstance(request, Request):
            return request
        answer = self._workload.interpret(call, self._dispatcher.send(request))
        if not isinstance(answer, Retry):
            self._dispatcher.budget.earn(call.tenant)
        return answer

    def _collect(self, patience_seconds: float) -> None:
        """Record what is done; wait up to *patience_seconds* for the first."""
        if self._later:
            until_due = self._later[0][0] - self._clock.monotonic()
            patience_seconds = min(patience_seconds, max(0.001, until_due))
        try:
            task = self._done.get(timeout=patience_seconds)
            while True:
                self._take(task)
                task = self._done.get_nowait()
        except Empty:
            return

    def _take(self, task: Task) -> None:
        call = self._open.pop(task)
        if task.error is not None:
            raise task.error
        self._record(call, task.outcome)  # type: ignore[arg-type]

    def _record(self, call: Call[P], answer: A | Retry | Interrupted) -> None:
        if isinstance(answer, Retry):
            why_not = self._retry(call, answer)
            if why_not is None:
                return
            further = self._workload.record(call, GivenUp(_final(answer.reason, call.retries + 1, why_not)))
        else:
            further = self._workload.record(call, answer)
        self._ready.extendleft(reversed(tuple(further)))

    def _retry(self, call: Call[P], answer: Retry) -> str | None:
        """Make *call* again later, or return why it is not made again."""
        if call.retries + 1 >= ATTEMPTS:
            return ""
        if self._stop.is_set():
            return "the run was stopped"
        if not self._dispatcher.budget.spend(call.tenant):
            return "the retry budget of this run or tenant is used up"
        seconds = backoff_seconds(call.retries + 1, answer.retry_after_seconds, self._dispatcher.timing.jitter)
        self._order += 1
        again = replace(call, retries=call.retries + 1)
        heapq.heappush(self._later, (self._clock.monotonic() + seconds, self._order, again))
        return None

    def _end_overdue(self) -> None:
        """End the calls that were open for too long: a server that trickles never meets the time-out of a socket."""
        now = time.monotonic()
        if now - self._checked_at < _POLL_SECONDS:
            return
        self._checked_at = now
        bound = self._dispatcher.bound_seconds
        for task, call in tuple(self._open.items()):
            if task.started_at is not None and now - task.started_at > bound and self._abandon(task):
                late = NoReply(Failure.TIMEOUT, f"no complete reply within {bound:g} s", sent=True)
                self._record(call, self._workload.interpret(call, late))

    def _abandon(self, task: Task) -> bool:
        """Stop waiting for *task*; False when it is already done."""
        if not task.abandon():
            return False
        del self._open[task]
        self._dispatcher.abort(task.thread)
        self._dispatcher.pool.replace(task.thread)
        return True

    def _wind_down(self) -> None:
        """Begin nothing more, wait for open calls as long as the grace lasts, and record an answer to every call."""
        for task, call in tuple(self._open.items()):
            if task.cancel():
                del self._open[task]
                self._record(call, Interrupted.BEFORE)
        ends = time.monotonic() + self._dispatcher.timing.grace_seconds
        while self._open and (left := ends - time.monotonic()) > 0:
            self._collect(min(left, _POLL_SECONDS))
        for task, call in tuple(self._open.items()):
            if self._abandon(task):
                self._record(call, Interrupted.OPEN)
        while self._open:
            self._take(self._done.get())
        unbegun = [*self._ready, *(call for _, _, call in self._later)]
        self._ready.clear()
        for call in (*unbegun, *self._calls):
            self._workload.record(call, Interrupted.BEFORE)


def _final(reason: Unreadable, attempts: int, why_no_more: str) -> Unreadable:
    """Add how often the call was made, and where retries were left, why it was not made again."""
    times = "once" if attempts == 1 else f"{attempts} times"
    why = f" ({why_no_more})" if why_no_more else ""
    return replace(reason, message=f"{reason.message}; tried {times}{why}")

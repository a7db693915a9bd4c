"""Many calls at once: begun as threads are free, repeated after a pause, cut when overdue, wound down when stopped.

One thread, the caller's, decides everything; the crew's threads only send and judge::

    fresh ──► ready ──► crew ──► judged ──┬─► settle ──► more calls (a batch that was split) ──► ready
                ▲                         └─► Again ──► paid for? ──► pause ──► ready
                └───────────────────────────────────────────────────────┘      └─► GivenUp ──► settle

Pauses follow the given clock. How long a call may stay open, and how long a stopped run waits for the open ones, is
real time, whatever clock there is: it bounds real sockets.
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

from reconcile.model.states import Unreadable
from reconcile.ports import Clock, Stop
from reconcile.service.budget import ATTEMPTS, Budget, pause
from reconcile.service.crew import Crew, Ticket
from reconcile.service.exchange import Broken, Fault, Request, Result

GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.05

P = TypeVar("P")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """One call to make: *repeat* counts the times that it was made before."""

    tenant: str
    payload: P
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """A call that failed in a way that may pass."""

    trouble: Unreadable
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A call that kept failing; *trouble* is its last."""

    trouble: Unreadable


class Interrupted(Enum):
    """The run was stopped: before a call was begun (or begun again), or while it was open."""

    BEFORE = auto()
    OPEN = auto()


class Work(Protocol[P, A]):
    """What is called, and what becomes of it. The first two run in the crew's threads, the others in the caller's."""

    def compose(self, call: Call[P]) -> Request | A:
        """Return the request of *call*, or at once its answer."""

    def judge(self, call: Call[P], result: Result) -> A | Again:
        """Say what *result* means."""

    def fresh(self) -> Iterator[Call[P]]:
        """Yield the calls to make, each when there is room for it."""

    def settle(self, call: Call[P], answer: A | GivenUp | Interrupted) -> Iterable[Call[P]]:
        """Take the last word on *call*, and return the calls to make instead of it, if any."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of the pauses between attempts, with *jitter* from 0 to 1; what stops the run, and how many seconds a
    stopped run waits for its open requests."""

    clock: Clock
    stop: Stop
    jitter: Callable[[], float] = random.random
    grace_seconds: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class Channel:
    """What calls go through. *send* refuses every operation but those that the channel was opened for."""

    send: Callable[[Request], Result]
    abort: Callable[[int], None]
    crew: Crew
    budget: Budget
    timing: Timing
    bound_seconds: float


def make(channel: Channel, work: Work[P, A]) -> None:
    """Make all calls of *work*; return when each is settled."""
    _Calls(channel, work).run()


class _Calls(Generic[P, A]):
    def __init__(self, channel: Channel, work: Work[P, A]) -> None:
        self._channel = channel
        self._work = work
        self._fresh = work.fresh()
        self._ready: deque[Call[P]] = deque()
        self._later: list[tuple[float, int, Call[P]]] = []
        self._order = 0
        self._open: dict[Ticket, Call[P]] = {}
        self._judged: SimpleQueue[Ticket] = SimpleQueue()
        # One call is under way and one waits for each thread, so that none idles while this one thinks.
        self._window = 2 * channel.crew.size
        self._looked_at = time.monotonic()

    def run(self) -> None:
        try:
            while not self._channel.timing.stop.is_set():
                self._fill()
                if self._open:
                    self._collect(_POLL_SECONDS)
                    self._cut_overdue()
                elif self._later:
                    self._channel.timing.clock.sleep(self._later[0][0] - self._channel.timing.clock.monotonic())
                else:
                    return
            self._wind_down()
        finally:
            for ticket in self._open:
                ticket.cancel()

    def _fill(self) -> None:
        """Submit what is due, as far as there is room."""
        now = self._channel.timing.clock.monotonic() if self._later else 0.0
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        while len(self._open) < self._window:
            call = self._ready.popleft() if self._ready else next(self._fresh, None)
            if call is None:
                return
            ticket = Ticket(lambda call=call: self._answer(call), self._judged)  # type: ignore[misc]
            self._open[ticket] = call
            self._channel.crew.submit(ticket)

    def _answer(self, call: Call[P]) -> A | Again | Interrupted:
        """Make *call*, in a thread of the crew."""
        if self._channel.timing.stop.is_set():
            return Interrupted.BEFORE
        request = self._work.compose(call)
        if not isinstance(request, Request):
            return request
        answer = self._work.judge(call, self._channel.send(request))
        if not isinstance(answer, Again):
            self._channel.budget.earn(call.tenant)
        return answer

    def _collect(self, patience_seconds: float) -> None:
        """Settle what was judged; wait a moment for the first."""
        if self._later:
            until_due = self._later[0][0] - self._channel.timing.clock.monotonic()
            patience_seconds = min(patience_seconds, max(0.001, until_due))
        try:
            ticket = self._judged.get(timeout=patience_seconds)
            while True:
                self._take(ticket)
                ticket = self._judged.get_nowait()
        except Empty:
            return

    def _take(self, ticket: Ticket) -> None:
        call = self._open.pop(ticket)
        if ticket.failure is not None:
            raise ticket.failure
        self._settle(call, ticket.outcome)  # type: ignore[arg-type]

    def _settle(self, call: Call[P], answer: A | Again | Interrupted) -> None:
        if isinstance(answer, Again):
            why_not = self._repeat(call, answer)
            if why_not is None:
                return
            follow = self._work.settle(call, GivenUp(_final(answer.trouble, call.repeat + 1, why_not)))
        else:
            follow = self._work.settle(call, answer)
        self._ready.extendleft(reversed(tuple(follow)))

    def _repeat(self, call: Call[P], answer: Again) -> str | None:
        """Make *call* again later, or return why it is not."""
        channel = self._channel
        if call.repeat + 1 >= ATTEMPTS:
            return ""
        if channel.timing.stop.is_set():
            return "the run was stopped"
        if not channel.budget.spend(call.tenant):
            return "no repeats are left to this run or tenant"
        seconds = pause(call.repeat + 1, answer.retry_after_seconds, channel.timing.jitter)
        self._order += 1
        again = replace(call, repeat=call.repeat + 1)
        heapq.heappush(self._later, (channel.timing.clock.monotonic() + seconds, self._order, again))
        return None

    def _cut_overdue(self) -> None:
        """End the calls that were open for too long: no time-out of a socket hits a server that trickles."""
        now = time.monotonic()
        if now - self._looked_at < _POLL_SECONDS:
            return
        self._looked_at = now
        bound = self._channel.bound_seconds
        for ticket, call in tuple(self._open.items()):
            if ticket.started_at is not None and now - ticket.started_at > bound and self._abandon(ticket):
                late = Broken(Fault.TIMEOUT, f"no complete reply within {bound:g} s", sent=True)
                self._settle(call, self._work.judge(call, late))

    def _abandon(self, ticket: Ticket) -> bool:
        """Stop waiting for *ticket*; False when it has just been handed back."""
        if not ticket.abandon():
            return False
        del self._open[ticket]
        self._channel.abort(ticket.thread)
        self._channel.crew.replace(ticket.thread)
        return True

    def _wind_down(self) -> None:
        """Begin nothing more, wait a moment for what is open, and settle everything."""
        for ticket, call in tuple(self._open.items()):
            if ticket.cancel():
                del self._open[ticket]
                self._settle(call, Interrupted.BEFORE)
        ends = time.monotonic() + self._channel.timing.grace_seconds
        while self._open and (left := ends - time.monotonic()) > 0:
            self._collect(min(left, _POLL_SECONDS))
        for ticket, call in tuple(self._open.items()):
            if self._abandon(ticket):
                self._settle(call, Interrupted.OPEN)
        while self._open:
            self._take(self._judged.get())
        unbegun = [*self._ready, *(call for _, _, call in self._later)]
        self._ready.clear()
        for call in (*unbegun, *self._fresh):
            self._work.settle(call, Interrupted.BEFORE)


def _final(trouble: Unreadable, attempts: int, why_no_more: str) -> Unreadable:
    """Say how often it was tried, and when less often than it might have been, why."""
    times = "once" if attempts == 1 else f"{attempts} times"
    why = f" ({why_no_more})" if why_no_more else ""
    return replace(trouble, message=f"{trouble.message}; tried {times}{why}")

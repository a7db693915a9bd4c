"""The threads of one client: started as work comes, kept for the next, and never able to hold the process.

They are daemons. A thread may hang where no time-out reaches (a resolver that does not answer, a TLS handshake that
trickles): whoever waits for its ticket abandons it, another thread takes its place, and when the process ends the
interpreter does not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from queue import SimpleQueue

_CLOSING_SECONDS = 1.0


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    OVER = auto()


class Ticket:
    """One piece of work. It ends once: done, cancelled before it began, or abandoned after."""

    __slots__ = ("_lock", "_state", "failure", "outcome", "ready", "started_at", "thread", "work")

    def __init__(self, work: Callable[[], object], ready: SimpleQueue[Ticket]) -> None:
        self.work = work
        self.ready = ready
        self.outcome: object = None
        self.failure: BaseException | None = None
        self.started_at: float | None = None
        self.thread = 0
        self._state = _State.WAITING
        self._lock = threading.Lock()

    def begin(self) -> bool:
        """Return whether the work may begin now; it is not cancelled any more then."""
        with self._lock:
            if self._state is not _State.WAITING:
                return False
            self._state = _State.RUNNING
            self.thread = threading.get_ident()
            self.started_at = time.monotonic()
            return True

    def finish(self) -> bool:
        """Hand the ticket back; return False when nobody waits for it any more."""
        with self._lock:
            if self._state is not _State.RUNNING:
                return False
            self._state = _State.OVER
        self.ready.put(self)
        return True

    def cancel(self) -> bool:
        """Return whether the work had not begun; it never will then."""
        return self._end(_State.WAITING)

    def abandon(self) -> bool:
        """Return whether the work was under way; what comes of it will not be heard of."""
        return self._end(_State.RUNNING)

    def _end(self, expected: _State) -> bool:
        with self._lock:
            if self._state is not expected:
                return False
            self._state = _State.OVER
            return True


class Crew:
    """At most *size* threads that work on tickets; *prepare* is called before each, *leave* when a thread ends."""

    def __init__(self, size: int, *, prepare: Callable[[], None], leave: Callable[[], None]) -> None:
        self.size = size
        self._prepare = prepare
        self._leave = leave
        self._work: SimpleQueue[Ticket | None] = SimpleQueue()
        self._threads: set[threading.Thread] = set()
        # Tickets that no thread has told of taking, and threads that wait for one: compared under one lock, for a
        # thread that has just taken a ticket must not pass for one that waits for the next.
        self._unclaimed = 0
        self._idle = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, ticket: Ticket) -> None:
        """Have *ticket* worked on as soon as a thread is free."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            self._work.put(ticket)
            self._unclaimed += 1
            if self._idle < self._unclaimed and len(self._threads) < self.size:
                self._start()

    def replace(self, thread: int) -> None:
        """Stop counting a thread whose ticket was abandoned, so that another can be started in its place."""
        with self._lock:
            self._threads = {one for one in self._threads if one.ident != thread}
            if self._unclaimed and not self._closed:
                self._start()

    def close(self) -> None:
        """Send the threads home, and wait a moment for those that are not stuck."""
        with self._lock:
            self._closed = True
            threads = tuple(self._threads)
            for _ in threads:
                self._work.put(None)
        patience = time.monotonic() + _CLOSING_SECONDS
        for thread in threads:
            thread.join(max(0.0, patience - time.monotonic()))

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="reconcile-service", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No room for another thread: fewer than asked for will do, but not none.
            if not self._threads:
                raise
        else:
            self._threads.add(thread)

    def _run(self) -> None:
        try:
            while (ticket := self._next()) is not None:
                self._prepare()
                if not ticket.begin():
                    continue
                try:
                    ticket.outcome = ticket.work()
                except BaseException as failure:  # raised again where the ticket is waited for
                    ticket.failure = failure
                if not ticket.finish():
                    return
        finally:
            self._leave()

    def _next(self) -> Ticket | None:
        with self._lock:
            self._idle += 1
        ticket = self._work.get()
        with self._lock:
            self._idle -= 1
            if ticket is not None:
                self._unclaimed -= 1
        return ticket

"""The threads of one client: started when there is work, kept for the next task, and never able to hold the process.

The threads are daemons. A thread may hang where no time-out applies (a resolver that does not answer, a TLS handshake
that trickles): its task is then abandoned, another thread takes its place, and at its end the process does not wait for
it.
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


class Task:
    """One piece of work. It ends once: done, cancelled before it began, or abandoned after.

    A task that is done is put into the queue *done*, with its *outcome* or the *error* that it raised.
    """

    __slots__ = ("_lock", "_state", "done", "error", "outcome", "started_at", "thread", "work")

    def __init__(self, work: Callable[[], object], done: SimpleQueue[Task]) -> None:
        self.work = work
        self.done = done
        self.outcome: object = None
        self.error: BaseException | None = None
        self.started_at: float | None = None
        self.thread = 0
        self._state = _State.WAITING
        self._lock = threading.Lock()

    def begin(self) -> bool:
        """Return whether the work may begin now; if so, it can no longer be cancelled."""
        with self._lock:
            if self._state is not _State.WAITING:
                return False
            self._state = _State.RUNNING
            self.thread = threading.get_ident()
            self.started_at = time.monotonic()
            return True

    def finish(self) -> bool:
        """Put the task into its queue; return False when it was abandoned."""
        with self._lock:
            if self._state is not _State.RUNNING:
                return False
            self._state = _State.OVER
        self.done.put(self)
        return True

    def cancel(self) -> bool:
        """Return whether the work had not begun; if so, it never will."""
        return self._end(_State.WAITING)

    def abandon(self) -> bool:
        """Return whether the work was running; if so, its outcome is dropped."""
        return self._end(_State.RUNNING)

    def _end(self, expected: _State) -> bool:
        with self._lock:
            if self._state is not expected:
                return False
            self._state = _State.OVER
            return True


class WorkerPool:
    """At most *size* threads that run tasks; *prepare* is called before each task, *leave* when a thread ends."""

    def __init__(self, size: int, *, prepare: Callable[[], None], leave: Callable[[], None]) -> None:
        self.size = size
        self._prepare = prepare
        self._leave = leave
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: set[threading.Thread] = set()
        # How many tasks no thread has reported taking, and how many threads wait for one. Both are compared under one
        # lock: a thread that has just taken a task must not count as waiting for the next.
        self._unclaimed = 0
        self._idle = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, task: Task) -> None:
        """Run *task* as soon as a thread is free."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            self._tasks.put(task)
            self._unclaimed += 1
            if self._idle < self._unclaimed and len(self._threads) < self.size:
                self._start()

    def replace(self, thread: int) -> None:
        """Stop counting a thread whose task was abandoned, so that another can be started in its place."""
        with self._lock:
            self._threads = {one for one in self._threads if one.ident != thread}
            if self._unclaimed and not self._closed:
                self._start()

    def close(self) -> None:
        """End the threads, and wait up to a second for those that do not hang."""
        with self._lock:
            self._closed = True
            threads = tuple(self._threads)
            for _ in threads:
                self._tasks.put(None)
        deadline = time.monotonic() + _CLOSING_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="reconcile-service", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The system has no room for another thread: fewer than asked for are enough, but not none.
            if not self._threads:
                raise
        else:
            self._threads.add(thread)

    def _run(self) -> None:
        try:
            while (task := self._next()) is not None:
                self._prepare()
                if not task.begin():
                    continue
                try:
                    task.outcome = task.work()
                except BaseException as error:  # raised again where the task is waited for
                    task.error = error
                if not task.finish():
                    return
        finally:
            self._leave()

    def _next(self) -> Task | None:
        with self._lock:
            self._idle += 1
        task = self._tasks.get()
        with self._lock:
            self._idle -= 1
            if task is not None:
                self._unclaimed -= 1
        return task

"""A link to the service of one environment: its threads, connections, limits, budget and counts, for one run."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from reconcile.errors import SettingError
from reconcile.model.workspace import Environment
from reconcile.ports import Clock, Stop
from reconcile.secrets import Redactor
from reconcile.service.budget import Budget
from reconcile.service.calls import GRACE_SECONDS, Channel
from reconcile.service.crew import Crew
from reconcile.service.exchange import Operation, Reply, Request, Result, Transport
from reconcile.service.lengths import Lengths
from reconcile.service.notes import Notes
from reconcile.service.pace import Pace
from reconcile.service.settings import Connection, connection
from reconcile.service.trace import Trace

# The whole of a call, from its first byte to the last of the reply, against the time-out of one step of it.
BOUND_TIMES_TIMEOUT = 3


@dataclass(frozen=True, slots=True)
class Statistics:
    """What went over a link: requests by operation, those of them that were repeats, and bytes of JSON each way."""

    requests: Mapping[str, int]
    retries: int
    bytes_sent: int
    bytes_received: int


class Link:
    """Holds what calls to one service share. A context manager: leaving it lets the threads and connections go.

    Threads are daemons: should one hang where nothing can reach it, neither `close` nor the end of the process waits.
    """

    def __init__(
        self,
        environment: Environment,
        transport: Transport,
        *,
        redactor: Redactor,
        clock: Clock,
        stop: Stop,
        parallelism: int,
        trace: Trace | None = None,
        jitter: Callable[[], float] = random.random,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.service = environment.service
        self.batch_size = environment.batch_size
        self.redactor = redactor
        self.lengths = Lengths()
        self.notes = Notes()
        self._transport = transport
        self._trace = trace
        self._clock = clock
        self._stop = stop
        self._jitter = jitter
        self._grace_seconds = grace_seconds
        self._bound_seconds = BOUND_TIMES_TIMEOUT * environment.timeout.total_seconds()
        self._budget = Budget()
        self._requests: Counter[str] = Counter()
        self._retries = self._bytes_sent = self._bytes_received = 0
        self._lock = threading.Lock()
        pace = Pace(environment.rate, clock)
        # A ticket that waited for its turn while the run was stopped has been cancelled by then.
        self._crew = Crew(parallelism, prepare=pace.wait, leave=transport.release)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the threads and their connections go."""
        self._crew.close()

    @property
    def statistics(self) -> Statistics:
        """Return what has gone over the link so far."""
        with self._lock:
            return Statistics(dict(self._requests), self._retries, self._bytes_sent, self._bytes_received)

    def channel(self, *operations: Operation) -> Channel:
        """Return what calls of *operations*, and of no other, go through."""
        allowed = frozenset(operations)

        def send(request: Request) -> Result:
            if request.operation not in allowed:
                raise PermissionError(f"this part of the program must not {request.operation}")
            return self._send(request)

        return Channel(
            send=send,
            abort=self._transport.abort,
            crew=self._crew,
            budget=self._budget,
            clock=self._clock,
            stop=self._stop,
            random=self._jitter,
            count_repeat=self._count_repeat,
            bound_seconds=self._bound_seconds,
            grace_seconds=self._grace_seconds,
        )

    def _send(self, request: Request) -> Result:
        with self._lock:
            self._requests[request.operation.value] += 1
            self._bytes_sent += len(request.body)
        if self._trace is None:
            result = self._transport.send(request)
        else:
            result = self._trace.around(request, self._transport.send)
        if isinstance(result, Reply):
            with self._lock:
                self._bytes_received += len(result.body)
        return result

    def _count_repeat(self) -> None:
        with self._lock:
            self._retries += 1


def open_link(
    environment: Environment,
    *,
    variables: Mapping[str, str],
    clock: Clock,
    stop: Stop,
    parallelism: int | None = None,
    trace: Callable[[str], None] | None = None,
) -> Link:
    """Return a link to the service of *environment*. Nothing is sent yet.

    *variables* is where ``${NAME}``, proxies, the CA bundle and the trusted hosts are looked up; *parallelism* replaces
    the environment's `concurrency`; *trace* is called, by one thread at a time, with a redacted line for each request
    and each reply.

    Raises:
        SettingError: a setting or a variable that it names is missing or wrong.
    """
    # Here, so that commands that never talk to a service do not pay for it.
    from reconcile.service.transport import RequestsTransport

    size = environment.concurrency if parallelism is None else parallelism
    if size < 1:
        raise SettingError(f"{size} calls at once are too few", hint="set concurrency, or --parallelism, to 1 or more")
    settings: Connection = connection(environment, variables)
    redactor = Redactor(settings.secrets)
    return Link(
        environment,
        RequestsTransport(settings, redactor),
        redactor=redactor,
        clock=clock,
        stop=stop,
        parallelism=size,
        trace=None if trace is None else Trace(settings, redactor, clock, trace),
    )

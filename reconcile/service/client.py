"""The client of one environment's service, for one run: its threads, connections, limits and retry budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from reconcile.errors import SettingError
from reconcile.model.workspace import Environment
from reconcile.ports import Clock, Stop
from reconcile.secrets import Redactor
from reconcile.service.batch_sizes import BatchSizes
from reconcile.service.dispatcher import Dispatcher, Timing
from reconcile.service.endpoint import endpoint
from reconcile.service.messages import Operation, Request, SendResult, Transport
from reconcile.service.pool import WorkerPool
from reconcile.service.rate_limit import RateLimiter
from reconcile.service.reply_findings import ReplyFindings
from reconcile.service.retries import RetryBudget
from reconcile.service.skew_watch import SkewWatch
from reconcile.service.trace import Trace

# The whole of a request, from its first byte to the last of the reply, in multiples of the environment's time-out.
BOUND_TIMES_TIMEOUT = 3


class Client:
    """Holds what all requests to one service share. A context manager: leaving it ends the threads and connections.

    Threads are daemons: neither `close` nor the end of the process waits for one that hangs.
    """

    def __init__(
        self,
        environment: Environment,
        transport: Transport,
        *,
        redactor: Redactor,
        timing: Timing,
        parallelism: int,
        trace: Trace | None = None,
    ) -> None:
        self.service = environment.service
        self.batch_size = environment.batch_size
        self.parallelism = parallelism
        self.redactor = redactor
        self.batch_sizes = BatchSizes()
        self.findings = ReplyFindings()
        self.skew_watch = SkewWatch()
        self._transport = transport
        self._trace = trace
        self._timing = timing
        self._bound_seconds = BOUND_TIMES_TIMEOUT * environment.timeout.total_seconds()
        self._budget = RetryBudget()
        rate_limiter = RateLimiter(environment.rate, timing.clock)
        # A task that waits here when the run is stopped is cancelled, and does not begin.
        self._pool = WorkerPool(parallelism, prepare=rate_limiter.wait, leave=transport.release)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and their connections."""
        self._pool.close()

    def dispatcher(self, *operations: Operation) -> Dispatcher:
        """Return what sends requests of *operations*, and refuses every other."""
        allowed = frozenset(operations)

        def send(request: Request) -> SendResult:
            if request.operation not in allowed:
                raise PermissionError(f"this part of the program must not {request.operation}")
            began = self._timing.clock.now()
            if self._trace is None:
                result = self._transport.send(request)
            else:
                result = self._trace.around(request, self._transport.send)
            self.skew_watch.note(result, began=began, ended=self._timing.clock.now())
            return result

        return Dispatcher(
            send=send,
            abort=self._transport.abort,
            pool=self._pool,
            budget=self._budget,
            timing=self._timing,
            bound_seconds=self._bound_seconds,
        )


def open_client(
    environment: Environment,
    *,
    variables: Mapping[str, str],
    clock: Clock,
    stop: Stop,
    parallelism: int | None = None,
    trace: Callable[[str], None] | None = None,
) -> Client:
    """Return a client of the service of *environment*. Nothing is sent yet.

    *variables* hold the values of ``${NAME}``, the proxies, the CA bundle and the trusted hosts; *parallelism* replaces
    the environment's `concurrency`; *trace* is called, by one thread at a time, with a redacted line for each request
    and each reply.

    Raises:
        SettingError: a setting or a variable that it names is missing or wrong.
    """
    # Here, so that commands that never talk to a service do not pay for it.
    from reconcile.service.transport import RequestsTransport

    size = environment.concurrency if parallelism is None else parallelism
    if size < 1:
        raise SettingError(
            f"{size} requests at once are too few", hint="set concurrency, or --parallelism, to 1 or more"
        )
    settings = endpoint(environment, variables)
    redactor = Redactor(settings.secrets)
    return Client(
        environment,
        RequestsTransport(settings, redactor),
        redactor=redactor,
        timing=Timing(clock, stop),
        parallelism=size,
        trace=None if trace is None else Trace(settings, redactor, clock, trace),
    )

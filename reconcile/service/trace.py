"""The trace of `-vv`: a line for each request and one for what became of it, without secrets."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from itertools import count

from reconcile.ports import Clock
from reconcile.secrets import HIDDEN, Redactor
from reconcile.service.charsets import shown_with
from reconcile.service.exchange import Broken, Request, Result
from reconcile.service.settings import DEFAULT_HEADERS, Connection
from reconcile.service.wire import TENANT_HEADER

_SHOWN = 2000


class Trace:
    """Words requests and results for *write*, which is called by one thread at a time."""

    def __init__(self, connection: Connection, redactor: Redactor, clock: Clock, write: Callable[[str], None]) -> None:
        self._connection = connection
        self._redactor = redactor
        self._clock = clock
        self._write = write
        self._numbers = count(1)
        self._lock = threading.Lock()
        # What is configured may be secret even when it is written out: the names say enough.
        self._configured = "".join(f" {name}: {HIDDEN}" for name in connection.headers if name not in DEFAULT_HEADERS)

    def around(self, request: Request, send: Callable[[Request], Result]) -> Result:
        """Send *request* through *send*, with a line before and one after."""
        with self._lock:
            number = next(self._numbers)
            self._show(self._sent(number, request))
        began = self._clock.monotonic()
        result = send(request)
        milliseconds = 1000 * (self._clock.monotonic() - began)
        with self._lock:
            self._show(f"< {number} {self._came(result)} ({milliseconds:.0f} ms)")
        return result

    def _show(self, line: str) -> None:
        # A closed stderr must not turn a save that was made into one that nobody knows of.
        with contextlib.suppress(OSError, ValueError):
            self._write(line)

    def _sent(self, number: int, request: Request) -> str:
        url = self._connection.shown_url(request.operation)
        body = self._redactor.excerpt(request.body, length=_SHOWN)
        return f"> {number} POST {url} {TENANT_HEADER}: {request.tenant}{self._configured} {body}"

    def _came(self, result: Result) -> str:
        if isinstance(result, Broken):
            return f"{result.fault}: {self._redactor.line(result.detail)}"
        kind = self._redactor.line(result.content_type, length=60)
        body = self._redactor.excerpt(result.body, length=_SHOWN, codec=shown_with(result.content_type))
        return f"HTTP {result.status} {kind} {len(result.body)} bytes {body}"

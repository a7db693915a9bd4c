"""The trace of `-vv`: a line for each request and one for its result, without secrets."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from itertools import count

from reconcile.ports import Clock
from reconcile.secrets import HIDDEN, Redactor
from reconcile.service.charsets import shown_with
from reconcile.service.endpoint import DEFAULT_HEADERS, Endpoint
from reconcile.service.messages import NoReply, Request, SendResult
from reconcile.service.wire import TENANT_HEADER

_SHOWN = 2000


class Trace:
    """Writes requests and results with *write*, which is called by one thread at a time."""

    def __init__(self, endpoint: Endpoint, redactor: Redactor, clock: Clock, write: Callable[[str], None]) -> None:
        self._endpoint = endpoint
        self._redactor = redactor
        self._clock = clock
        self._write = write
        self._numbers = count(1)
        self._lock = threading.Lock()
        # A configured value may be secret even when it is written out: only names are shown.
        self._configured = "".join(f" {name}: {HIDDEN}" for name in endpoint.headers if name not in DEFAULT_HEADERS)

    def around(self, request: Request, send: Callable[[Request], SendResult]) -> SendResult:
        """Call *send* with *request*, and write a line before and one after."""
        with self._lock:
            number = next(self._numbers)
            self._show(self._sent(number, request))
        began = self._clock.monotonic()
        result = send(request)
        milliseconds = 1000 * (self._clock.monotonic() - began)
        with self._lock:
            self._show(f"< {number} {self._received(result)} ({milliseconds:.0f} ms)")
        return result

    def _show(self, line: str) -> None:
        # A closed stderr must not lose the reply to a save that was made.
        with contextlib.suppress(OSError, ValueError):
            self._write(line)

    def _sent(self, number: int, request: Request) -> str:
        url = self._endpoint.shown_url(request.operation)
        body = self._redactor.excerpt(request.body, length=_SHOWN)
        return f"> {number} POST {url} {TENANT_HEADER}: {request.tenant}{self._configured} {body}"

    def _received(self, result: SendResult) -> str:
        if isinstance(result, NoReply):
            return f"{result.failure}: {self._redactor.line(result.detail)}"
        kind = self._redactor.line(result.content_type, length=60)
        body = self._redactor.excerpt(result.body, length=_SHOWN, codec=shown_with(result.content_type))
        return f"HTTP {result.status} {kind} {len(result.body)} bytes {body}"

"""The twin as an ASGI application: the three operations by the shortest way, all else through Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reconcile.twin.api import PATHS, BadCallError, Call, Reply, perform, read_call, refusal
from reconcile.twin.core import Twin
from reconcile.twin.faults import Fault, Faults, Pace, cut, send_reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 16 * 1024 * 1024


class TwinApp:
    """Answers for *twin*; what is not one of the three operations goes to *rest*."""

    def __init__(self, twin: Twin, rest: Application) -> None:
        self._twin = twin
        self._rest = rest
        self._faults = Faults(twin.habits.random_seed)
        self._habits = twin.habits
        self._pace = Pace()
        self._late: set[asyncio.Task[Reply]] = set()
        self._is_closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._rest(scope, receive, send)
            return
        statistics = self._twin.statistics
        statistics.begin()
        try:
            await self._operation(scope, receive, send)
        finally:
            statistics.end()

    def hasten(self) -> None:
        """Wait for nothing any more: what was to be done or answered later is done and answered now."""
        self._is_closing.set()
        self._twin.hasten()

    async def close(self) -> None:
        """Return when the late work is done."""
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _operation(self, scope: Scope, receive: Receive, send: Send) -> None:
        twin, habits = self._twin, self._twin.habits
        try:
            body = await _body(receive)
        except _GoneError:
            return
        if len(body) > LARGEST_BODY:
            await send_reply(Reply(413, b'{"resp_code":"413","resp_msg":"the body is too large"}'), send)
            return
        if habits.latency:
            await self._pause(habits.latency)
        headers = dict(scope["headers"])
        tenant = headers.get(b"tecode", b"").decode("utf-8", "replace").strip()
        refused = _misaddressed(scope, tenant)
        if refused is not None:
            await send_reply(refused, send)
            return
        try:
            call = read_call(scope["path"], body)
        except BadCallError as error:
            await send_reply(refusal(habits, str(error)), send)
            return
        twin.statistics.by_operation[call.operation] += 1
        self._begin_anew()
        refused = self._gate(tenant, headers)
        if refused is not None:
            await send_reply(refused, send)
            return
        fault = self._faults.draw(habits, call.operation)
        if fault is not None:
            await self._meet(fault, tenant, call, send)
            return
        await send_reply(await perform(twin, tenant, call), send)

    def _gate(self, tenant: str, headers: dict[bytes, bytes]) -> Reply | None:
        """The refusal of a request that does not even reach the scheduler."""
        habits = self._twin.habits
        if habits.required_header is not None and not _has(headers, habits.required_header):
            return Reply(401, b'{"resp_code":"401","resp_msg":"unauthorized"}')
        if habits.tenant_down == tenant:
            return Reply(503, b'{"resp_code":"503","resp_msg":"service unavailable"}')
        if habits.rate is not None:
            wait = self._pace.wait_seconds(habits.rate, time.monotonic())
            if wait:
                body = b'{"resp_code":"429","resp_msg":"too many requests"}'
                return Reply(429, body, ((b"content-type", b"application/json"), (b"retry-after", b"%d" % wait)))
        return None

    def _begin_anew(self) -> None:
        """Begin the draws of faults, and the count of requests, anew when a habit was changed."""
        habits = self._twin.habits
        if habits is not self._habits:
            self._habits, self._faults, self._pace = habits, Faults(habits.random_seed), Pace()

    async def _meet(self, fault: Fault, tenant: str, call: Call, send: Send) -> None:
        """Let *fault* happen to the request."""
        habits = self._twin.habits
        if fault is Fault.FAIL_BEFORE:
            await send_reply(refusal(habits, "the scheduler is busy", status=503), send)
        elif fault is Fault.FAIL_AFTER:
            await perform(self._twin, tenant, call)
            cut(send)
        elif fault is Fault.LATE_WORK:
            cut(send)
            late = asyncio.create_task(self._work_late(habits.late_by, tenant, call))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        else:
            reply = await perform(self._twin, tenant, call)
            if fault is Fault.SLOW:
                await self._pause(habits.slow_by)
            await send_reply(reply, send, fault)

    async def _work_late(self, seconds: float, tenant: str, call: Call) -> Reply:
        await self._pause(seconds)
        return await perform(self._twin, tenant, call)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_closing.wait(), seconds)


def _misaddressed(scope: Scope, tenant: str) -> Reply | None:
    """The refusal of what is no POST for a tenant."""
    if scope["method"] != "POST":
        body = b'{"resp_code":"405","resp_msg":"only POST"}'
        return Reply(405, body, ((b"content-type", b"application/json"), (b"allow", b"POST")))
    if not tenant:
        return Reply(400, b'{"resp_code":"400","resp_msg":"the header tecode is missing or blank"}')
    return None


def _has(headers: dict[bytes, bytes], required: str) -> bool:
    """Whether *headers* hold the required one, given as ``Name: value`` or as a name alone."""
    name, separator, value = required.partition(":")
    found = headers.get(name.strip().lower().encode())
    return found is not None and (not separator or found == value.strip().encode())


class _GoneError(Exception):
    """The client has gone before its request was complete."""


async def _body(receive: Receive) -> bytes:
    """The whole body; of one that is too large, the beginning that shows it."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        body += message["body"]
        if not message["more_body"] or len(body) > LARGEST_BODY:
            break
    return body

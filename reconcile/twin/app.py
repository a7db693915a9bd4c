"""The twin as an ASGI application: it answers the three operations itself, and leaves all else to Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reconcile.twin.api import PATHS, BadRequestError, Reply, Request, perform, read_request, refusal
from reconcile.twin.faults import Fault, Faults, RequestRate, cut, send_reply
from reconcile.twin.twin import Twin

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
        self._request_rate = RequestRate()
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
        """Wait no longer: what was to be done or answered later is done and answered now."""
        self._is_closing.set()
        self._twin.hasten()

    async def close(self) -> None:
        """Return when the late work is done."""
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _operation(self, scope: Scope, receive: Receive, send: Send) -> None:
        twin, habits = self._twin, self._twin.habits
        try:
            body = await _body(receive)
        except _DisconnectedError:
            return
        if len(body) > LARGEST_BODY:
            await send_reply(Reply(413, b'{"resp_code":"413","resp_msg":"the body is too large"}'), send)
            return
        if habits.latency:
            await self._pause(habits.latency)
        headers = dict(scope["headers"])
        tenant = headers.get(b"tecode", b"").decode("utf-8", "replace").strip()
        refused = _refusal(scope, tenant)
        if refused is not None:
            await send_reply(refused, send)
            return
        try:
            request = read_request(scope["path"], body)
        except BadRequestError as error:
            await send_reply(refusal(habits, str(error)), send)
            return
        twin.statistics.by_operation[request.operation] += 1
        self._restart_after_change_of_habits()
        refused = self._rejection(tenant, headers)
        if refused is not None:
            await send_reply(refused, send)
            return
        fault = self._faults.draw(habits, request.operation)
        if fault is not None:
            await self._answer_with(fault, tenant, request, send)
            return
        await send_reply(await perform(twin, tenant, request), send)

    def _rejection(self, tenant: str, headers: dict[bytes, bytes]) -> Reply | None:
        """Return the refusal of a request that does not reach the scheduler, or None."""
        habits = self._twin.habits
        if habits.required_header is not None and not _has(headers, habits.required_header):
            return Reply(401, b'{"resp_code":"401","resp_msg":"unauthorized"}')
        if habits.tenant_down == tenant:
            return Reply(503, b'{"resp_code":"503","resp_msg":"service unavailable"}')
        if habits.rate is not None:
            wait = self._request_rate.wait_seconds(habits.rate, time.monotonic())
            if wait:
                body = b'{"resp_code":"429","resp_msg":"too many requests"}'
                return Reply(429, body, ((b"content-type", b"application/json"), (b"retry-after", b"%d" % wait)))
        return None

    def _restart_after_change_of_habits(self) -> None:
        habits = self._twin.habits
        if habits is not self._habits:
            self._habits, self._faults, self._request_rate = habits, Faults(habits.random_seed), RequestRate()

    async def _answer_with(self, fault: Fault, tenant: str, request: Request, send: Send) -> None:
        """Answer the request with *fault*."""
        habits = self._twin.habits
        if fault is Fault.FAIL_BEFORE:
            await send_reply(refusal(habits, "the scheduler is busy", status=503), send)
        elif fault is Fault.FAIL_AFTER:
            await perform(self._twin, tenant, request)
            cut(send)
        elif fault is Fault.LATE_WORK:
            cut(send)
            late = asyncio.create_task(self._work_late(habits.late_by, tenant, request))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        else:
            reply = await perform(self._twin, tenant, request)
            if fault is Fault.SLOW:
                await self._pause(habits.slow_by)
            await send_reply(reply, send, fault)

    async def _work_late(self, seconds: float, tenant: str, request: Request) -> Reply:
        await self._pause(seconds)
        return await perform(self._twin, tenant, request)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_closing.wait(), seconds)


def _refusal(scope: Scope, tenant: str) -> Reply | None:
    """Return the refusal of a request that is not a POST for a tenant, or None."""
    if scope["method"] != "POST":
        body = b'{"resp_code":"405","resp_msg":"only POST"}'
        return Reply(405, body, ((b"content-type", b"application/json"), (b"allow", b"POST")))
    if not tenant:
        return Reply(400, b'{"resp_code":"400","resp_msg":"the header tecode is missing or blank"}')
    return None


def _has(headers: dict[bytes, bytes], required: str) -> bool:
    """Return whether *headers* hold *required*: ``Name: value``, or a name alone."""
    name, separator, value = required.partition(":")
    found = headers.get(name.strip().lower().encode())
    return found is not None and (not separator or found == value.strip().encode())


class _DisconnectedError(Exception):
    """The client disconnected before its request was complete."""


async def _body(receive: Receive) -> bytes:
    """Return the whole body, or the beginning of one that is too large."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        body += message["body"]
        if not message["more_body"] or len(body) > LARGEST_BODY:
            break
    return body

"""The faults of a share of the requests: drawn at random from a seed, and applied as the reply is sent."""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import StrEnum
from random import Random
from typing import Any

from reconcile.twin.api import Reply
from reconcile.twin.habits import SHARES, Habits

_PAGE = Reply(
    502,
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>",
    ((b"content-type", b"text/html"),),
)


class Fault(StrEnum):
    """What goes wrong with one request; the values are the names of the habits."""

    FAIL_BEFORE = "fail_before"
    FAIL_AFTER = "fail_after"
    LATE_WORK = "late_work"
    SLOW = "slow"
    HALF_BODY = "half_body"
    HTML = "html"
    RESET = "reset"


class Faults:
    """Draws the fault of each request; the same seed and order of requests give the same faults."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - chance that must be repeatable

    def draw(self, habits: Habits, operation: str) -> Fault | None:
        """Return what goes wrong with the next request for *operation*."""
        if not habits.draws or operation not in habits.operations:
            return None
        point = self._random.random()
        for name in SHARES:
            point -= getattr(habits, name)
            if point < 0:
                return Fault(name)
        return None


class RequestRate:
    """Lets *rate* requests through in each second of the machine's time, and returns how long the others must wait."""

    def __init__(self) -> None:
        self._second = 0
        self._served = 0

    def wait_seconds(self, rate: float, now: float) -> int:
        """Return 0 when a request at *now* is served, or after how many whole seconds to ask again."""
        window = max(1.0, 1 / rate)
        second = int(now / window)
        if second != self._second:
            self._second, self._served = second, 0
        self._served += 1
        return 0 if self._served <= max(1, int(rate * window)) else max(1, int(window))


async def send_reply(reply: Reply, send: Any, fault: Fault | None = None) -> None:
    """Send *reply*, or as much of it as *fault* lets through."""
    if fault is Fault.HTML:
        reply = _PAGE
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if fault in (Fault.HALF_BODY, Fault.RESET):
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        cut(send, is_reset=fault is Fault.RESET)
    else:
        await send({"type": "http.response.body", "body": reply.body})


def cut(send: Any, *, is_reset: bool = False) -> None:
    """Close the connection behind *send* at once: in order, or with a reset."""
    transport: asyncio.Transport = send.__self__.transport
    if is_reset:
        connection = transport.get_extra_info("socket")
        # No lingering: closing sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()

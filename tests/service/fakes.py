"""What stands in for the outside in tests of the client: a clock, a scripted transport, and servers that misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from reconcile.model.keys import Key
from reconcile.model.workspace import Environment
from reconcile.ports import Save
from reconcile.secrets import Redactor
from reconcile.service.client import Client
from reconcile.service.dispatcher import Timing
from reconcile.service.messages import Operation, Reply, Request, SendResult

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeClock:
    """A clock that moves only when somebody sleeps; remembers the pauses."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.pauses.append(seconds)
            self.seconds += max(0.0, seconds)


class FakeTransport:
    """Answers each request by a function, and remembers what was sent."""

    def __init__(self, answer: Callable[[Request], SendResult]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.aborted: list[int] = []
        self._lock = threading.Lock()

    def send(self, request: Request) -> SendResult:
        with self._lock:
            self.requests.append(request)
        return self.answer(request)

    def abort(self, thread: int) -> None:
        self.aborted.append(thread)

    def release(self) -> None:
        pass

    @property
    def batches(self) -> list[int]:
        """How many codes each query held."""
        return [len(codes(request)) for request in self.requests if request.operation is Operation.QUERY]


@contextlib.contextmanager
def fake_client(
    answer: Callable[[Request], SendResult],
    *,
    environment: Environment | None = None,
    stop: threading.Event | None = None,
    parallelism: int = 1,
    secrets: tuple[str, ...] = (),
    grace_seconds: float = 0.05,
    jitter: float = 1.0,
) -> Iterator[tuple[Client, FakeTransport, FakeClock]]:
    """A client over a scripted transport, with a fake clock and jitter that is no chance."""
    transport, clock = FakeTransport(answer), FakeClock()
    client = Client(
        environment or an_environment(),
        transport,
        redactor=Redactor(secrets),
        timing=Timing(clock, stop or threading.Event(), lambda: jitter, grace_seconds),
        parallelism=parallelism,
    )
    with client:
        yield client, transport, clock


def an_environment(url: str = "http://service.example:8001", **more: Any) -> Environment:
    return Environment("prod", url, **more)


def codes(request: Request) -> list[str]:
    """The codes that a query asks for."""
    return str(json.loads(request.body)["codes"]).split(",")


def keys(*wanted: str, tenant: str = "acme") -> list[Key]:
    return [Key(tenant, code) for code in wanted]


def numbered(count: int, tenant: str = "acme") -> list[Key]:
    return [Key(tenant, f"{number:04}") for number in range(count)]


def a_save(code: str = "1", tenant: str = "acme") -> Save:
    return Save(Key(tenant, code), "订单同步", "0 0 2 * * ?")


def a_row(code: str, **more: Any) -> dict[str, Any]:
    return {"jobinfoid": f"9{code}", "cronexpression": "0 0 2 * * ?", "bizcode": code, "jobstatus": "enable"} | more


def null_row(code: str) -> dict[str, Any]:
    return {"jobinfoid": None, "cronexpression": None, "bizcode": code, "jobstatus": None}


def json_reply(document: object, status: int = 200, **more: Any) -> Reply:
    return Reply(status, json.dumps(document).encode(), "application/json", **more)


def rows_reply(*wanted: str) -> Reply:
    return json_reply({"resp_data": [a_row(code) for code in wanted]})


def saved_reply(job_id: str = "77") -> Reply:
    return json_reply({"resp_data": {"group_job_id": job_id}})


def a_service(*known: str, unknown: Callable[[list[str]], Reply | None] = lambda _: None) -> Callable[[Request], Reply]:
    """A service that holds a job for each of *known*, and answers lists with other codes by *unknown*."""

    def answer(request: Request) -> Reply:
        asked = codes(request)
        other = unknown(asked) if any(code not in known for code in asked) else None
        return other or rows_reply(*(code for code in asked if code in known))

    return answer


@contextlib.contextmanager
def raw_server(handle: Callable[[socket.socket], None], *, accepts: int = 1000) -> Iterator[str]:
    """A server on the loopback that gives each connection to *handle*, in a thread; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            handle(connection)

    def serve() -> None:
        for _ in range(accepts):
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            thread = threading.Thread(target=one, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=serve, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(60)


def read_request(connection: socket.socket) -> bytes:
    """Read one whole request."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed")
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http_reply(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body

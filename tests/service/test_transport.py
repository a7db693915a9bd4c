"""The transport against servers that misbehave, over real sockets on the loopback."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
import zlib
from datetime import timedelta

import pytest

from reconcile.secrets import Redactor
from reconcile.service.endpoint import endpoint
from reconcile.service.messages import Failure, Flaw, NoReply, Operation, Reply, Request
from reconcile.service.transport import RequestsTransport
from tests.service.fakes import an_environment, http_reply, raw_server, read_request

QUERY = Request(Operation.QUERY, "acme", b'{"codes":"1","jobtype":""}')


@contextlib.contextmanager
def a_transport(url, *, timeout=60.0, variables=None, reply_limit=1 << 20, **more):
    environment = an_environment(url, timeout=timedelta(seconds=timeout), **more)
    settings = endpoint(environment, variables or {})
    transport = RequestsTransport(settings, Redactor(settings.secrets), reply_limit=reply_limit)
    try:
        yield transport
    finally:
        transport.release()


def send(handle, **more):
    with raw_server(handle) as url, a_transport(url, **more) as transport:
        return transport.send(QUERY)


@contextlib.contextmanager
def abort_when(event, transport):
    """Let another thread cut the call that this one makes, once *event* has come."""
    thread = threading.get_ident()
    cutter = threading.Thread(target=lambda: (event.wait(60), transport.abort(thread)))
    cutter.start()
    yield
    cutter.join()


def replying(reply):
    def handle(connection):
        while True:
            read_request(connection)
            connection.sendall(reply)

    return handle


def test_a_request_goes_out_as_documented():
    seen = []

    def handle(connection):
        seen.append(read_request(connection))
        connection.sendall(http_reply(b"{}"))

    with raw_server(handle) as url, a_transport(f"{url}/base/", headers={"X-Gate": "a b"}) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")
        head, _, body = seen[0].partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
    assert lines[0] == "POST /base/task/quartz/queryjobstatus HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers.pop("Host") == url.removeprefix("http://")
    assert {name.lower(): value for name, value in headers.items()} == {
        "tecode": "acme",
        "content-type": "application/json",
        "content-length": str(len(QUERY.body)),
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": "reconcile",
        "x-gate": "a b",
    }
    assert body == QUERY.body


def test_a_login_in_the_address_becomes_a_header_and_stays_out_of_the_address():
    seen = []

    def handle(connection):
        seen.append(read_request(connection))
        connection.sendall(http_reply(b"{}"))

    with raw_server(handle) as url:
        address = url.replace("http://", "http://user:pass%20word@")
        with a_transport(address) as transport:
            transport.send(QUERY)
    assert b"Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in seen[0]
    assert b"@" not in seen[0]


def test_one_connection_is_kept_for_a_threads_calls():
    connections = []

    def handle(connection):
        connections.append(connection)
        replying(http_reply(b"{}"))(connection)

    with raw_server(handle) as url, a_transport(url) as transport:
        for _ in range(5):
            transport.send(QUERY)
    assert len(connections) == 1


def test_cookies_are_not_kept():
    seen = []

    def handle(connection):
        while True:
            seen.append(read_request(connection))
            connection.sendall(http_reply(b"{}", headers="Set-Cookie: a=b\r\n"))

    with raw_server(handle) as url, a_transport(url) as transport:
        transport.send(QUERY)
        transport.send(QUERY)
    assert b"cookie" not in seen[1].lower()


def test_a_redirect_is_not_followed_nor_its_body_read_without_bound():
    headers = "Location: http://127.0.0.1:1/login\r\nRetry-After: 3\r\nContent-Type: text/html\r\n"
    reply = send(replying(http_reply(b"x" * 5000, status="302 Found", headers=headers)), reply_limit=1000)
    assert (reply.status, len(reply.body), reply.flaw) == (302, 1000, Flaw.TOO_LARGE)
    assert (reply.content_type, reply.retry_after) == ("text/html", "3")
    assert reply.location == "http://127.0.0.1:1/login"


def test_a_chunked_reply_is_read():
    body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert send(replying(body)) == Reply(200, b"{}")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", id="half-a-chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", id="no-chunk-size"),
        pytest.param(http_reply(b"{}", length=50), id="half-a-body"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="no-http"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", id="500-headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", id="an-endless-header"),
    ],
)
def test_a_reply_that_breaks_off_or_is_no_http_is_cut_off(reply):
    def handle(connection):
        read_request(connection)
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    result = send(handle)
    assert isinstance(result, NoReply)
    assert (result.failure, result.sent) == (Failure.CUT_OFF, True)
    assert result.detail


def test_half_of_the_headers_is_a_reply_without_a_body():
    def handle(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")

    assert send(handle) == Reply(200, b"")


def test_a_reset_after_the_request_is_cut_off():
    def handle(connection):
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw_server(handle) as url, a_transport(url) as transport:
        assert transport.send(QUERY) == NoReply(Failure.CUT_OFF, f"{url}: Connection reset by peer", sent=True)


def test_a_kept_connection_that_was_reset_meanwhile_counts_as_sent():
    closed = threading.Event()

    def handle(connection):
        read_request(connection)
        connection.sendall(http_reply(b"{}"))
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        closed.set()

    with raw_server(handle, accepts=1) as url, a_transport(url) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")
        result = transport.send(QUERY)
        assert closed.wait(60)
    assert isinstance(result, NoReply)
    assert (result.failure, result.sent) == (Failure.CUT_OFF, True)


def test_a_refused_connection_is_surely_unsent():
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with a_transport(url) as transport:
        assert transport.send(QUERY) == NoReply(Failure.UNREACHABLE, f"{url}: Connection refused", sent=False)


def test_a_host_that_does_not_exist_is_surely_unsent(monkeypatch):
    def nowhere(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    url = "http://nowhere.invalid:8001"
    with a_transport(url) as transport:
        assert transport.send(QUERY) == NoReply(Failure.UNREACHABLE, f"{url}: Name or service not known", sent=False)


def test_no_room_for_a_connection_is_a_time_out_and_surely_unsent(monkeypatch):
    def slow(*_, **__):
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", slow)
    with a_transport("http://127.0.0.1:1") as transport:
        result = transport.send(QUERY)
    assert (result.failure, result.sent) == (Failure.TIMEOUT, False)


def test_silence_is_a_time_out_after_sending():
    over = threading.Event()

    def handle(connection):
        read_request(connection)
        over.wait(60)

    with raw_server(handle) as url, a_transport(url, timeout=0.05) as transport:
        result = transport.send(QUERY)
        over.set()
    assert (result.failure, result.sent, result.detail) == (Failure.TIMEOUT, True, f"{url}: timeout is 0.05 s")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_trickles_is_cut_by_abort(part):
    begun, over = threading.Event(), threading.Event()

    def handle(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n")
        if part == "body":
            connection.sendall(b"\r\n")
        begun.set()
        while not over.wait(0.01):
            connection.sendall(b"x")

    with raw_server(handle) as url, a_transport(url) as transport:
        with abort_when(begun, transport):
            result = transport.send(QUERY)
        over.set()
    assert isinstance(result, NoReply)
    assert result.sent


def test_there_is_nothing_to_abort_in_a_thread_that_never_called():
    with a_transport("http://127.0.0.1:1") as transport:
        transport.abort(12345)


def test_a_reply_over_the_limit_is_not_read_to_its_end():
    sent = []

    def handle(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while len(sent) < 10_000:
                connection.sendall(b" " * 100_000)
                sent.append(1)

    reply = send(handle, reply_limit=1000)
    assert (reply.flaw, len(reply.body)) == (Flaw.TOO_LARGE, 1000)
    assert len(sent) < 10_000


def encoded(body, encoding="gzip"):
    return replying(http_reply(body, headers=f"Content-Encoding: {encoding}\r\n"))


def test_a_compressed_reply_is_decompressed():
    assert send(encoded(gzip.compress(b"{}"))) == Reply(200, b"{}")


def test_a_gzip_bomb_is_not_inflated_beyond_the_limit():
    bomb = gzip.compress(b"\0" * 50_000_000)
    reply = send(encoded(bomb), reply_limit=100_000)
    assert (reply.flaw, len(reply.body)) == (Flaw.TOO_LARGE, 100_000)


@pytest.mark.parametrize(
    "body, encoding",
    [
        pytest.param(b"no gzip", "gzip", id="not-compressed"),
        pytest.param(gzip.compress(b"{}")[:-4], "gzip", id="half-of-it"),
        pytest.param(zlib.compress(b"{}"), "br", id="an-encoding-nobody-asked-for"),
    ],
)
def test_what_cannot_be_decompressed_is_said_so(body, encoding):
    assert send(encoded(body, encoding)).flaw is Flaw.UNDECODABLE


def test_a_plain_reply_may_say_that_it_is_one():
    assert send(encoded(b"{}", "identity")) == Reply(200, b"{}")


def test_the_process_environment_is_not_looked_at(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    seen = []

    def handle(connection):
        seen.append(read_request(connection))
        connection.sendall(http_reply(b"{}"))

    with raw_server(handle) as url, a_transport(url) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")
    assert b"Authorization" not in seen[0]


def test_a_proxy_that_was_passed_in_is_used():
    seen = []

    def handle(connection):
        seen.append(read_request(connection))
        connection.sendall(http_reply(b"{}"))

    with raw_server(handle) as proxy:
        variables = {"HTTP_PROXY": proxy.replace("//", "//user:s3cr3t@")}
        with a_transport("http://service.example:8001", variables=variables) as transport:
            assert transport.send(QUERY) == Reply(200, b"{}")
    assert seen[0].startswith(b"POST http://service.example:8001/task/quartz/queryjobstatus HTTP/1.1")
    assert b"Proxy-Authorization: Basic" in seen[0]


def test_a_proxy_that_does_not_let_through_is_surely_unsent_and_keeps_its_password():
    def handle(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with raw_server(handle) as proxy:
        variables = {"HTTPS_PROXY": proxy.replace("//", "//user:s3cr3t@")}
        with a_transport("https://service.example", variables=variables) as transport:
            result = transport.send(QUERY)
    assert (result.failure, result.sent) == (Failure.UNREACHABLE, False)
    assert "407" in result.detail
    assert "s3cr3t" not in result.detail


def test_a_server_without_tls_is_surely_unsent():
    def handle(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(handle) as url, a_transport(url.replace("http:", "https:")) as transport:
        result = transport.send(QUERY)
    assert (result.failure, result.sent) == (Failure.UNREACHABLE, False)
    assert "TLS" in result.detail


def test_many_threads_have_a_connection_each():
    connections = []

    def handle(connection):
        connections.append(connection)
        replying(http_reply(b"{}"))(connection)

    with raw_server(handle) as url, a_transport(url) as transport:
        barrier = threading.Barrier(4)

        def work():
            barrier.wait(60)
            for _ in range(5):
                transport.send(QUERY)
            barrier.wait(60)
            transport.release()
            transport.release()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(connections) == 4

"""The whole client against servers that are silent, trickle, or lie about batch_sizes, over real sockets."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from reconcile.model.outcome import AnswerKind
from reconcile.secrets import Redactor
from reconcile.service import Client, ServiceReader, ServiceWriter
from reconcile.service.dispatcher import Timing
from reconcile.service.endpoint import endpoint
from reconcile.service.transport import RequestsTransport
from tests.service.fakes import (
    FakeClock,
    a_save,
    an_environment,
    http_reply,
    keys,
    numbered,
    raw_server,
    read_request,
    rows_reply,
    saved_reply,
)


def open_to(url, *, stop=None, timeout=60.0, parallelism=2, reply_limit=10_000, **more):
    environment = an_environment(url, timeout=timedelta(seconds=timeout), **more)
    settings = endpoint(environment, {})
    redactor = Redactor(settings.secrets)
    return Client(
        environment,
        RequestsTransport(settings, redactor, reply_limit=reply_limit),
        redactor=redactor,
        timing=Timing(FakeClock(), stop or threading.Event(), grace_seconds=0.05),
        parallelism=parallelism,
    )


def threads_of_clients():
    return [thread for thread in threading.enumerate() if thread.name == "reconcile-service"]


def test_a_stopped_run_does_not_wait_for_a_silent_service_and_lets_its_connections_go():
    stop, closed = threading.Event(), threading.Semaphore(0)

    def handle(connection):
        read_request(connection)
        stop.set()
        # Silent, until the other side hangs up.
        assert connection.recv(1) == b""
        closed.release()

    with raw_server(handle) as url, open_to(url, stop=stop, parallelism=1) as client:
        answers = ServiceWriter(client).save([a_save(str(number)) for number in range(5)])
        assert closed.acquire(timeout=60)
    assert sorted(answer.kind for answer in answers.values()) == [AnswerKind.LOST] + [AnswerKind.NOT_STARTED] * 4
    for thread in threads_of_clients():
        thread.join(60)
    assert threads_of_clients() == []


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["headers", "body"])
def test_a_save_to_a_server_that_trickles_is_lost_in_bounded_time(start, monkeypatch):
    # However slowly it trickles here, no pause is as long as the time-out: it is the bound that ends the save.
    monkeypatch.setattr("reconcile.service.client.BOUND_TIMES_TIMEOUT", 0.3 / 60)
    over = threading.Event()

    def handle(connection):
        read_request(connection)
        connection.sendall(start or b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.01):
            connection.sendall(b"x")

    with raw_server(handle) as url, open_to(url, timeout=60) as opened:
        (answer,) = ServiceWriter(opened).save([a_save()]).values()
        assert answer.kind is AnswerKind.LOST
        assert "no complete reply within 0.3 s" in answer.message
        over.set()


@pytest.mark.parametrize(
    "reply, rule",
    [
        pytest.param(http_reply(b'{"resp_data": []}', length=500), "connection-lost", id="half-a-body"),
        pytest.param(http_reply(b" " * 20_000), "reply-too-large", id="oversize"),
        pytest.param(http_reply(b"x", headers="Content-Encoding: gzip\r\n"), "reply-malformed", id="no-gzip"),
        pytest.param(http_reply(b"", status="302 Found", headers="Location: /login\r\n"), "login-page", id="redirect"),
        pytest.param(http_reply(b"[" * 9_000), "reply-malformed", id="nested"),
    ],
)
def test_a_reply_that_cannot_be_believed_makes_the_key_unreadable(reply, rule):
    def handle(connection):
        read_request(connection)
        connection.sendall(reply)

    with raw_server(handle) as url, open_to(url) as client:
        (found,) = ServiceReader(client).query(keys("1")).values()
    assert found.rule == rule


def test_a_connection_that_the_service_closed_meanwhile_is_opened_anew_for_a_query():
    def handle(connection):
        read_request(connection)
        connection.sendall(http_reply(rows_reply("1").body))

    with raw_server(handle) as url, open_to(url, parallelism=1) as client:
        for _ in range(3):
            (found,) = ServiceReader(client).query(keys("1")).values()
            assert len(found) == 1


def test_many_calls_over_few_connections():
    connections = []

    def handle(connection):
        connections.append(connection)
        while True:
            read_request(connection)
            connection.sendall(http_reply(saved_reply().body))

    with raw_server(handle) as url, open_to(url, parallelism=4) as client:
        answers = ServiceWriter(client).save([a_save(key.code) for key in numbered(200)])
    assert {answer.kind for answer in answers.values()} == {AnswerKind.ACKNOWLEDGED}
    assert len(connections) <= 4

"""Single failures below the client, with the HTTP library's own answers replaced."""

from __future__ import annotations

import threading

import pytest
import requests
import responses

from reconcile.model.live import Unreadable
from reconcile.model.outcome import AnswerKind
from reconcile.service import ServiceReader, ServiceWriter, open_client
from tests.service.fakes import FakeClock, a_row, a_save, an_environment, keys

URL = "http://service.example:8001"


@pytest.fixture
def client():
    with open_client(an_environment(URL), variables={}, clock=FakeClock(), stop=threading.Event()) as opened:
        yield opened


@pytest.fixture
def service():
    with responses.RequestsMock() as mock:
        yield mock


def query(client):
    (found,) = ServiceReader(client).query(keys("1")).values()
    return found.rule if isinstance(found, Unreadable) else len(found)


@pytest.mark.parametrize(
    "failure, expected",
    [
        pytest.param({"status": 503}, 1, id="503-then-well"),
        pytest.param({"status": 429, "headers": {"Retry-After": "1"}}, 1, id="429-then-well"),
        pytest.param({"body": requests.ConnectionError("reset")}, 1, id="reset-then-well"),
        pytest.param({"body": requests.ReadTimeout("slow")}, 1, id="timeout-then-well"),
    ],
)
def test_what_passes_is_read_in_the_end(client, service, failure, expected):
    service.post(f"{URL}/task/quartz/queryjobstatus", **failure)
    service.post(f"{URL}/task/quartz/queryjobstatus", json={"resp_data": [a_row("1")]})
    assert query(client) == expected


@pytest.mark.parametrize(
    "failure, rule",
    [
        pytest.param({"status": 302, "headers": {"Location": "http://sso.example/"}}, "login-page", id="redirect"),
        pytest.param({"body": "<!doctype html>", "content_type": "text/html"}, "login-page", id="html"),
        pytest.param({"status": 403}, "request-refused", id="403"),
        pytest.param({"json": {"resp_data": [a_row("2")]}}, "row-not-asked-for", id="stray-row"),
        pytest.param({"body": b"\xff\xfe"}, "reply-malformed", id="not-utf8"),
    ],
)
def test_what_does_not_pass_is_unreadable_at_once(client, service, failure, rule):
    service.post(f"{URL}/task/quartz/queryjobstatus", **failure)
    assert query(client) == rule


@pytest.mark.parametrize(
    "failure, kind",
    [
        pytest.param(requests.ReadTimeout("slow"), AnswerKind.LOST, id="timeout"),
        pytest.param(requests.ConnectionError("reset"), AnswerKind.LOST, id="reset"),
        pytest.param(requests.exceptions.ChunkedEncodingError("half"), AnswerKind.LOST, id="half-a-body"),
        pytest.param(requests.exceptions.SSLError("handshake"), AnswerKind.UNSENT, id="tls"),
        pytest.param(requests.ConnectTimeout("far"), AnswerKind.UNSENT, id="connect-timeout"),
        pytest.param(requests.exceptions.ProxyError("no"), AnswerKind.UNSENT, id="proxy"),
    ],
)
def test_a_save_is_unsent_only_where_that_is_sure(client, service, failure, kind):
    service.post(f"{URL}/task/quartz/bizcronjob", body=failure)
    (answer,) = ServiceWriter(client).save([a_save()]).values()
    assert answer.kind is kind

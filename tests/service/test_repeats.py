"""Time-outs, 429 and 5xx: repeated whole, after a pause, as long as the budget lasts."""

from __future__ import annotations

import pytest

from reconcile.model.keys import Key
from reconcile.model.live import Unreadable
from reconcile.service import ServiceReader
from reconcile.service.messages import Failure, NoReply, Reply
from tests.service.fakes import an_environment, codes, fake_client, keys, numbered, rows_reply

PASSING = [
    pytest.param(Reply(429, b""), "rate-limited", id="429"),
    pytest.param(Reply(408, b""), "service-timeout", id="408"),
    pytest.param(Reply(500, b""), "service-error", id="500"),
    pytest.param(Reply(503, b"<html>"), "service-error", id="503"),
    pytest.param(NoReply(Failure.TIMEOUT, "", sent=True), "service-timeout", id="timeout"),
    pytest.param(NoReply(Failure.UNREACHABLE, "refused", sent=False), "service-unreachable", id="refused"),
    pytest.param(NoReply(Failure.CUT_OFF, "reset", sent=True), "connection-lost", id="reset"),
]


def failing(times, failure):
    left = [times]

    def answer(request):
        left[0] -= 1
        return failure if left[0] >= 0 else rows_reply(*codes(request))

    return answer


@pytest.mark.parametrize("failure, rule", PASSING)
def test_what_may_pass_is_repeated_whole_and_never_split(failure, rule):
    with fake_client(failing(3, failure)) as (client, transport, clock):
        live = ServiceReader(client).query(keys("1", "2"))
        assert all(len(found) == 1 for found in live.values())
        assert transport.batches == [2, 2, 2, 2]
        assert clock.pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("failure, rule", PASSING)
def test_what_does_not_pass_is_given_up(failure, rule):
    with fake_client(lambda request: failure) as (client, transport, _):
        live = ServiceReader(client).query(keys("1", "2"))
    assert {found.rule for found in live.values()} == {rule}
    assert all("tried 4 times" in found.message for found in live.values())
    assert transport.batches == [2, 2, 2, 2]


@pytest.mark.parametrize("jitter, pauses", [(0.0, [0.0, 0.0, 0.0]), (0.5, [0.25, 0.5, 1.0])])
def test_pauses_are_jittered_from_nothing_to_the_whole(jitter, pauses):
    with fake_client(failing(3, Reply(503, b"")), jitter=jitter) as (client, _, clock):
        ServiceReader(client).query(keys("1"))
        assert [pause for pause in clock.pauses if pause > 0] == [pause for pause in pauses if pause > 0]


@pytest.mark.parametrize(
    "retry_after, pause",
    [
        pytest.param("7", 7.5, id="seconds"),
        pytest.param("Thu, 01 Jan 2026 12:00:09 GMT", 9.5, id="date"),
        pytest.param("3600", 30.0, id="bounded"),
        pytest.param("9" * 4000, 30.0, id="many-digits"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0.5, id="past"),
        pytest.param("soon", 0.5, id="nonsense"),
        pytest.param("-5", 0.5, id="negative"),
    ],
)
def test_retry_after_is_waited_for_within_bounds(retry_after, pause):
    with fake_client(failing(1, Reply(429, b"", retry_after=retry_after))) as (client, _, clock):
        ServiceReader(client).query(keys("1"))
        assert clock.pauses == [pause]


def test_an_outage_is_not_amplified():
    wanted = [key for number in range(400) for key in numbered(1, f"t{number:03}")]
    with fake_client(lambda request: Reply(503, b""), parallelism=4) as (client, transport, _):
        live = ServiceReader(client).query(wanted)
    assert {found.rule for found in live.values()} == {"service-error", "not-asked"}
    assert len(transport.requests) < 100
    assert any("the retry budget of this run or tenant is used up" in found.message for found in live.values())


def test_a_tenant_that_is_down_is_not_asked_for_the_rest():
    with fake_client(lambda request: Reply(503, b"")) as (client, transport, _):
        live = ServiceReader(client).query(numbered(5000))
    assert {found.rule for found in live.values()} == {"service-error", "not-asked"}
    assert len(transport.requests) < 30


def test_a_tenant_that_was_given_up_is_asked_again_in_the_next_query():
    up = []

    def answer(request):
        return rows_reply(*codes(request)) if up else Reply(503, b"")

    with fake_client(answer) as (client, _, _clock):
        reader = ServiceReader(client)
        reader.query(numbered(5000))
        up.append(True)
        assert len(reader.query(keys("1"))[Key("acme", "1")]) == 1


def test_a_flaky_service_is_read_whole():
    calls = [0]

    def answer(request):
        calls[0] += 1
        return Reply(503, b"") if calls[0] % 3 == 0 else rows_reply(*codes(request))

    with fake_client(answer) as (client, _, _clock):
        live = ServiceReader(client).query(numbered(20_000))
    # A batch that failed four times in a row is the exception.
    assert sum(isinstance(found, Unreadable) for found in live.values()) <= 500


def test_a_tenant_that_is_down_does_not_take_the_repeats_of_the_others():
    seen = set()

    def answer(request):
        if request.tenant == "a-down":
            return Reply(503, b"")
        first = request.body not in seen
        seen.add(request.body)
        return Reply(503, b"") if first and len(seen) % 3 == 0 else rows_reply(*codes(request))

    wanted = numbered(2000, "a-down") + numbered(6000, "b-up")
    with fake_client(answer) as (client, _, _clock):
        live = ServiceReader(client).query(wanted)
    assert {key.tenant for key, found in live.items() if isinstance(found, Unreadable)} == {"a-down"}


def test_a_rate_keeps_calls_apart():
    environment = an_environment(rate=4.0, batch_size=1)
    with fake_client(lambda request: rows_reply(*codes(request)), environment=environment) as (client, _, clock):
        ServiceReader(client).query(numbered(5))
        assert clock.pauses == [0.25, 0.25, 0.25, 0.25]


def test_a_failure_inside_the_client_reaches_the_caller():
    def answer(request):
        raise ZeroDivisionError

    with fake_client(answer) as (client, _, _clock), pytest.raises(ZeroDivisionError):
        ServiceReader(client).query(keys("1"))

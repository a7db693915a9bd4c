"""A stopped run: nothing new is begun, what is open gets a moment, and everything has an answer."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from reconcile.errors import ServiceError
from reconcile.model.outcome import AnswerKind
from reconcile.service import ServiceReader, ServiceWriter
from reconcile.service.messages import Reply
from tests.service.fakes import a_save, an_environment, codes, fake_client, keys, numbered, rows_reply, saved_reply


class Silent:
    """A service that says nothing until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, request):
        self.begun.set()
        assert self.let_go.wait(60)
        return saved_reply()


@pytest.fixture
def silent():
    service = Silent()
    yield service
    service.let_go.set()


def stop_when(event, stop):
    thread = threading.Thread(target=lambda: (event.wait(60), stop.set()))
    thread.start()
    return thread


def test_saves_that_were_not_begun_are_not_started_and_open_ones_lost(silent):
    stop = threading.Event()
    with fake_client(silent, stop=stop, parallelism=2) as (client, transport, _):
        thread = stop_when(silent.begun, stop)
        answers = ServiceWriter(client).save([a_save(str(number)) for number in range(10)])
        thread.join()
        kinds = [answer.kind for answer in answers.values()]
        assert kinds.count(AnswerKind.LOST) == len(transport.requests)
        assert kinds.count(AnswerKind.NOT_STARTED) == 10 - len(transport.requests)
        assert any("interrupted" in answer.message for answer in answers.values())
        assert len(transport.aborted) == len(transport.requests)
        silent.let_go.set()


def test_an_open_save_that_ends_within_the_grace_has_its_answer():
    stop = threading.Event()

    def answer(request):
        stop.set()
        return saved_reply()

    with fake_client(answer, stop=stop, grace_seconds=5) as (client, transport, _):
        answers = ServiceWriter(client).save([a_save("1"), a_save("2"), a_save("3")])
        assert [answer.kind for answer in answers.values()].count(AnswerKind.ACKNOWLEDGED) == 1
        assert len(transport.requests) == 1


def test_a_refused_save_is_not_repeated_once_stopped():
    stop = threading.Event()

    def answer(request):
        stop.set()
        return Reply(429, b"")

    with fake_client(answer, stop=stop, grace_seconds=5) as (client, _, _clock):
        (answer,) = ServiceWriter(client).save([a_save()]).values()
        assert answer.kind is AnswerKind.UNSENT
        assert "the run was stopped" in answer.message


def test_a_save_that_waits_to_be_repeated_is_unsent_when_stopped():
    stop = threading.Event()

    with fake_client(lambda request: Reply(429, b""), stop=stop) as (client, transport, clock):
        clock.sleep = lambda seconds: stop.set()
        (answer,) = ServiceWriter(client).save([a_save()]).values()
        assert (answer.kind, len(transport.requests)) == (AnswerKind.UNSENT, 1)


def test_a_run_that_is_stopped_already_begins_nothing():
    stop = threading.Event()
    stop.set()
    with fake_client(lambda request: saved_reply(), stop=stop) as (client, transport, _):
        (answer,) = ServiceWriter(client).save([a_save()]).values()
        assert answer.kind is AnswerKind.NOT_STARTED
        assert {found.rule for found in ServiceReader(client).query(numbered(300)).values()} == {"interrupted"}
        with pytest.raises(ServiceError, match="stopped"):
            ServiceReader(client).history("acme", "9")
        assert transport.requests == []


def test_a_query_that_is_open_too_long_is_interrupted(silent):
    stop = threading.Event()
    environment = an_environment(batch_size=2)
    with fake_client(silent, stop=stop, environment=environment) as (client, _, _clock):
        thread = stop_when(silent.begun, stop)
        live = ServiceReader(client).query(numbered(9))
        thread.join()
        assert {found.rule for found in live.values()} == {"interrupted"}
        assert len(live) == 9
        silent.let_go.set()


def test_a_batch_that_is_refused_after_the_stop_is_not_split():
    stop = threading.Event()

    def answer(request):
        stop.set()
        return Reply(400, b"")

    with fake_client(answer, stop=stop, grace_seconds=5) as (client, transport, _):
        live = ServiceReader(client).query(numbered(4))
        assert {found.rule for found in live.values()} == {"interrupted"}
        assert transport.batches == [4]


def test_a_pause_for_the_rate_ends_without_a_call_when_stopped():
    stop = threading.Event()
    environment = an_environment(rate=0.001, batch_size=1)
    with fake_client(lambda request: rows_reply(*codes(request)), stop=stop, environment=environment) as made:
        client, transport, clock = made
        clock.sleep = lambda seconds: stop.set()
        live = ServiceReader(client).query(numbered(3))
        assert len(transport.requests) == 1
        assert sum(found != () and not isinstance(found, tuple) for found in live.values()) == 2


def test_a_closed_link_makes_no_more_calls():
    with fake_client(lambda request: rows_reply("1")) as (client, _, _clock):
        reader = ServiceReader(client)
        reader.query(keys("1"))
    with pytest.raises(RuntimeError, match="closed"):
        reader.query(keys("1"))


def test_a_call_that_is_open_too_long_is_cut_and_its_thread_replaced(silent):
    environment = an_environment(timeout=timedelta(milliseconds=20))
    first = []

    def answer(request):
        if not first:
            first.append(request)
            return silent(request)
        return rows_reply(*codes(request))

    with fake_client(answer, environment=environment) as (client, transport, _):
        live = ServiceReader(client).query(keys("1"))
        assert all(len(found) == 1 for found in live.values())
        assert len(transport.aborted) == 1
        silent.let_go.set()

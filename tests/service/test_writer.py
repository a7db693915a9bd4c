"""Saves: one call each, and what is known of it afterwards."""

from __future__ import annotations

import pytest

from reconcile.model.finding import Refusal
from reconcile.model.keys import Key
from reconcile.model.outcome import AnswerKind
from reconcile.ports import Save, SaveAnswer
from reconcile.service import ServiceWriter
from reconcile.service.messages import Failure, Flaw, NoReply, Reply
from tests.service.fakes import a_save, fake_client, json_reply, saved_reply


def save(answer, *saves, **client):
    with fake_client(answer, **client) as (opened, transport, _):
        return ServiceWriter(opened).save(saves or [a_save()]), transport


def only(answers) -> SaveAnswer:
    (answer,) = answers.values()
    return answer


def test_a_save_is_acknowledged_with_its_job_id():
    answers, transport = save(lambda request: saved_reply("77"))
    assert only(answers) == SaveAnswer(AnswerKind.ACKNOWLEDGED, job_id="77")
    assert len(transport.requests) == 1


def test_a_resp_code_beside_the_data_is_no_refusal():
    reply = json_reply({"resp_code": "0", "resp_data": {"group_job_id": "77"}})
    assert only(save(lambda request: reply)[0]).job_id == "77"


def test_every_save_has_its_answer():
    wanted = [a_save(str(number)) for number in range(50)]
    seen = []
    with fake_client(lambda request: saved_reply(), parallelism=4) as (client, transport, _):
        answers = ServiceWriter(client).save(wanted, progress=seen.append)
    assert set(answers) == {one.key for one in wanted}
    assert sum(seen) == len(transport.requests) == 50


def test_no_saves_are_no_requests():
    with fake_client(lambda request: saved_reply()) as (client, transport, _):
        assert ServiceWriter(client).save([]) == {}
        assert transport.requests == []


def test_two_saves_for_one_key_are_a_mistake_of_the_caller():
    with fake_client(lambda request: saved_reply()) as (client, _, _clock), pytest.raises(ValueError, match="one key"):
        ServiceWriter(client).save([a_save(), a_save()])


@pytest.mark.parametrize(
    "result, kind",
    [
        pytest.param(Reply(400, b"bad cron"), AnswerKind.REJECTED, id="400"),
        pytest.param(Reply(401, b""), AnswerKind.REJECTED, id="401"),
        pytest.param(Reply(404, b""), AnswerKind.REJECTED, id="404"),
        pytest.param(Reply(413, b""), AnswerKind.REJECTED, id="413"),
        pytest.param(json_reply({"resp_code": "E1", "resp_msg": "no"}), AnswerKind.REJECTED, id="resp-code"),
        pytest.param(json_reply({"resp_data": [], "error_code": "no"}), AnswerKind.REJECTED, id="error-empty-list"),
        pytest.param(json_reply({"resp_data": {}, "error_code": "no"}), AnswerKind.REJECTED, id="error-empty-object"),
        pytest.param(json_reply({"resp_data": None, "success": False}), AnswerKind.REJECTED, id="error-null"),
        pytest.param(
            json_reply({"resp_data": {"group_job_id": None}, "error_msg": "no"}), AnswerKind.REJECTED, id="error-no-id"
        ),
        pytest.param(json_reply({"resp_code": "0000", "resp_data": None}), AnswerKind.LOST, id="harmless-no-data"),
        pytest.param(Reply(408, b""), AnswerKind.LOST, id="408"),
        pytest.param(Reply(500, b""), AnswerKind.LOST, id="500"),
        pytest.param(Reply(503, b"", retry_after="1"), AnswerKind.LOST, id="503"),
        pytest.param(Reply(302, b""), AnswerKind.LOST, id="redirect"),
        pytest.param(Reply(202, b""), AnswerKind.LOST, id="202"),
        pytest.param(Reply(200, b"<html>"), AnswerKind.LOST, id="html"),
        pytest.param(Reply(200, b""), AnswerKind.LOST, id="empty"),
        pytest.param(Reply(200, b"{}"), AnswerKind.LOST, id="no-data"),
        pytest.param(Reply(200, b'{"resp_data": {"group_job'), AnswerKind.LOST, id="half-a-document"),
        pytest.param(json_reply({"resp_data": {"group_job_id": None}}), AnswerKind.LOST, id="no-id"),
        pytest.param(Reply(200, b"", flaw=Flaw.TOO_LARGE), AnswerKind.LOST, id="too-large"),
        pytest.param(NoReply(Failure.TIMEOUT, "", sent=True), AnswerKind.LOST, id="timeout"),
        pytest.param(NoReply(Failure.CUT_OFF, "reset", sent=True), AnswerKind.LOST, id="reset"),
        pytest.param(NoReply(Failure.CERTIFICATE, "expired", sent=False), AnswerKind.UNSENT, id="certificate"),
    ],
)
def test_a_save_that_may_have_been_made_or_was_refused_is_never_made_again(result, kind):
    answers, transport = save(lambda request: result)
    assert only(answers).kind is kind
    assert only(answers).message.startswith("tenant acme: save: ")
    assert only(answers).job_id is None
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Reply(429, b""), id="429"),
        pytest.param(NoReply(Failure.UNREACHABLE, "refused", sent=False), id="refused"),
        pytest.param(NoReply(Failure.TIMEOUT, "connecting", sent=False), id="connect-timeout"),
    ],
)
def test_a_definite_refusal_is_repeated_and_then_unsent(refusal):
    left = [2]

    def answer(request):
        left[0] -= 1
        return refusal if left[0] >= 0 else saved_reply()

    assert only(save(answer)[0]).kind is AnswerKind.ACKNOWLEDGED
    answers, transport = save(lambda request: refusal)
    assert only(answers).kind is AnswerKind.UNSENT
    assert "tried 4 times" in only(answers).message
    assert len(transport.requests) == 4


def test_a_refusal_and_then_a_lost_reply_is_lost():
    replies = iter([Reply(429, b""), Reply(502, b"")])
    assert only(save(lambda request: next(replies))[0]).kind is AnswerKind.LOST


def test_a_save_whose_key_cannot_be_sent_is_not_sent():
    answers, transport = save(lambda request: saved_reply(), a_save("1,2"), a_save("3", "a\nb"))
    assert {answer.kind for answer in answers.values()} == {AnswerKind.REJECTED}
    assert all("nothing was sent" in answer.message and "\n" not in answer.message for answer in answers.values())
    assert transport.requests == []


def test_an_outage_does_not_multiply_saves():
    wanted = [a_save(str(number)) for number in range(300)]
    answers, transport = save(lambda request: Reply(429, b""), *wanted, parallelism=4)
    assert {answer.kind for answer in answers.values()} == {AnswerKind.UNSENT}
    assert len(transport.requests) <= 320


def test_a_name_that_is_no_unicode_is_not_sent_mangled():
    answers, transport = save(lambda request: saved_reply(), Save(Key("acme", "1"), "\ud800", "0 0 2 * * ?"))
    assert only(answers).kind is AnswerKind.REJECTED
    assert transport.requests == []


def test_a_refusal_is_told_in_the_services_own_words():
    reply = json_reply({"resp_data": None, "error_code": "E9", "error_msg": "cron 表达式错误"})
    answer = only(save(lambda request: reply)[0])
    assert answer.message == (
        'tenant acme: save: HTTP 200, no resp_data, and the service says error_code "E9", error_msg "cron 表达式错误"'
    )
    assert 'success_codes: ["success", "ok", "成功", "E9", "cron 表达式错误"]' in answer.hint


def test_an_error_beside_a_job_id_is_a_note():
    reply = json_reply({"resp_data": {"group_job_id": 1255337264742010880}, "error_code": "x"})
    with fake_client(lambda request: reply) as (client, _, _clock):
        answer = only(ServiceWriter(client).save([a_save()]))
        (finding,) = client.findings.take()
    assert answer == SaveAnswer(AnswerKind.ACKNOWLEDGED, job_id="1255337264742010880")
    assert finding.message == 'tenant acme: save: data came, and beside it the service says error_code "x"'


FROZEN = Refusal("frozen", "frozen until noon", "freezes", "--override-freeze")


def test_what_is_objected_to_just_before_its_request_is_not_sent():
    wanted = [a_save("1"), a_save("2")]
    with fake_client(lambda request: saved_reply()) as (client, transport, _clock):
        answers = ServiceWriter(client).save(wanted, objection=lambda key: FROZEN if key.code == "2" else None)
    assert answers[wanted[0].key].kind is AnswerKind.ACKNOWLEDGED
    assert answers[wanted[1].key] == SaveAnswer(AnswerKind.REFUSED, "frozen until noon", hint=FROZEN.hint)
    assert [b'"1"' in request.body for request in transport.requests] == [True]


def test_each_save_is_asked_about_when_its_own_turn_comes():
    wanted, sent = [a_save(str(number)) for number in range(20)], []

    def answer(request):
        sent.append(request)
        return saved_reply()

    with fake_client(answer) as (client, _, _clock):
        answers = ServiceWriter(client).save(wanted, objection=lambda _: FROZEN if len(sent) >= 5 else None)
    kinds = [answers[one.key].kind for one in wanted]
    assert kinds == [AnswerKind.ACKNOWLEDGED] * 5 + [AnswerKind.REFUSED] * 15


def test_a_repeat_is_a_save_and_is_asked_about_too():
    with fake_client(lambda request: Reply(429, b"")) as (client, transport, _clock):
        answers = ServiceWriter(client).save([a_save()], objection=lambda _: FROZEN if transport.requests else None)
    assert (only(answers).kind, len(transport.requests)) == (AnswerKind.REFUSED, 1)

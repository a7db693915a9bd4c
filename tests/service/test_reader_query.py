"""Queries: batches by tenant, splitting, what is kept and what is unreadable."""

from __future__ import annotations

import json

import pytest

from reconcile.model.keys import Key
from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.rules import Severity
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.service import ServiceReader
from reconcile.service.messages import Failure, Flaw, NoReply, Reply
from tests.service.fakes import (
    a_row,
    a_service,
    an_environment,
    codes,
    fake_client,
    json_reply,
    keys,
    null_row,
    numbered,
    rows_reply,
)

BAD_REQUEST = Reply(400, b"bad code")
BY_STATUS = UnknownCode(UnknownCodeMode.STATUS, "400")
BY_RESP_CODE = UnknownCode(UnknownCodeMode.RESP_CODE, "E404")
BY_NULL_ROW = UnknownCode(UnknownCodeMode.NULL_ROW)
BY_NULL_DATA = UnknownCode(UnknownCodeMode.NULL_DATA)
NO_TENANT = {"resp_data": [], "error_code": "租户不存在"}


def env(unknown: UnknownCode | None = None, **more):
    return an_environment(service=ServiceSettings(unknown_code=unknown or UnknownCode()), **more)


def query(answer, wanted, *, at_most=None, **client):
    with fake_client(answer, **client) as (opened, transport, _):
        return ServiceReader(opened).query(wanted, at_most=at_most), transport


def rules(live):
    return {key.code: found.rule if isinstance(found, Unreadable) else len(found) for key, found in live.items()}


def test_a_row_becomes_a_live_row_and_a_missing_one_none():
    live, _ = query(a_service("1"), keys("1", "2"))
    assert live == {Key("acme", "1"): (LiveRow("91", "0 0 2 * * ?", "enable", True),), Key("acme", "2"): ()}


def test_no_keys_are_no_requests():
    live, transport = query(a_service(), [])
    assert (live, transport.requests) == ({}, [])


def test_keys_are_asked_for_in_batches_by_tenant():
    wanted = numbered(5, "acme") + numbered(3, "globex")
    _, transport = query(lambda request: rows_reply(), wanted, environment=env(batch_size=2))
    assert [(request.tenant, len(codes(request))) for request in transport.requests] == [
        ("acme", 2),
        ("acme", 2),
        ("acme", 1),
        ("globex", 2),
        ("globex", 1),
    ]


def test_a_key_given_twice_is_asked_for_once():
    _, transport = query(a_service("1"), keys("1", "1"))
    assert transport.batches == [1]


def test_at_most_makes_batches_shorter():
    _, transport = query(a_service(), numbered(5), at_most=2)
    assert transport.batches == [2, 2, 1]


@pytest.mark.parametrize("unknown", [BY_STATUS, BY_RESP_CODE, BY_NULL_ROW, BY_NULL_DATA], ids=lambda one: str(one.mode))
def test_where_an_unknown_code_has_its_own_answer_absence_is_confirmed_one_by_one(unknown):
    _, transport = query(a_service("1", "2"), keys("1", "2"), at_most=10, environment=env(unknown))
    assert transport.batches == [1, 1]


def test_progress_counts_every_key_once():
    seen = []
    with fake_client(a_service("0001", unknown=lambda asked: BAD_REQUEST)) as (client, _, _clock):
        ServiceReader(client).query([*numbered(9), Key("a b", "1")], progress=seen.append)
    assert sum(seen) == 10


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Reply(400, b""), id="400"),
        pytest.param(Reply(413, b""), id="413"),
        pytest.param(Reply(414, b""), id="414"),
        pytest.param(Reply(422, b""), id="422"),
        pytest.param(json_reply({"resp_code": "E1", "resp_msg": "no"}), id="resp-code-without-data"),
        pytest.param(json_reply({"resp_code": 500, "resp_data": None}), id="resp-code-with-null-data"),
        pytest.param(json_reply(NO_TENANT), id="error-code-beside-an-empty-list"),
        pytest.param(json_reply({"resp_data": [], "success": False}), id="no-success"),
    ],
)
def test_a_refused_batch_is_split_until_the_poison_code_is_found(refusal):
    known = [f"{number:04}" for number in range(8) if number != 5]
    live, transport = query(a_service(*known, unknown=lambda asked: refusal), numbered(8))
    assert rules(live) == dict.fromkeys(known, 1) | {"0005": "unknown-code-answer"}
    assert sorted(transport.batches) == [1, 1, 2, 2, 4, 4, 8]


@pytest.mark.parametrize(
    "refusal, setting",
    [
        pytest.param(json_reply({"resp_code": "E404"}), 'service.unknown_code: {resp_code: "E404"}', id="resp-code"),
        pytest.param(json_reply({"resp_code": 7}), 'service.unknown_code: {resp_code: "7"}', id="resp-code-a-number"),
        pytest.param(json_reply({"resp_data": [null_row("1")]}), "service.unknown_code: null-row", id="null-row"),
    ],
)
def test_a_refused_code_names_the_setting_and_its_value(refusal, setting):
    live, _ = query(lambda request: refusal, keys("1"))
    (found,) = live.values()
    assert found.rule == "unknown-code-answer"
    assert setting in found.hint


@pytest.mark.parametrize("status", [404, 410])
def test_a_status_that_may_stand_for_an_unknown_code_names_the_setting_too(status):
    live, _ = query(lambda request: Reply(status, b"nope"), keys("1"))
    assert f"service.unknown_code: {{status: {status}}}" in live[Key("acme", "1")].hint


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(404, b"<html>nginx"), id="a-page"),
        *(
            pytest.param(Reply(status, b"no"), id=str(status))
            for status in (400, 401, 403, 405, 413, 414, 422, 429, 500, 502, 503, 504)
        ),
    ],
)
@pytest.mark.parametrize("unknown", [UnknownCode(), BY_RESP_CODE, BY_NULL_DATA], ids=lambda one: str(one.mode))
def test_what_may_mean_anything_does_not(reply, unknown):
    live, _ = query(lambda request: reply, keys("1"), environment=env(unknown))
    assert "{status:" not in live[Key("acme", "1")].hint


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(Reply(200, b""), id="empty"),
        pytest.param(Reply(200, b"", flaw=Flaw.UNDECODABLE), id="bad-gzip"),
        pytest.param(rows_reply("3"), id="stray-row"),
        pytest.param(Reply(503, b"busy"), id="503"),
        pytest.param(NoReply(Failure.CUT_OFF, "half a reply", sent=True), id="cut-off"),
    ],
)
def test_every_trouble_says_what_to_do(result):
    live, _ = query(lambda request: result, keys("1"))
    assert live[Key("acme", "1")].hint


def test_of_an_empty_reply_its_emptiness_is_said_once():
    live, _ = query(lambda request: Reply(200, b""), keys("1"))
    assert live[Key("acme", "1")].message == "tenant acme: query: HTTP 200, the reply is empty"


def test_another_refusal_than_the_one_that_is_set_says_so():
    live, _ = query(lambda request: Reply(422, b""), keys("1"), environment=env(BY_STATUS))
    (found,) = live.values()
    assert found.rule == "unknown-code-answer"
    assert "is {status: 400}, and this is not it" in found.hint
    live, _ = query(lambda request: json_reply({"resp_code": "E1"}), keys("1"), environment=env(BY_STATUS))
    assert 'is {status: 400}; this would be {resp_code: "E1"}' in live[Key("acme", "1")].hint


@pytest.mark.parametrize(
    "unknown, answer",
    [
        pytest.param(BY_STATUS, BAD_REQUEST, id="status"),
        pytest.param(UnknownCode(UnknownCodeMode.STATUS, "404"), Reply(404, b"none"), id="no-splitting-status"),
        pytest.param(UnknownCode(UnknownCodeMode.STATUS, "500"), Reply(500, b"null"), id="a-repeated-status"),
        pytest.param(BY_RESP_CODE, json_reply({"resp_code": "E404"}), id="resp-code"),
        pytest.param(UnknownCode(UnknownCodeMode.RESP_CODE, "404"), json_reply({"resp_code": 404}), id="a-number"),
        pytest.param(BY_NULL_DATA, json_reply({"resp_data": None, "resp_code": "0"}), id="null-data"),
        pytest.param(BY_NULL_DATA, Reply(200, b"{}"), id="no-data"),
    ],
)
def test_the_answer_that_is_set_means_not_there(unknown, answer):
    live, transport = query(
        a_service("1", "3", unknown=lambda asked: answer), keys("1", "2", "3"), environment=env(unknown)
    )
    assert rules(live) == {"1": 1, "2": 0, "3": 1}
    assert sorted(transport.batches) == [1, 1, 1, 2, 3]


@pytest.mark.parametrize("unknown", [BY_STATUS, BY_RESP_CODE, BY_NULL_ROW, BY_NULL_DATA], ids=lambda one: str(one.mode))
def test_an_empty_list_for_one_code_is_not_the_answer_that_is_set(unknown):
    live, _ = query(a_service(), keys("1"), environment=env(unknown))
    assert rules(live) == {"1": "unknown-code-answer"}


def test_a_null_row_means_not_there_where_that_is_set():
    def answer(request):
        return json_reply({"resp_data": [a_row(code) if code == "1" else null_row(code) for code in codes(request)]})

    live, _ = query(answer, keys("1", "2", "3"), environment=env(BY_NULL_ROW))
    assert rules(live) == {"1": 1, "2": 0, "3": 0}
    live, _ = query(answer, keys("2"), environment=env(BY_NULL_ROW))
    assert rules(live) == {"2": 0}


def test_a_null_row_elsewhere_spoils_its_own_code_only():
    reply = json_reply({"resp_data": [a_row("1"), null_row("2")]})
    live, transport = query(lambda request: reply, keys("1", "2", "3"))
    assert rules(live) == {"1": 1, "2": "unknown-code-answer", "3": 0}
    assert "service.unknown_code: null-row" in live[Key("acme", "2")].hint
    assert transport.batches == [3]


def test_a_null_row_beside_a_real_one_is_malformed():
    reply = json_reply({"resp_data": [a_row("1"), null_row("1")]})
    live, _ = query(lambda request: reply, keys("1"), environment=env(BY_NULL_ROW))
    assert rules(live) == {"1": "reply-malformed"}


def test_after_a_refusal_batches_are_no_longer_than_the_longest_that_worked():
    def answer(request):
        return rows_reply(*codes(request)) if len(codes(request)) <= 50 else Reply(413, b"")

    live, transport = query(answer, numbered(330))
    assert set(rules(live).values()) == {1}
    # Two were on their way before anything had worked; the rest is cut to what did.
    assert transport.batches.count(100) == 2
    assert max(transport.batches[3:]) == 50
    assert sum(transport.batches) == 330 + 200


def test_what_was_learnt_holds_for_later_queries_of_the_run():
    def answer(request):
        return rows_reply(*codes(request)) if len(codes(request)) <= 3 else Reply(414, b"")

    with fake_client(answer) as (client, transport, _):
        reader = ServiceReader(client)
        reader.query(numbered(10))
        before = len(transport.requests)
        reader.query(numbered(10, "globex"))
        assert transport.batches[before:] == [3, 3, 3, 1]


def test_an_earlier_query_for_one_code_does_not_make_all_batches_one_code_long():
    def answer(request):
        return rows_reply(*codes(request)) if len(codes(request)) <= 25 else Reply(413, b"")

    with fake_client(answer) as (client, transport, _):
        reader = ServiceReader(client)
        reader.query(numbered(1))
        reader.query(numbered(100))
        assert (transport.batches.count(1), transport.batches.count(25)) == (1, 4)


def test_a_longer_batch_that_worked_keeps_batches_long():
    poison = "0150"
    known = [f"{number:04}" for number in range(300) if f"{number:04}" != poison]
    live, transport = query(a_service(*known, unknown=lambda asked: BAD_REQUEST), numbered(300))
    assert rules(live)[poison] == "unknown-code-answer"
    assert transport.batches.count(100) == 3


def test_when_everything_is_refused_the_search_ends():
    live, transport = query(lambda request: BAD_REQUEST, numbered(2000))
    assert len(transport.requests) < 250
    assert set(rules(live).values()) == {"unknown-code-answer", "all-refused"}
    hints = {found.hint for found in live.values()}
    assert any("service.unknown_code" in hint for hint in hints)


@pytest.mark.parametrize(
    "result, rule, in_message",
    [
        pytest.param(Reply(401, b""), "request-refused", "HTTP 401, with an empty body", id="401"),
        pytest.param(Reply(404, b"not\x00 found"), "request-refused", "HTTP 404: not found", id="404"),
        pytest.param(Reply(302, b""), "login-page", "HTTP 302, with an empty body", id="redirect"),
        pytest.param(
            Reply(302, b"", location="https://sso.example/login?session=abc"),
            "login-page",
            "HTTP 302 to https://sso.example/login, with",
            id="redirect-elsewhere",
        ),
        pytest.param(Reply(204, b""), "unexpected-status", "HTTP 204", id="204"),
        pytest.param(Reply(200, b"<html>Sign in"), "login-page", "a page instead of JSON: <html>Sign in", id="html"),
        pytest.param(Reply(200, b"Sign in", "text/HTML"), "login-page", "page", id="html-by-its-type"),
        pytest.param(Reply(200, b""), "reply-malformed", "the reply is empty", id="empty"),
        pytest.param(Reply(200, b"{}"), "reply-without-data", "no resp_data: {}", id="no-data"),
        pytest.param(Reply(200, b'{"resp_data": null}'), "reply-without-data", "no resp_data", id="null-data"),
        pytest.param(Reply(200, b'{"resp_data": [{'), "reply-malformed", "not JSON", id="half-a-document"),
        pytest.param(Reply(200, b'{"resp_data": {}}'), "reply-malformed", "an object, not a list", id="no-list"),
        pytest.param(rows_reply("1", "3"), "row-not-asked-for", "code '3'", id="stray-row"),
        pytest.param(Reply(200, b"", flaw=Flaw.TOO_LARGE), "reply-too-large", "too large", id="too-large"),
        pytest.param(Reply(200, b"", flaw=Flaw.UNDECODABLE), "reply-malformed", "compression", id="bad-gzip"),
        pytest.param(
            NoReply(Failure.CERTIFICATE, "self-signed", sent=False),
            "certificate-refused",
            "(self-signed)",
            id="tls",
        ),
    ],
)
def test_what_cannot_pass_makes_the_keys_unreadable_at_once(result, rule, in_message):
    live, transport = query(lambda request: result, keys("1", "2"))
    assert rules(live) == {"1": rule, "2": rule}
    (message,) = {found.message for found in live.values()}
    assert message.startswith("tenant acme: query: ")
    assert in_message in message
    assert transport.batches == [2]


def test_a_reply_without_data_names_the_setting_that_might_apply():
    live, _ = query(lambda request: Reply(200, b"{}"), keys("1"))
    assert "service.unknown_code" in live[Key("acme", "1")].hint


def test_an_excerpt_is_bounded_and_holds_no_secret():
    body = ("é\x1b[31m" + "s3cr3t " * 5 + "x" * 100_000).encode()
    live, _ = query(lambda request: Reply(404, body), keys("1"), secrets=("s3cr3t",))
    message = live[Key("acme", "1")].message
    assert "s3cr3t" not in message
    assert "\x1b" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    "key",
    [Key("a\r\nX: y", "1"), Key("租户", "1"), Key("", "1"), Key("acme", "1,2"), Key("acme", "1" * 65)],
    ids=["line-break", "not-latin", "empty", "comma", "too-long"],
)
def test_a_key_that_cannot_be_sent_is_not_sent(key):
    live, transport = query(a_service("1"), [key, *keys("1")])
    assert live[key].rule == "key-not-sendable"
    assert live[Key("acme", "1")] != ()
    assert "\n" not in live[key].message
    assert transport.batches == [1]


def test_one_broken_tenant_leaves_the_others_alone():
    def answer(request):
        return Reply(503, b"") if request.tenant == "t07" else rows_reply(*codes(request))

    wanted = [key for number in range(20) for key in numbered(150, f"t{number:02}")]
    live, transport = query(answer, wanted, parallelism=4)
    unreadable = [key for key, found in live.items() if isinstance(found, Unreadable)]
    assert sorted(unreadable) == numbered(150, "t07")
    assert all(len(codes(request)) in (100, 50) for request in transport.requests)


def test_half_of_the_tenants_down_leaves_the_other_half_alone():
    def answer(request):
        return Reply(503, b"") if request.tenant < "t10" else rows_reply(*codes(request))

    wanted = [key for number in range(20) for key in numbered(2, f"t{number:02}")]
    live, _ = query(answer, wanted, parallelism=8)
    assert {key.tenant for key, found in live.items() if found and not isinstance(found, Unreadable)} == {
        f"t{number}" for number in range(10, 20)
    }


def test_a_rows_json_text_may_hold_anything_but_half_a_surrogate():
    body = json.dumps({"resp_data": [a_row("1", cronexpression="☃\n\u0000")]}).encode()
    live, _ = query(lambda request: Reply(200, body), keys("1"))
    assert live[Key("acme", "1")][0].cron == "☃\n\u0000"


def test_keys_come_back_in_the_order_given():
    wanted = [*numbered(5, "b"), *numbered(5, "a"), Key("b", "9")]
    live, _ = query(lambda request: rows_reply(*codes(request)), wanted)
    assert list(live) == wanted


def test_a_great_many_rows_for_one_code_are_read_in_one_go():
    reply = json_reply({"resp_data": [a_row("1", jobinfoid=str(number)) for number in range(20_000)]})
    live, _ = query(lambda request: reply, keys("1"))
    assert len(live[Key("acme", "1")]) == 20_000


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(json_reply({"resp_code": "s3cr3t\n\u202e"}), id="resp-code"),
        pytest.param(json_reply({"resp_data": [a_row("s3cr3t\n\u202e")]}), id="stray-row"),
        pytest.param(json_reply({"resp_code": "x" * 5000}), id="long-resp-code"),
    ],
)
def test_what_a_reply_puts_into_a_message_is_fit_to_print(reply):
    live, _ = query(lambda request: reply, keys("1"), secrets=("s3cr3t",))
    (found,) = live.values()
    for text in (found.message, found.hint or ""):
        assert text.isprintable()
        assert "s3cr3t" not in text
        assert len(text) < 500


def test_an_error_beside_an_empty_list_makes_no_code_absent():
    live, transport = query(lambda request: json_reply(NO_TENANT), numbered(100))
    assert set(rules(live).values()) == {"unknown-code-answer", "all-refused"}
    assert all('error_code "租户不存在"' in found.message for found in live.values())
    assert all('success_codes: ["success", "ok", "成功", "租户不存在"]' in found.hint for found in live.values())
    assert transport.batches[0] == 100


def test_an_error_of_one_code_leaves_the_others_of_its_batch():
    refusal = json_reply({"resp_data": [], "error_code": "E7", "error_msg": "broken job"})
    known = [f"{number:04}" for number in range(100) if number != 5]
    live, _ = query(a_service(*known, unknown=lambda asked: refusal), numbered(100))
    assert rules(live) == dict.fromkeys(known, 1) | {"0005": "unknown-code-answer"}


def test_an_error_that_is_allowed_is_an_empty_list():
    service = ServiceSettings(success_codes=("租户不存在",))
    live, _ = query(lambda request: json_reply(NO_TENANT), keys("1", "2"), environment=an_environment(service=service))
    assert rules(live) == {"1": 0, "2": 0}


def test_an_error_beside_rows_is_a_note():
    def answer(request):
        return json_reply({"resp_data": [a_row(code) for code in codes(request)], "error_code": "W1", "msg": "slow"})

    with fake_client(answer) as (client, _, _clock):
        reader = ServiceReader(client)
        live = reader.query([*keys("1", "2"), *keys("1", tenant="globex")])
        (finding,) = reader.take_findings()
        assert reader.take_findings() == ()
    assert [len(rows) for rows in live.values()] == [1, 1, 1]
    assert (finding.rule, finding.severity) == ("error-beside-data", Severity.NOTE)
    assert finding.message == (
        'tenant acme: query: data came, and beside it the service says error_code "W1", msg "slow"; '
        "so to 1 other tenant"
    )
    assert 'success_codes: ["success", "ok", "成功", "W1"]' in finding.hint


def test_the_same_row_twice_is_one_job_and_a_note():
    with fake_client(lambda request: rows_reply("1", "2", "1", "2", "3")) as (client, _, _clock):
        reader = ServiceReader(client)
        live = reader.query(keys("1", "2", "3"))
        (finding,) = reader.take_findings()
    assert [len(rows) for rows in live.values()] == [1, 1, 1]
    assert (finding.rule, finding.severity, finding.key) == ("row-twice", Severity.NOTE, Key("acme", "1"))
    assert "acme/1 and for 1 other key" in finding.message


def test_a_row_that_cannot_be_read_spoils_its_own_key():
    broken = a_row("2", cronexpression=None)
    reply = json_reply({"resp_data": [a_row("1"), broken]})
    live, transport = query(lambda request: reply, keys("1", "2", "3"))
    assert rules(live) == {"1": 1, "2": "reply-malformed", "3": 0}
    assert "cronexpression of row 2 is null, not text (code 2)" in live[Key("acme", "2")].message
    assert transport.batches == [3]


def ownerless(*poison: str, known: tuple[str, ...]):
    """A service that writes no code into the rows of *poison*."""

    def answer(request):
        asked = codes(request)
        rows = [a_row(code, bizcode=None) if code in poison else a_row(code) for code in asked if code in known]
        return json_reply({"resp_data": rows})

    return answer


def test_a_row_without_a_code_is_pinned_down():
    known = tuple(f"{number:04}" for number in range(60))
    live, transport = query(ownerless("0030", known=known), numbered(100))
    assert rules(live) == {key.code: 1 if key.code in known else 0 for key in numbered(100)} | {
        "0030": "reply-malformed"
    }
    assert "bizcode of row 1 is null" in live[Key("acme", "0030")].message
    assert len(transport.requests) < 16


def test_where_every_row_lacks_its_code_the_search_ends():
    known = tuple(f"{number:04}" for number in range(2000))
    live, transport = query(ownerless(*known, known=known), numbered(2000))
    assert set(rules(live).values()) == {"reply-malformed"}
    assert len(transport.requests) < 250


def test_an_answer_of_no_data_names_the_setting_that_says_what_it_means():
    for body in (b"{}", b'{"resp_data": null}', b'{"resp_data": null, "resp_code": "0000"}'):
        live, _ = query(lambda request, body=body: Reply(200, body), keys("1"))
        assert "service.unknown_code: null-data" in live[Key("acme", "1")].hint

"""Histories: one page, or why not."""

from __future__ import annotations

import json

import pytest

from reconcile.errors import ServiceError
from reconcile.service import ServiceReader
from reconcile.service.messages import Failure, Flaw, NoReply, Operation, Reply
from tests.service.fakes import fake_client, json_reply

PAGE = {"resp_data": {"quartz_list": {"pageSize": 10, "pageIndex": 3, "resultCount": 21, "pageCount": 3, "data": [{}]}}}


def history(answer, tenant="acme"):
    with fake_client(answer) as (client, transport, _):
        return ServiceReader(client).history(tenant, "9", page=3), transport


def test_a_page_is_asked_for_and_read():
    page, transport = history(lambda request: json_reply(PAGE))
    assert (page.index, page.pages, page.total, len(page.executions)) == (3, 3, 21, 1)
    (request,) = transport.requests
    assert request.operation is Operation.HISTORY
    assert json.loads(request.body)["xw_quartz"] == {
        "opttype": "quaryjournal",
        "jobinfoid": "9",
        "pageindex": 3,
        "pagesize": 10,
    }


def test_what_may_pass_is_repeated():
    replies = iter([Reply(503, b""), NoReply(Failure.TIMEOUT, "", sent=True), json_reply(PAGE)])
    assert history(lambda request: next(replies))[0].total == 21


@pytest.mark.parametrize(
    "result, words",
    [
        pytest.param(Reply(404, b""), "HTTP 404", id="404"),
        pytest.param(Reply(400, b""), "HTTP 400", id="400"),
        pytest.param(Reply(500, b""), "HTTP 500, with an empty body; tried 4 times", id="500"),
        pytest.param(Reply(302, b""), "HTTP 302", id="redirect"),
        pytest.param(Reply(200, b"<html>"), "a page instead of JSON", id="html"),
        pytest.param(Reply(200, b"", flaw=Flaw.TOO_LARGE), "too large", id="too-large"),
        pytest.param(
            json_reply({"resp_code": "E"}), 'no resp_data, and the service says resp_code "E"', id="resp-code"
        ),
        pytest.param(json_reply({"resp_data": None, "resp_code": "0"}), "no resp_data: ", id="null-data"),
        pytest.param(json_reply({"resp_data": [], "error_code": "租户不存在"}), "says error_code", id="error-code"),
        pytest.param(json_reply({"resp_data": {"quartz_list": None}, "success": False}), "success", id="null-list"),
        pytest.param(
            json_reply({"resp_data": {"quartz_list": {"data": []}}, "error_msg": "no"}), 'error_msg "no"', id="no-rows"
        ),
        pytest.param(json_reply({"resp_data": []}), "no object quartz_list", id="no-list"),
        pytest.param(
            json_reply({"resp_data": {"quartz_list": {"data": [{"jobinfoid": "1"}]}}}), "not asked for", id="stray"
        ),
        pytest.param(NoReply(Failure.CERTIFICATE, "expired", sent=False), "certificate is refused", id="certificate"),
    ],
)
def test_a_page_that_cannot_be_read_is_an_error_with_tenant_operation_and_status(result, words):
    with pytest.raises(ServiceError, match=words) as caught:
        history(lambda request: result)
    assert caught.value.message.startswith("tenant acme: history: ")


def test_a_tenant_that_cannot_be_sent_is_an_error():
    with pytest.raises(ServiceError, match="nothing was sent"):
        history(lambda request: json_reply(PAGE), tenant="a\r\nb")


def test_a_job_id_that_is_no_unicode_is_an_error():
    with fake_client(lambda request: json_reply(PAGE)) as (client, transport, _):
        with pytest.raises(ServiceError, match="not valid Unicode"):
            ServiceReader(client).history("acme", "\udcff")
        assert transport.requests == []


def test_an_error_of_a_history_prints_the_line_that_allows_it():
    with pytest.raises(ServiceError) as caught:
        history(lambda request: json_reply({"resp_data": None, "error_code": "E1"}))
    assert 'success_codes: ["success", "ok", "成功", "E1"]' in caught.value.hint


def test_an_error_beside_executions_is_a_note():
    with fake_client(lambda request: json_reply({**PAGE, "error_code": "W1"})) as (client, _, _clock):
        assert ServiceReader(client).history("acme", "9", page=3).total == 21
        (finding,) = client.findings.take()
    assert finding.message == 'tenant acme: history: data came, and beside it the service says error_code "W1"'


def test_ids_of_a_history_may_be_whole_numbers():
    rows = [{"triggerid": 1254440094903963648, "jobinfoid": 9, "exestatus": 1}]
    page, _ = history(lambda request: json_reply({"resp_data": {"quartz_list": {"data": rows}}}))
    (execution,) = page.executions
    assert (execution.trigger_id, execution.job_id, execution.run_status) == ("1254440094903963648", "9", "1")

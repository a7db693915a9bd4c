"""Services that answer otherwise than documented, over real HTTP: what the program makes of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from reconcile.twin.testing import running_twin
from tests.journeys.conftest import TENANT, WORKSPACE

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
LONG = TENANT.replace('"1"', '"1085431505565651039"').replace('"2"', '"1085431505565651040"')


@pytest.fixture
def twin(write):
    """A twin whose clock stands, for which the schedules of *program* are declared."""
    with running_twin(clock=MONDAY, speed=0) as running:
        write("reconcile.yaml", WORKSPACE.format(url=running.url))
        write("tenants/acme.yaml", TENANT)
        yield running


@pytest.fixture
def set_service(program, write):
    """Add lines to the block `service:`."""

    def add(*lines: str) -> None:
        text = (program.folder / "schedules/reconcile.yaml").read_text("utf-8")
        write("reconcile.yaml", text + "".join(f"      {line}\n" for line in lines))

    return add


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param("租户不存在", id="a-sentence-in-error-code"),
        pytest.param('{"success": false, "resp_code": "0000"}', id="success-false-beside-zeros"),
        pytest.param('{"error_code": 0, "error_msg": "数据库连接失败"}', id="error-msg-beside-zero"),
        pytest.param('{"message": "limit exceeded"}', id="a-message-alone"),
        pytest.param('{"code": ["E1"]}', id="a-code-that-is-a-list"),
    ],
)
def test_an_error_beside_an_empty_list_is_never_saved_over(program, twin, beside):
    twin.behave(beside=beside)
    for _ in range(3):
        code, run = program.json("apply", "--yes")
        assert (code, run["changes"], [one["code"] for one in run["attention"]]) == (1, [], ["1", "2", "3"])
        assert all("an empty resp_data, and the service says" in one["message"] for one in run["attention"])
    assert twin.requests.by_operation["save"] == 0
    assert [program(command).code for command in ("plan", "drift")] == [1, 1]
    assert program("history", "acme", "1").code == 1


def test_an_unknown_tenant_is_told_in_the_services_words_with_the_line_that_would_allow_it(program, twin, set_service):
    twin.behave(tenant_unknown="acme", errors="beside")
    ended = program("apply", "--yes")
    assert ended.code == 1
    assert 'the service says error_code "租户不存在"' in ended.out
    line = re.search(r"success_codes: \[.*\]", ended.out).group()
    set_service(line)
    assert program("plan").code == 0


@pytest.mark.slow  # each save that got no trustworthy reply is looked for to the end
def test_a_save_that_says_it_too_is_no_acknowledgement(program, twin, set_service):
    set_service("success_codes: [租户不存在]")
    twin.behave(tenant_unknown="acme", errors="beside")
    # Now it is taken for absent, as was asked for; the save says it too.
    code, run = program.json("apply", "--yes")
    assert (code, run["summary"]["verified"], twin.jobs("acme")) == (4, 0, [])


def test_an_ordinary_empty_answer_with_a_code_of_zeros_is_one(program, twin):
    twin.behave(beside='{"resp_code": "000000", "resp_msg": "查询成功"}')
    assert program("apply", "--yes").code == 0
    ended = program("drift")
    assert (ended.code, "error-beside-data" in ended.out) == (0, False)


def test_an_error_beside_rows_is_a_note_that_everyone_sees(program, twin):
    program("apply", "--yes")
    twin.advance(timedelta(days=1))
    twin.behave(beside='{"error_code": "W1", "error_msg": "慢查询"}')
    for command in (("plan",), ("drift",), ("history", "acme", "1"), ("apply", "--yes")):
        ended = program(*command)
        assert (ended.code, 'the service says error_code "W1", error_msg "慢查询"' in ended.out) == (0, True)
        assert "note: error-beside-data: tenant acme: query:" in ended.out
    assert [one["severity"] for one in program.json("history", "acme", "1")[1]["findings"]] == ["note", "note"]


def test_a_note_about_saves_is_told_once(program, twin):
    twin.behave(beside='{"resp_code": "0", "error_msg": "慢"}')
    program("apply", "--yes")
    twin.behave(beside=None)
    program("apply", "--yes")
    twin.change("acme", "1", cron="0 0 9 * * ?")
    twin.behave(beside='{"resp_code": "0", "error_msg": "慢"}')
    code, run = program.json("apply", "--yes")
    noted = [one["message"].split(": ")[1] for one in run["findings"] if one["rule"] == "error-beside-data"]
    assert (code, noted) == (0, ["query", "save"])


def test_a_refused_save_is_told_in_the_services_words_and_read_back(program, twin):
    twin.behave(errors="beside", fail_before=1, operations=["save"])
    code, run = program.json("apply", "--yes")
    outcomes = [change["outcome"] for change in run["changes"]]
    assert (code, {one["reason"] for one in outcomes if one["result"] == "failed"}) == (1, {"rejected"})
    assert all('says error_code "the scheduler is busy"' in one["message"] for one in outcomes if one["saves"])


@pytest.mark.parametrize(
    ("jobstatus", "active"), [("word", None), ("number", '["1"]'), ("boolean", '["true"]')], ids=str
)
def test_ids_that_are_numbers_go_from_plan_to_history(program, twin, write, set_service, jobstatus, active):
    write("tenants/acme.yaml", LONG)
    if active is not None:
        set_service(f"active_status: {active}")
    twin.behave(ids="number", jobstatus=jobstatus)
    code, plan = program.json("plan", "--out", "plan.json")
    assert (code, plan["summary"]["create"]) == (0, 3)
    code, run = program.json("apply", "plan.json", "--yes")
    assert (code, run["summary"]["verified"]) == (0, 3)
    assert program("drift").code == 0
    twin.advance(timedelta(days=1))
    code, history = program.json("history", "acme", "1085431505565651039")
    (job,) = history["jobs"]
    known = {one["code"]: one["jobinfoid"] for one in twin.jobs("acme")}
    assert (code, job["job_id"], len(job["executions"])) == (0, known["1085431505565651039"], 1)
    twin.change("acme", "1085431505565651039", cron="0 0 9 * * ?")
    assert program("drift").code == 2
    assert program("apply", "--yes").code == 0
    assert program("drift").code == 0


def test_a_status_that_is_a_number_is_inactive_until_the_workspace_knows_it(program, twin, set_service):
    program("apply", "--yes")
    twin.behave(jobstatus="number")
    assert program("drift").code == 2
    assert "if that means active, add it to service.active_status" in program("plan").out
    twin.change("acme", "2", cron="0 0 9 * * ?")
    refused = program("plan").out
    assert "(status '1'): service.active_status does not name that, and saving may start it again" in refused
    assert "change service.active_status in reconcile.yaml, or run with --allow-inactive" in refused
    twin.change("acme", "2", cron="0 0/30 * * * ?")
    set_service('active_status: ["1"]')
    assert program("drift").code == 0
    twin.disable("acme", "1")
    assert program("drift").code == 2


def test_a_service_that_writes_gbk_is_read_and_quoted_in_chinese(program, twin):
    twin.behave(charset="GBK")
    assert program("apply", "--yes").code == 0
    assert program("drift").code == 0
    twin.insert_rows("acme", "1", [{"fired": "2026-01-04T02:00:00+00:00", "exedes": "内存不足"}])
    assert "内存不足" in program("history", "acme", "1").out
    twin.change("acme", "2", cron="每天 02:00")
    ended = program("plan", "-vv")
    assert ("每天 02:00" in ended.out, "每天 02:00" in ended.err) == (True, True)
    twin.behave(tenant_unknown="acme", errors="beside")
    assert 'error_code "租户不存在"' in program("plan").out


def test_a_charset_that_nobody_knows_is_named(program, twin):
    twin.behave(charset="x-klingon")
    ended = program("plan")
    assert (ended.code, "declares the charset 'x-klingon', which is not known" in ended.out) == (1, True)


@pytest.mark.parametrize("word", ["null-data", "no-data"])
def test_no_data_means_absent_once_the_workspace_says_so(program, twin, set_service, word):
    twin.behave(unknown_code=word)
    ended = program("apply", "--yes")
    assert (ended.code, "set service.unknown_code: null-data" in ended.out) == (1, True)
    assert twin.requests.by_operation["save"] == 0
    set_service("unknown_code: null-data")
    assert program("apply", "--yes").code == 0
    assert program("drift").code == 0
    twin.delete("acme", "2")
    code, run = program.json("apply", "--yes", "--recreate")
    assert (code, run["summary"]["verified"]) == (0, 1)


def test_the_same_row_twice_is_one_job_and_a_note(program, twin):
    twin.behave(repeat_rows="same")
    assert program("apply", "--yes").code == 0
    ended = program("plan", "--detailed-exitcode")
    assert ended.code == 0
    assert (
        "note: row-twice: the service answers with the same row more than once for acme/1 and for 2 other" in ended.out
    )


def test_one_id_with_two_crons_is_not_believed(program, twin):
    program("apply", "--yes")
    twin.behave(repeat_rows="other-cron")
    ended = program("plan")
    assert (ended.code, "has the jobinfoid of another, and another cronexpression (code 1)" in ended.out) == (1, True)


def test_beside_an_error_what_the_rows_leave_out_is_not_absent(program, twin):
    twin.seed("acme", [{"code": "1", "name": "订单同步", "cron": "0 0 2 * * ?"}])
    twin.behave(beside="E1")
    code, run = program.json("apply", "--yes")
    assert (code, [one["code"] for one in run["attention"]]) == (1, ["2", "3"])
    assert [one["rule"] for one in run["findings"]] == ["error-beside-data"]
    assert twin.requests.by_operation["save"] == 0


@pytest.mark.parametrize("field", ["cronexpression", "jobinfoid", "jobstatus", "bizcode"])
def test_a_row_that_cannot_be_read_spoils_its_own_key_only(program, twin, field):
    twin.seed("acme", [{"code": "2", "name": "对账", "cron": "0 0/30 * * * ?"}])
    twin.behave(spoilt_code="2", spoilt_field=field)
    code, run = program.json("apply", "--yes")
    assert (code, run["summary"]["verified"], [one["code"] for one in run["attention"]]) == (4, 2, ["2"])
    assert field in run["attention"][0]["message"]
    assert run["attention"][0]["hint"].startswith("the other rows were read")
    assert len(twin.jobs("acme")) == 3


@pytest.mark.parametrize(
    "status",
    [500, 401, 403, 400, *(pytest.param(again, marks=pytest.mark.slow) for again in (429, 503))],  # asked again, later
)
def test_a_status_that_says_trouble_is_never_hinted_for_a_code_without_a_job(program, service, status):
    service.hook = lambda *_: (status, b"{}")
    ended = program("plan", "--code", "1", "--format", "json")
    assert (ended.code, "{status:" in ended.out) == (1, False)

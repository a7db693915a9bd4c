"""Each awkward habit of the twin, switched on alone."""

from __future__ import annotations

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from reconcile.commands.twin import twin as twin_command
from reconcile.errors import SettingError
from reconcile.twin import habits
from reconcile.twin.faults import Fault, Faults, RequestRate
from reconcile.twin.habits import HABITS, SHARES, Habits
from reconcile.twin.settings import TwinSettings
from reconcile.twin.testing import running_twin
from tests.twin.asking import JOB, MONDAY, NIGHTLY, QUERY, Client


def test_a_save_appends_a_second_row(twin, client):
    twin.behave(save="append")
    assert client.saved("1") != client.saved("1")
    assert len(client.query("1")) == 2


def test_a_save_replaces_the_job_by_one_with_a_new_id(twin, client):
    twin.behave(save="replace")
    first, second = client.saved("1"), client.saved("1")
    assert first != second
    assert [row["jobinfoid"] for row in client.query("1")] == [second]


def test_a_replaced_job_that_was_disabled_stays_so(twin, client):
    twin.behave(save="replace")
    client.saved("1")
    twin.disable("acme", "1")
    client.saved("1")
    assert client.query("1")[0]["jobstatus"] == "disable"


def test_a_list_of_too_many_codes_is_refused(twin, client):
    twin.behave(max_codes=2)
    _, reply = client.post(QUERY, {"codes": "1,2,3"})
    assert reply["resp_msg"] == "too many codes: at most 2"


def test_a_list_of_too_many_codes_is_cut_in_silence(twin, client):
    for code in ("1", "2", "3"):
        client.saved(code)
    twin.behave(max_codes=2, too_many="cut")
    assert [row["bizcode"] for row in client.query("1", "2", "3")] == ["1", "2"]


def test_the_date_of_replies_is_that_of_a_clock_that_is_off():
    with running_twin(clock_skew=86_400.0) as twin:
        connection = http.client.HTTPConnection(twin.url.removeprefix("http://"))
        connection.request("POST", QUERY, json.dumps({"codes": "1", "jobtype": ""}), {"tecode": "acme"})
        told = parsedate_to_datetime(connection.getresponse().headers["Date"])
        connection.close()
    assert timedelta(hours=23) < told - datetime.now(UTC) < timedelta(hours=25)


def test_an_unknown_code_is_a_row_of_nulls(twin, client):
    client.saved("1")
    twin.behave(unknown_code="null-row")
    assert client.query("9", "1")[0] == {
        "jobinfoid": None,
        "cronexpression": None,
        "bizcode": "9",
        "jobstatus": None,
    }


def test_an_unknown_code_makes_the_answer_an_error(twin, client):
    twin.behave(unknown_code="error")
    assert client.post(QUERY, {"codes": "9"}) == (200, {"resp_code": "500", "resp_msg": "no job of code 9"})


@pytest.mark.parametrize(
    ("word", "reply"), [("null-data", {"resp_data": None}), ("no-data", {})], ids=["null", "missing"]
)
def test_where_no_code_has_a_job_the_answer_has_no_data(twin, client, word, reply):
    client.saved("1")
    twin.behave(unknown_code=word)
    assert client.post(QUERY, {"codes": "8,9"}) == (200, reply)
    assert [row["bizcode"] for row in client.query("1", "9")] == ["1"]


def test_ids_are_written_as_numbers_digit_for_digit(still, asking):
    still.behave(ids="number")
    job_id = asking.saved("1085431505565651039")
    (row,) = asking.query("1085431505565651039")
    assert (type(job_id), len(str(job_id)), row["jobinfoid"], row["bizcode"]) == (int, 19, job_id, 1085431505565651039)
    still.advance(timedelta(days=1))
    (run,) = asking.history(str(job_id))["data"]
    assert (run["jobinfoid"], type(run["triggerid"])) == (job_id, int)


def test_an_id_that_is_no_number_stays_a_text(twin, client):
    twin.behave(ids="number")
    client.saved("007")
    client.saved("nightly-report")
    assert [row["bizcode"] for row in client.query("007", "nightly-report")] == ["007", "nightly-report"]


@pytest.mark.parametrize(("word", "on", "off"), [("number", 1, 0), ("boolean", True, False)])
def test_a_status_is_a_number_or_a_boolean_also_of_jobs_that_were_there(twin, client, word, on, off):
    client.saved("1")
    twin.behave(jobstatus=word)
    before = client.query("1")[0]["jobstatus"]
    twin.disable("acme", "1")
    assert (before, client.query("1")[0]["jobstatus"]) == (on, off)
    assert type(before) is type(on)


def test_each_row_stands_there_twice(twin, client):
    client.saved("1")
    client.saved("2")
    twin.behave(repeat_rows="same")
    rows = client.query("1", "2")
    assert ([row["bizcode"] for row in rows], rows[:2]) == (["1", "2", "1", "2"], rows[2:])


def test_each_row_stands_there_twice_with_two_crons(twin, client):
    client.saved("1")
    twin.behave(repeat_rows="other-cron")
    first, second = client.query("1")
    assert (first["jobinfoid"], first["cronexpression"] == second["cronexpression"]) == (second["jobinfoid"], False)


@pytest.mark.parametrize("field", ["cronexpression", "jobinfoid", "jobstatus", "bizcode"])
def test_the_row_of_one_code_holds_a_null(twin, client, field):
    client.saved("1")
    client.saved("2")
    twin.behave(spoilt_code="2", spoilt_field=field)
    first, second = client.query("1", "2")
    assert (None in first.values(), [name for name in second if second[name] is None]) == (False, [field])


@pytest.mark.parametrize(("charset", "codec"), [("GBK", "gbk"), ("x-klingon", "utf-8")])
def test_an_answer_comes_in_a_charset_that_is_declared(twin, client, charset, codec):
    twin.behave(charset=charset, beside="租户不存在")
    reply = client.ask("POST", QUERY, {"codes": "1"})
    assert reply.headers["content-type"] == f"application/json;charset={charset}"
    assert json.loads(reply.read().decode(codec)) == {"error_code": "租户不存在", "resp_data": []}


def test_members_stand_beside_the_data_of_each_answer(twin, client):
    twin.behave(beside='{"success": false, "msg": "慢"}')
    assert client.post(QUERY, {"codes": "1"})[1] == {"success": False, "msg": "慢", "resp_data": []}
    assert client.save("1")["success"] is False
    assert len(twin.jobs("acme")) == 1


def test_errors_stand_beside_empty_data(twin, client):
    twin.behave(errors="beside", unknown_code="error")
    assert client.post(QUERY, {"codes": "9"}) == (200, {"resp_data": [], "error_code": "no job of code 9"})


def test_a_tenant_is_unknown_and_the_others_are_not(twin, client):
    twin.behave(tenant_unknown="acme", errors="beside")
    other = Client(twin.url, "globex")
    assert client.save("1") == {"resp_data": [], "error_code": "租户不存在"}
    assert (other.query("1"), twin.jobs("acme")) == ([], [])
    other.close()


def test_a_cron_is_stored_in_another_spelling(twin, client):
    twin.behave(normalise_cron=True)
    client.saved("1", "0  0 2 ? * mon-fri")
    assert client.query("1")[0]["cronexpression"] == "0 0 2 ? * MON-FRI *"


def test_a_save_enables(twin, client):
    client.saved("1")
    twin.disable("acme", "1")
    twin.behave(save_enables=True)
    client.saved("1")
    assert client.query("1")[0]["jobstatus"] == "enable"


def test_inactive_has_another_word_also_for_jobs_that_were_there(twin, client):
    client.saved("1")
    twin.disable("acme", "1")
    twin.behave(inactive_word="paused")
    assert client.query("1")[0]["jobstatus"] == "paused"


def test_the_acknowledging_id_is_not_the_jobs(twin, client):
    twin.behave(group_job_id="other")
    assert client.saved("1") != client.query("1")[0]["jobinfoid"]


def test_errors_come_with_a_status(twin, client):
    twin.behave(errors="status")
    asked = {"opttype": "save", "jobname": "a", "cronexpression": "x", "bizcode": "1"}
    status, reply = client.post(JOB, {"xw_quartz": asked})
    assert (status, reply["resp_code"]) == (400, "400")


def test_an_unknown_code_is_404_where_errors_come_with_a_status(twin, client):
    twin.behave(errors="status", unknown_code="error")
    assert client.post(QUERY, {"codes": "9"})[0] == 404


def test_more_requests_than_the_rate_are_told_when_to_come_again(twin, client):
    twin.behave(rate=0.01)
    client.ask("POST", QUERY, {"codes": "1"}).read()
    second = client.ask("POST", QUERY, {"codes": "1"})
    assert (second.status, second.headers["retry-after"]) == (429, "100")


def test_a_pace_lets_the_rate_through_in_each_second():
    pace = RequestRate()
    waits = [pace.wait_seconds(2, now) for now in (5.0, 5.1, 5.2, 6.0)]
    assert waits == [0, 0, 1, 0]


def test_one_tenant_is_down_and_the_others_are_not(twin, client):
    twin.behave(tenant_down="acme")
    other = Client(twin.url, "globex")
    assert (client.post(QUERY, {"codes": "1"})[0], other.post(QUERY, {"codes": "1"})[0]) == (503, 200)
    other.close()


@pytest.mark.parametrize(
    ("required", "given", "status"),
    [
        pytest.param("X-Key: secret", {"x-key": "secret"}, 200, id="given"),
        pytest.param("X-Key: secret", {"x-key": "other"}, 401, id="another-value"),
        pytest.param("X-Key: secret", {}, 401, id="missing"),
        pytest.param("X-Key", {"x-key": "any"}, 200, id="any-value-will-do"),
    ],
)
def test_a_header_is_required(twin, client, required, given, status):
    twin.behave(required_header=required)
    assert client.post(QUERY, {"codes": "1"}, **given)[0] == status


def test_the_journal_keeps_rows_for_a_while_only(still, asking):
    job_id = asking.saved("1", "0 0 * * * ?")
    still.advance(timedelta(days=1))
    still.behave(retention=3 * 3600)
    before = asking.history(job_id)["resultCount"]
    still.advance(timedelta(hours=1))
    assert (before, asking.history(job_id)["resultCount"]) == (4, 4)


def test_retention_holds_for_the_file_too(tmp_path):
    file = tmp_path / "twin.db"
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        twin.seed("acme", [{"code": "1", "name": "one", "cron": NIGHTLY}])
        twin.advance(timedelta(days=3))
        twin.behave(retention=24 * 3600)
    with running_twin(db=file, clock=MONDAY + timedelta(days=3), speed=0) as twin:
        assert twin.jobs("acme")[0]["fires"] == 1


def test_the_clock_of_the_service_is_off(still, asking):
    still.behave(clock_skew=-0.348)
    job_id = asking.saved("1")
    still.advance(timedelta(days=1))
    row = asking.history(job_id)["data"][0]
    assert (row["triggertime"], row["updatetime"]) == ("2026-01-05T01:59:59.652+0000", "2026-01-05T01:59:59.652+0000")


def lost(client: Client) -> bool:
    """Whether a save gets no answer."""
    try:
        client.saved("1")
    except (http.client.HTTPException, OSError):
        return True
    return False


def test_a_request_fails_before_the_work(twin, client):
    twin.behave(fail_before=1, operations=["save"])
    assert "resp_data" not in client.save("1")
    assert client.query("1") == []


def test_a_reply_is_lost_after_the_work(twin, client):
    twin.behave(fail_after=1, operations=["save"])
    assert lost(client)
    assert len(twin.jobs("acme")) == 1


def test_the_work_is_done_after_the_connection_was_closed(twin, client):
    twin.behave(late_work=1, late_by=0.2, operations=["save"])
    assert lost(client)
    before = twin.jobs("acme")
    while not twin.jobs("acme"):
        time.sleep(0.01)
    assert before == []


def test_late_work_is_done_before_the_twin_ends_and_does_not_keep_it(tmp_path):
    file = tmp_path / "twin.db"
    with running_twin(db=file) as twin:
        twin.behave(late_work=1, late_by=3600)
        client = Client(twin.url)
        assert lost(client)
    with running_twin(db=file) as twin:
        assert len(twin.jobs("acme")) == 1


def test_an_answer_comes_slowly_and_whole(twin, client):
    twin.behave(slow=1, slow_by=0.01)
    assert len(client.saved("1")) == 19


@pytest.mark.parametrize("flags", [{"slow": 1, "slow_by": 3600}, {"latency": 3600}])
def test_a_twin_that_ends_answers_at_once_whom_it_kept_waiting(flags):
    with ThreadPoolExecutor(1) as pool:
        with running_twin(**flags) as twin:
            client = Client(twin.url)
            status = pool.submit(lambda: client.post(QUERY, {"codes": "1"})[0])
            while not twin.requests.open_requests:
                time.sleep(0.01)
        assert status.result() == 200
    client.close()


def test_half_a_body_comes(twin, client):
    twin.behave(half_body=1)
    with pytest.raises(http.client.IncompleteRead):
        client.saved("1")


def test_the_connection_is_reset_amid_the_body(twin, client):
    twin.behave(reset=1)
    with pytest.raises(ConnectionResetError):
        client.saved("1")


def test_a_page_comes_in_place_of_the_answer(twin, client):
    twin.behave(html=1)
    reply = client.ask("POST", QUERY, {"codes": "1"})
    assert (reply.status, reply.headers["content-type"], reply.read()[:6]) == (502, "text/html", b"<html>")


def test_faults_meet_only_the_operations_that_were_chosen(twin, client):
    twin.behave(html=1, operations="save")
    assert client.query("1") == []


def test_about_the_share_of_requests_meets_a_fault():
    faults, habits = Faults(1), Habits(html=0.2, slow=0.1)
    drawn = [faults.draw(habits, "query") for _ in range(10_000)]
    assert drawn.count(Fault.HTML) == pytest.approx(2000, rel=0.1)
    assert drawn.count(Fault.SLOW) == pytest.approx(1000, rel=0.1)


def test_the_same_seed_gives_the_same_faults(twin, client):
    def statuses(seed: int) -> list[int]:
        twin.behave(html=0.5, random_seed=seed)
        replies = []
        for _ in range(20):
            reply = client.ask("POST", QUERY, {"codes": "1"})
            reply.read()
            replies.append(reply.status)
        return replies

    assert statuses(7) != statuses(8)
    assert statuses(7) == statuses(7)


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param({"max_codes": 0}, id="zero-codes"),
        pytest.param({"max_codes": "10"}, id="a-number-as-a-text"),
        pytest.param({"max_codes": True}, id="a-truth-as-a-number"),
        pytest.param({"save": "insert"}, id="an-unknown-word"),
        pytest.param({"html": 1.5}, id="a-share-above-1"),
        pytest.param({"html": 0.6, "reset": 0.6}, id="shares-above-1-together"),
        pytest.param({"latency": -1}, id="a-negative-duration"),
        pytest.param({"latency": float("nan")}, id="not-a-number"),
        pytest.param({"retention": float("inf")}, id="without-end"),
        pytest.param({"clock_skew": 1e12}, id="beyond-the-calendar"),
        pytest.param({"tenant_down": ""}, id="an-empty-text"),
        pytest.param({"save_enables": "yes"}, id="a-word-as-a-truth"),
        pytest.param({"save": None}, id="null-where-there-is-no-off"),
        pytest.param({"operations": ["delete"]}, id="an-unknown-operation"),
        pytest.param({"colour": 1}, id="an-unknown-flag"),
    ],
)
def test_a_value_that_does_not_fit_its_flag_is_refused(flags):
    with pytest.raises(SettingError):
        Habits().changed(flags)


def test_a_flag_is_switched_off_by_null():
    assert Habits(max_codes=3).changed({"max_codes": None}) == Habits()


def test_flags_come_through_json_unchanged():
    flags = Habits(max_codes=3, html=0.5, operations=("save",))
    assert Habits().changed(json.loads(json.dumps(flags.as_json()))) == flags


def test_latency_given_at_the_start_is_a_flag():
    with running_twin(latency=0.01) as twin:
        client = Client(twin.url)
        assert client.get("/_twin/awkward")["latency"] == 0.01
        client.close()


def test_habits_go_together(still, asking):
    still.behave(
        max_codes=3,
        too_many="cut",
        unknown_code="null-row",
        normalise_cron=True,
        save="append",
        group_job_id="other",
        errors="status",
        inactive_word="paused",
        tenant_down="globex",
        required_header="X-Key: secret",
        clock_skew=-0.348,
        latency=0.001,
        tenant_unknown="initech",
        fail_after=1,
        operations=["history"],
        retention=3 * 86400,
    )
    asking.headers["X-Key"] = "secret"
    for code in ("1", "2", "2"):
        asking.saved(code, "0 0 2 * * ?")
    still.disable("acme", "1")
    status, refused = asking.post(JOB, {"xw_quartz": {"opttype": "save"}})
    rows = asking.query("1", "2", "8", "9")
    assert (status, sorted(refused)) == (400, ["resp_code", "resp_msg"])
    assert [(row["bizcode"], row["cronexpression"], row["jobstatus"]) for row in rows] == [
        ("1", "0 0 2 * * ? *", "paused"),
        ("2", "0 0 2 * * ? *", "enable"),
        ("2", "0 0 2 * * ? *", "enable"),
        ("8", None, None),
    ]
    with pytest.raises((http.client.HTTPException, OSError)):
        asking.history(rows[1]["jobinfoid"])


def test_every_setting_of_a_twin_has_an_option_with_its_default():
    settings = {one.name: one.default for one in fields(TwinSettings) if one.name != "habits"}
    options = {option.name: option.default for option in twin_command.params if option.name not in HABITS}
    assert options == settings


def test_every_share_is_a_fault():
    assert set(SHARES) == set(Fault)


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_has_an_effect_and_a_test(name):
    own = {Path(habits.__file__), Path(__file__)}
    texts = {path: path.read_text(encoding="utf-8") for path in Path(habits.__file__).parent.glob("*.py")}
    assert name in SHARES or any(
        re.search(rf"\bhabits\.{name}\b", text) for path, text in texts.items() if path not in own
    ), f"nothing in the twin acts by {name}"
    assert re.search(rf"\b{name}=|\"{name}\"", Path(__file__).read_text(encoding="utf-8")), f"no test sets {name}"


def test_no_flag_has_the_name_of_a_setting():
    assert {one.name for one in fields(TwinSettings)} & set(HABITS) == set()


def test_the_seed_of_chance_changes_which_runs_fail_while_it_runs():
    def failures(twin) -> list[object]:
        twin.advance(timedelta(days=1))
        (job,) = twin.jobs("acme")
        client = Client(twin.url)
        rows = client.history(job["jobinfoid"], size=24)["data"]
        client.close()
        return [row["exestatus"] for row in rows]

    with running_twin(clock=MONDAY, speed=0, failure_rate=0.5) as twin:
        twin.seed("acme", [{"code": "1", "name": "one", "cron": "0 0 * * * ?"}])
        first = failures(twin)
    with running_twin(clock=MONDAY, speed=0, failure_rate=0.5) as twin:
        twin.seed("acme", [{"code": "1", "name": "one", "cron": "0 0 * * * ?"}])
        twin.behave(random_seed=1)
        assert failures(twin) != first

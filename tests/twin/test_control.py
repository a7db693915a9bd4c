"""Steering a twin from outside: `/_twin/`, asked by the client behind `reconcile twin ctl`."""

from __future__ import annotations

import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconcile.errors import ServiceError, SettingError
from reconcile.twin.control_client import TwinControl
from reconcile.twin.habits import Habits
from reconcile.twin.testing import running_twin
from tests.twin.asking import MONDAY, NIGHTLY, QUERY

ONE = {"code": "1", "name": "one", "cron": NIGHTLY}
TWO = {"code": "2", "name": "two", "cron": "0 0 * * * ?", "status": "disable", "jobinfoid": "42"}


@pytest.fixture
def ctl(still):
    steering = TwinControl(still.url)
    steering.seed({"tenants": {"acme": [ONE, TWO]}})
    return steering


def test_a_seed_is_added_to_what_is_there(ctl):
    assert ctl.seed({"tenants": {"acme": [ONE], "globex": [ONE]}}) == 2
    assert [job["code"] for job in ctl.jobs("acme")] == ["1", "1", "2"]


def test_a_seeded_job_has_the_id_and_the_status_that_it_was_given(ctl):
    job = ctl.jobs("acme")[1]
    assert (job["jobinfoid"], job["status"], job["next_fire"]) == ("42", "disable", None)


@pytest.mark.parametrize(
    ("seed", "says"),
    [
        pytest.param([], 'no object "tenants"', id="no-object"),
        pytest.param({"tenants": []}, 'no object "tenants"', id="no-tenants"),
        pytest.param({"tenants": {" ": []}}, "must have a name", id="a-blank-tenant"),
        pytest.param({"tenants": {"acme": {}}}, "be a list of jobs", id="jobs-as-an-object"),
        pytest.param({"tenants": {"acme": ["1"]}}, "job 1 of tenant acme is not an object", id="a-job-as-a-text"),
        pytest.param({"tenants": {"acme": [{"code": "1", "name": "a"}]}}, "lacks its text 'cron'", id="no-cron"),
        pytest.param({"tenants": {"acme": [ONE | {"crom": "x"}]}}, "has 'crom'", id="an-unknown-key"),
        pytest.param({"tenants": {"acme": [ONE | {"status": "off"}]}}, "has the status 'off'", id="an-unknown-status"),
        pytest.param(
            {"tenants": {"acme": [TWO, TWO]}}, "two jobs of tenant acme have the jobinfoid 42", id="an-id-twice"
        ),
    ],
)
def test_what_is_no_seed_is_refused_with_a_reason(still, seed, says):
    with pytest.raises(ServiceError, match=re.escape(says) + "|not a JSON object"):
        TwinControl(still.url).seed(seed)


def test_a_seeded_id_that_another_job_has_is_refused(ctl):
    with pytest.raises(ServiceError, match="already has a job with the jobinfoid 42"):
        ctl.seed({"tenants": {"acme": [ONE, TWO]}})
    assert len(ctl.jobs("acme")) == 2


def test_a_change_touches_only_what_it_names(ctl):
    assert ctl.change("acme", "1", cron="0 0 3 * * ?") == 1
    job = ctl.jobs("acme")[0]
    assert (job["name"], job["cron"], job["status"]) == ("one", "0 0 3 * * ?", "enable")


def test_a_job_is_disabled_and_enabled(ctl):
    ctl.change("acme", "1", status="disable")
    ctl.change("acme", "2", status="enable")
    assert [job["status"] for job in ctl.jobs("acme")] == ["disable", "enable"]


def test_a_duplicate_is_another_row_of_the_code(ctl):
    twin_id = ctl.duplicate("acme", "1")
    first, second = ctl.jobs("acme")[:2]
    assert (second["jobinfoid"], second["code"], second["cron"]) == (twin_id, "1", first["cron"])
    assert first["jobinfoid"] != twin_id


def test_one_row_of_a_duplicate_is_deleted_by_its_id(ctl):
    twin_id = ctl.duplicate("acme", "1")
    assert ctl.delete("acme", "1", job_id=twin_id) == 1
    assert [job["code"] for job in ctl.jobs("acme")] == ["1", "2"]


def test_all_rows_of_a_code_are_deleted(ctl):
    ctl.duplicate("acme", "1")
    assert ctl.delete("acme", "1") == 2


def test_an_inserted_row_stands_at_its_place_in_the_journal(ctl, asking):
    ctl.set_clock(advance="3d")
    row = {"fired": "2026-01-06T12:00:00+08:00", "took_ms": 5, "exedes": "by hand", "runtype": "manual"}
    ctl.insert_rows("acme", "1", [row])
    listing = asking.history(ctl.jobs("acme")[0]["jobinfoid"])
    shown = listing["data"][1]
    assert (shown["triggertime"], shown["exedes"], shown["exestatus"], shown["runtype"]) == (
        "2026-01-06T04:00:00.000+0000",
        "by hand",
        "failure",
        "manual",
    )


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"fired": "yesterday"},
        {"fired": "2026-01-06T12:00:00"},
        {"fired": "2026-01-06T12:00:00Z", "took_ms": "1"},
        {"fired": "2026-01-06T12:00:00Z", "took_ms": 10**30},
        {"fired": "2026-01-06T12:00:00Z", "exedes": 1},
        {"fired": "1969-01-06T12:00:00Z"},
    ],
)
def test_a_row_without_an_instant_or_of_another_kind_is_refused(ctl, row):
    with pytest.raises(ServiceError, match=r"journal row|not an instant|no times before 1970"):
        ctl.insert_rows("acme", "1", [row])


def test_what_has_no_job_cannot_be_changed(ctl):
    with pytest.raises(ServiceError, match="tenant acme has no job of code 9"):
        ctl.change("acme", "9", name="nine")


def test_a_change_with_an_unknown_status_is_refused(ctl):
    with pytest.raises(ServiceError, match="must be enable or disable"):
        ctl.change("acme", "1", status="paused")


def test_a_week_is_advanced_at_once(ctl):
    told = ctl.set_clock(advance="7d")
    assert told["now"] == "2026-01-12T00:00:00.000+00:00"
    assert [job["fires"] for job in ctl.jobs("acme")] == [7, 0]


def test_the_clock_is_put_and_jobs_count_from_there(ctl):
    ctl.set_clock(now="2025-06-01T00:00:00+08:00")
    job = ctl.jobs("acme")[0]
    assert (job["next_fire"], job["fires"]) == ("2025-06-01T02:00:00+00:00", 0)


def test_the_speed_is_changed(ctl):
    assert ctl.set_clock(speed=0.5)["speed"] == 0.5


@pytest.mark.parametrize(
    "told",
    [
        {"advance": "1 week"},
        {"now": "noon"},
        {"speed": -1},
        {"sped": 1},
        {"advance": 7},
        {"advance": "9999999d"},
        {"now": "0001-01-01T00:00:00Z"},
        {"speed": True},
    ],
)
def test_what_is_no_setting_of_the_clock_is_refused(ctl, asking, told):
    status, reply = asking.post("/_twin/clock", told)
    assert (status, sorted(reply)) == (400, ["error", "hint"])


def test_an_export_is_imported_as_it_was(ctl, asking):
    ctl.insert_rows("acme", "1", [{"fired": "2026-01-01T00:00:00Z", "exedes": "x", "runtype": "manual"}])
    ctl.set_clock(advance="3d")
    before = ctl.export()
    ctl.reset()
    emptied = ctl.jobs("acme")
    ctl.import_all(before)
    assert emptied == []
    assert ctl.export()["tenants"] == before["tenants"]


def test_an_imported_id_is_not_given_out_again(ctl):
    for _ in range(5):
        ctl.duplicate("acme", "1")
    with running_twin() as other:
        control = TwinControl(other.url)
        control.import_all(ctl.export())
        ids = [job["jobinfoid"] for job in control.jobs("acme")]
        assert [control.duplicate("acme", "1") in ids for _ in range(20)] == [False] * 20


def test_an_import_that_is_none_changes_nothing(ctl):
    before = ctl.export()
    broken = json.loads(json.dumps(before))
    broken["tenants"]["acme"][0]["journal"] = [["when", 0, "", {}]]
    with pytest.raises(ServiceError, match="not one of an export"):
        ctl.import_all(broken)
    assert ctl.export() == before


def test_statistics_count_requests_saves_and_codes(ctl, asking):
    asking.save("1")
    asking.save("1")
    asking.query("1", "2", "3")
    counted = ctl.statistics()
    assert counted["requests"] == {"query": 1, "save": 2}
    assert counted["saves"] == {"acme": {"1": 2}}
    assert counted["codes_asked"] == 3


def test_a_refused_save_is_not_counted_as_a_save_of_its_key(ctl, asking):
    asking.save("1", "not a cron")
    assert ctl.statistics()["saves"] == {}


def test_statistics_tell_the_highest_concurrency():
    with running_twin(latency=0.2) as twin:
        control = TwinControl(twin.url)

        def ask(_number: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", int(twin.url.rsplit(":", 1)[1]))
            connection.request("POST", QUERY, b'{"codes":"1"}', {"tecode": "acme"})
            connection.getresponse().read()
            connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, range(4)))
        assert 2 <= control.statistics()["highest_concurrency"] <= 4


def test_statistics_begin_anew_when_told(ctl, asking):
    asking.save("1")
    ctl.reset_statistics()
    assert ctl.statistics()["requests"] == {}


def test_flags_are_changed_one_by_one_and_switched_off_together(ctl):
    ctl.behave({"max_codes": 10})
    both = ctl.behave({"too_many": "cut"})
    assert (both["max_codes"], both["too_many"]) == (10, "cut")
    assert ctl.behave_well() == Habits().as_json()
    assert ctl.habits() == Habits().as_json()


def test_a_flag_that_does_not_exist_is_refused_with_a_hint(ctl):
    with pytest.raises(ServiceError, match="no habit 'max_code'") as refused:
        ctl.behave({"max_code": 10})
    assert "max_codes" in refused.value.hint


def test_a_form_of_another_site_cannot_steer_the_twin(ctl, asking):
    status, _reply = asking.post("/_twin/reset", {}, **{"Content-Type": "text/plain"})
    assert status == 415
    assert len(ctl.jobs("acme")) == 2


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"now": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(asking, body):
    assert asking.post("/_twin/clock", body)[0] == 400


def test_a_twin_that_is_not_there_is_named(still):
    with running_twin() as gone:
        control = TwinControl(gone.url)
    with pytest.raises(ServiceError, match=re.escape(gone.url)):
        control.clock()


def test_something_else_than_a_twin_is_recognised(target_of_text):
    with pytest.raises(ServiceError, match="is not a twin"):
        TwinControl(target_of_text).clock()


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "https://127.0.0.1:8001", "http://"])
def test_what_is_not_the_url_of_a_twin_is_refused(url):
    with pytest.raises(SettingError, match="not the URL of a twin"):
        TwinControl(url)


def test_the_start_of_the_clock_is_where_the_twin_begins():
    with running_twin(clock=MONDAY, speed=0, timezone="Asia/Shanghai") as twin:
        assert TwinControl(twin.url).clock() == {
            "now": "2026-01-05T08:00:00.000+08:00",
            "speed": 0,
            "timezone": "Asia/Shanghai",
        }

"""Saves over real HTTP that go wrong: what was saved is found out by reading, and nothing is saved twice blindly."""

from __future__ import annotations

import json

import pytest

from tests.journeys.conftest import TENANT, WORKSPACE, rules


@pytest.fixture
def cautious(write, service):
    """The same workspace, which does not say that saving updates."""
    text = WORKSPACE.format(url=service.url)
    write("reconcile.yaml", text.replace("    service:\n      save: upsert\n", ""))


def on_save(answer):
    """Answer saves with ``answer(tenant, wanted)``, and leave queries alone."""
    return lambda tenant, body: answer(tenant, body["xw_quartz"]) if "xw_quartz" in body else None


def outcomes(run):
    return {change["code"]: (change["outcome"]["result"], change["outcome"]["reason"]) for change in run["changes"]}


@pytest.mark.slow
def test_a_save_behind_a_gateway_that_gave_up_is_found_done_and_not_made_again(program, service):
    def saved_and_lost(tenant, wanted):
        service.save(tenant, wanted)
        return 504, b"gateway time-out"

    service.hook = on_save(saved_and_lost)
    code, run = program.json("apply", "--yes")
    assert (code, set(outcomes(run).values())) == (0, {("verified", "saved")})
    assert len(service.saves) == 3


@pytest.mark.slow
def test_a_create_that_was_lost_is_left_to_the_next_run_where_saving_may_append(program, service, cautious):
    asked = []

    def lost(tenant, wanted):
        asked.append(wanted["bizcode"])
        return 500, b"who knows"

    service.hook = on_save(lost)
    code, run = program.json("apply", "--yes", "--code", "1")
    assert (code, outcomes(run), asked) == (4, {"1": ("unknown", "lost-reply")}, ["1"])
    service.hook = on_save(service.save)
    assert program("apply", "--yes").code == 0


def test_a_refused_save_is_made_again_and_then_done(program, service):
    refused = []

    def busy_once(tenant, wanted):
        if wanted["bizcode"] in refused:
            return None
        refused.append(wanted["bizcode"])
        return 429, b"slow down"

    service.hook = on_save(busy_once)
    code, run = program.json("apply", "--yes")
    assert (code, set(outcomes(run).values())) == (0, {("verified", "saved")})
    assert sorted(refused) == sorted(code for _, code, _, _ in service.saves)


def test_a_service_that_says_no_to_a_save_is_quoted_and_the_others_are_saved(program, service):
    service.hook = on_save(lambda _, wanted: (422, "表达式不支持".encode()) if wanted["bizcode"] == "2" else None)
    code, run = program.json("apply", "--yes")
    assert code == 4
    assert outcomes(run) == {"1": ("verified", "saved"), "2": ("failed", "rejected"), "3": ("verified", "saved")}
    assert "HTTP 422: 表达式不支持" in json.dumps(run, ensure_ascii=False)


def test_a_service_that_appends_is_noticed_at_the_first_update_and_nothing_more_is_saved(program, service, cautious):
    for code in ("1", "2", "3"):
        service.put("acme", code, "0 0 5 * * ?")

    def append(tenant, wanted):
        row = {"jobinfoid": "new", "cronexpression": wanted["cronexpression"], "bizcode": wanted["bizcode"]}
        service.jobs[tenant, wanted["bizcode"]].append(row | {"jobstatus": "enable"})
        service.saves.append((tenant, wanted["bizcode"], wanted["cronexpression"], wanted["jobname"]))
        return 200, b'{"resp_data": {"group_job_id": "new"}}'

    service.hook = on_save(append)
    code, run = program.json("apply", "--yes")
    assert code == 4
    assert outcomes(run) == {
        "1": ("mismatched", "duplicated"),
        "2": ("refused", "save-appends"),
        "3": ("refused", "save-appends"),
    }
    assert [finding["rule"] for finding in run["findings"]] == ["save-appends"]
    assert [code for _, code, _, _ in service.saves] == ["1"]


def test_a_service_that_is_gone_between_plan_and_apply_saves_nothing_and_exits_one(program, service):
    program("plan", "--out", "plan.json")
    service.hook = lambda *_: (401, b"who are you?")
    code, run = program.json("apply", "plan.json", "--yes")
    assert (code, set(outcomes(run).values()), service.saves) == (1, {("failed", "unreadable")}, [])


def test_a_save_that_was_acknowledged_is_believed_only_when_it_reads_back(program, service):
    def moved(_, wanted):
        service.put("acme", wanted["bizcode"], "0 0 6 * * ?")
        return 200, b'{"resp_data": {"group_job_id": "1-0"}}'

    service.put("acme", "1", "0 0 5 * * ?")
    service.hook = on_save(moved)
    code, run = program.json("apply", "--yes", "--code", "1")
    assert (code, outcomes(run)) == (4, {"1": ("mismatched", "other-live")})


@pytest.mark.parametrize(
    "live", [pytest.param("0 0 2 * * ?", id="only-paused"), pytest.param("0 0 5 * * ?", id="changed")]
)
def test_a_job_that_no_save_makes_active_is_never_called_done_where_that_was_asked_for(program, service, live):
    service.put("acme", "1", live, status="off")
    asked = ("apply", "--yes", "--code", "1", "--allow-inactive", "--enable-inactive")
    for _ in range(2):
        code, run = program.json(*asked)
        assert (code, outcomes(run)) == (4, {"1": ("mismatched", "still-inactive")})
    (told,) = [one["outcome"] for one in run["changes"]]
    assert "the job is still inactive" in told["message"]
    assert "service.save_enables" in told["hint"]
    # Without being asked for, a paused job is attention.
    assert program("apply", "--yes", "--code", "1").code == 0


def test_on_a_service_that_was_seen_to_append_no_second_key_is_doubled(applied, service, write):
    write("reconcile.yaml", WORKSPACE.format(url=service.url).replace("save: upsert", "save: unknown"))

    def doubling(tenant, body):
        wanted = body.get("xw_quartz", {})
        if wanted.get("opttype") == "save":
            rows = service.jobs.setdefault((tenant, wanted["bizcode"]), [])
            service.saves.append((tenant, wanted["bizcode"], wanted["cronexpression"], wanted["jobname"]))
            rows.append({**rows[0], "jobinfoid": "99", "cronexpression": wanted["cronexpression"]})
            return 200, b'{"resp_data": {"group_job_id": "99"}}'
        return None

    service.hook = doubling
    write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5"))
    saved = len(service.saves)
    assert applied("apply", "--yes").code == 4
    assert len(service.saves) == saved + 1
    code, run = applied.json("apply", "--yes")
    assert (code, set(rules(run)), len(service.saves)) == (3, {"save-appends"}, saved + 1)
    assert run["refusals"][0]["setting"] == "service.save"
    assert "save-appends" in rules(applied.json("plan")[1])
    _, drift = applied.json("drift")
    assert [one["code"] for one in drift["keys"] if "duplicate" in one["conditions"]] != []

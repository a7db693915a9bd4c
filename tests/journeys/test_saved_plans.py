"""A saved plan: applied once, resumed, tied to what was reviewed, and judged by the guards of today."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import FIRST, TENANT, rules, run_ids, verdicts

BAD = TENANT.replace("0 0 2", "0 0 3")


@pytest.fixture
def gone_bad(applied, declare):
    """Then something bad was applied; gives the id of that run too."""
    declare(BAD)
    assert applied("apply", "--yes").code == 0
    return applied, run_ids(applied)[0]


def cron(service, code="1"):
    return service.jobs["acme", code][0]["cronexpression"]


def test_a_finished_plan_is_used_up_and_an_unfinished_one_resumes(program, service, declare):
    program("plan", "--out", "plan.json")
    refuse = {"2"}
    service.hook = lambda _, body: (403, b"{}") if body.get("xw_quartz", {}).get("bizcode") in refuse else None
    assert program("apply", "plan.json", "--yes").code == 4
    refuse.clear()
    code, run = program.json("apply", "plan.json", "--yes")
    assert (code, {one["code"]: one["outcome"]["reason"] for one in run["changes"]}) == (
        0,
        {"1": "already-as-desired", "2": "saved", "3": "already-as-desired"},
    )
    code, refused = program.json("apply", "plan.json", "--yes")
    assert (code, rules(refused)) == (3, ["plan-used"])
    assert program("show", "plan.json").code == 0


def test_the_same_plan_made_anew_is_another_plan(program, service):
    program("plan", "--out", "one.json", SOURCE_DATE_EPOCH="1000")
    assert program("apply", "one.json", "--yes").code == 0
    service.jobs.clear()
    program("plan", "--out", "two.json", "--recreate", SOURCE_DATE_EPOCH="2000")
    assert program("apply", "two.json", "--yes", "--recreate").code == 0


def test_an_apply_can_be_tied_to_what_was_reviewed(program, service, declare):
    digest = program.json("plan")[1]["desired_digest"]
    declare(TENANT.replace("0 0 2", "0 0 3"))
    code, refused = program.json("apply", "--yes", "--expect-desired", digest)
    assert (code, rules(refused), service.saves) == (3, ["unexpected-declarations"], [])
    declare()
    assert program("apply", "--yes", "--expect-desired", digest[:6]).code == 3
    _, refused = program.json("apply", "--yes", "--expect-desired", "")  # as of a commit without such a line
    assert "must hold the line `Desired: …`" in refused["errors"][0]["hint"]
    assert program("apply", "--yes", "--expect-desired", digest[:12]).code == 0


def test_what_an_unfinished_run_saved_stays_its_own_when_another_one_resumes(program, service, declare):
    service.put("acme", "1", "0 0 9 * * ?")
    service.put("acme", "2", "0 0 9 * * ?")
    program("plan", "--out", "plan.json")
    refuse = {"2"}
    service.hook = lambda _, body: (403, b"{}") if body.get("xw_quartz", {}).get("bizcode") in refuse else None
    assert program("apply", "plan.json", "--yes").code == 4
    refuse.clear()
    assert program("apply", "plan.json", "--yes").code == 0
    assert program("rollback", run_ids(program)[1], "--yes", "--code", "1").code == 0
    assert cron(service) == "0 0 9 * * ?"


def test_an_old_plan_does_not_say_what_was_last_applied_to_what_it_left_alone(applied, service, declare):
    declare(TENANT.replace("0 0 4", "0 0 5"))
    applied("plan", "--out", "old.json")
    declare(BAD.replace("0 0 4", "0 0 5"))
    assert applied("apply", "--yes", "--code", "1").code == 0
    declare(TENANT.replace("0 0 4", "0 0 5"))
    assert applied("apply", "old.json", "--yes").code == 0
    assert verdicts(applied.json("plan")[1]) == {"1": "pending"}


def test_what_was_protected_since_a_plan_was_made_is_refused(applied, service, declare):
    declare(BAD)
    applied("plan", "--out", "plan.json")
    declare(BAD.replace('"0 0 3 * * ?"', '"0 0 3 * * ?"\n    protect: true'))
    code, run = applied.json("apply", "plan.json", "--yes")
    assert (code, rules(run), cron(service)) == (3, ["protected"], "0 0 2 * * ?")
    assert applied("apply", "plan.json", "--yes", "--allow-protected").code == 0


def test_a_plan_that_parks_what_was_removed_needs_the_same_word_when_it_is_applied(applied, service, declare):
    declare(TENANT.replace(FIRST, ""))
    applied("plan", "--out", "plan.json", "--park-removed")
    code, run = applied.json("apply", "plan.json", "--yes")
    assert (code, rules(run), cron(service)) == (3, ["removed"], "0 0 2 * * ?")
    declare()
    code, refused = applied.json("apply", "plan.json", "--yes", "--park-removed")
    assert (code, rules(refused), cron(service)) == (3, ["plan-stale"], "0 0 2 * * ?")
    assert "acme/1" in refused["errors"][0]["message"]


def test_a_plan_that_is_older_than_a_rollback_does_not_undo_it(gone_bad, service, declare):
    program, bad = gone_bad
    service.put("acme", "1", "0 0 2 * * ?")
    program("plan", "--out", "plan.json")
    service.put("acme", "1", "0 0 3 * * ?")
    assert program("rollback", bad, "--yes").code == 0
    code, run = program.json("apply", "plan.json", "--yes")
    assert (code, rules(run), cron(service)) == (3, ["held"], "0 0 2 * * ?")

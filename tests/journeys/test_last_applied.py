"""What is last applied, by the ledger: who moved, what is gone, what changed its name."""

from __future__ import annotations

from tests.journeys.conftest import FIRST, TENANT, rules, verdicts


def test_a_first_apply_begins_a_ledger_that_git_ignores(program, tmp_path):
    _, plan = program.json("plan")
    assert (plan["last_applied"], (tmp_path / ".reconcile").exists()) == ("none", False)
    _, run = program.json("apply", "--yes")
    assert "two-way, no orphans; nothing counts as vanished, held" in run["assumptions"][0]
    assert (tmp_path / ".reconcile" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    _, plan = program.json("plan")
    assert (plan["last_applied"], "no lock" in plan["assumptions"][0]) == ("ledger", False)


def test_a_reviewer_sees_who_moved(applied, service, declare):
    declare(TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5"))
    service.put("acme", "2", "0 0 * * * ?")
    service.put("acme", "3", "0 0 6 * * ?")
    _, plan = applied.json("plan")
    assert verdicts(plan) == {"1": "pending", "2": "drifted", "3": "conflicting"}
    output = applied("plan").out
    assert "pending (Git moved; last applied 0 0 2 * * ?)" in output
    assert "drifted (live moved; last applied 0 0/30 * * * ?)" in output
    assert "conflicting (Git and live moved; last applied 0 0 4 * * ?)" in output
    code, drift = applied.json("drift")
    assert (code, [key["code"] for key in drift["keys"] if key["moved"]]) == (2, ["2", "3"])


def test_what_was_found_in_sync_is_known_as_applied_too(program, service, declare):
    service.put("acme", "1", "0 0 2 ? * *")
    program("apply", "--yes")
    declare(TENANT.replace(FIRST, ""))
    _, plan = program.json("plan")
    assert verdicts(plan) == {"1": "orphan"}


def test_a_plan_applied_from_a_file_makes_what_it_saw_in_sync_known_too(program, service, declare):
    service.put("acme", "1", "0 0 2 ? * *")
    program("plan", "--out", "plan.json")
    assert program("apply", "plan.json", "--yes").code == 0
    declare(TENANT.replace(FIRST, ""))
    assert verdicts(program.json("plan")[1]) == {"1": "orphan"}


def test_an_orphan_is_reported_and_parked_only_when_asked(applied, service, declare):
    declare(TENANT.replace(FIRST, ""))
    code, plan = applied.json("plan", "--detailed-exitcode")
    assert (code, verdicts(plan)) == (0, {"1": "orphan"})
    assert applied("apply", "--yes").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"
    assert applied("drift").code == 0
    assert applied("drift", "--strict").code == 2
    assert applied("apply", "--yes", "--park-removed").code == 0
    assert service.saves[-1] == ("acme", "1", "0 0 0 1 1 ? 2099", "订单同步")
    code, plan = applied.json("plan")
    assert (plan["changes"], plan["attention"], applied("drift", "--strict").code) == ([], [], 0)


def test_a_selection_never_makes_orphans(applied, declare):
    declare(TENANT.replace(FIRST, ""))
    assert applied.json("plan", "--code", "2")[1]["attention"] == []


def test_what_vanished_is_created_again_only_when_asked(applied, service):
    del service.jobs["acme", "1"]
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (3, ["vanished"])
    assert applied("drift").code == 2
    assert applied("apply", "--yes", "--recreate").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"


def test_a_name_that_changed_is_written_only_when_asked(applied, service, declare):
    declare(TENANT.replace("订单同步", "订单同步二"))
    _, plan = applied.json("plan")
    assert (plan["changes"], "--include-renames" in plan["attention"][0]["hint"]) == ([], True)
    saved = len(service.saves)
    assert applied("apply", "--yes").code == 0
    assert len(service.saves) == saved
    assert applied("apply", "--yes", "--include-renames").code == 0
    assert service.saves[saved:] == [("acme", "1", "0 0 2 * * ?", "订单同步二")]
    assert applied.json("plan")[1]["attention"] == []


def test_a_new_name_explains_why_git_moved(applied, service, declare):
    declare(TENANT.replace("订单同步", "订单同步二"))
    service.put("acme", "1", "0 0 9 * * ?")
    assert "conflicting (Git and live moved; last applied 0 0 2 * * ? as 订单同步)" in applied("drift").out


def test_drift_is_held_where_the_workspace_says_so(applied, service, declare):
    declare(more="on_drift: hold\n")
    service.put("acme", "1", "0 0 7 * * ?")
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (3, ["changed-by-hand"])
    assert applied("apply", "--yes", "--accept-drift").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"


def test_what_differs_after_a_rebuild_counts_as_pending(program, service):
    service.put("acme", "1", "0 0 9 * * ?")
    assert program("ledger", "rebuild").code == 0
    _, plan = program.json("plan")
    assert verdicts(plan)["1"] == "pending"


def test_a_protected_schedule_stays_protected_once_its_file_is_gone(applied, service, declare, tmp_path):
    """The ledger keeps the declaration: no commit need be read, and this folder is in no repository."""
    declare(TENANT.replace(FIRST, FIRST + "    protect: true\n"))
    assert applied("apply", "--yes").code == 0
    declare(TENANT.replace(FIRST, ""))
    assert "declared nowhere, before in schedules/tenants/acme.yaml" in applied("plan", "--park-removed").out
    code, run = applied.json("apply", "--yes", "--park-removed")
    assert (code, rules(run)) == (3, ["protected"])
    (change,) = [one for one in run["changes"] if one["code"] == "1"]
    assert change["desired"]["removed_from"] == "schedules/tenants/acme.yaml"
    assert [job["cronexpression"] for job in service.jobs["acme", "1"]] == ["0 0 2 * * ?"]
    assert applied("apply", "--yes", "--park-removed", "--allow-protected").code == 0

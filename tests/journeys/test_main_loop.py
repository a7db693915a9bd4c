"""The main loop, over real HTTP: what is declared becomes live, and is read back."""

from __future__ import annotations

import json
import re

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE


def test_declarations_become_live_and_then_there_is_nothing_to_do(program, service):
    service.put("acme", "2", "0 0 * * * ?")
    code, plan = program.json("plan")
    assert (code, plan["summary"]["create"], plan["summary"]["update"]) == (0, 2, 1)
    code, run = program.json("apply", "--yes")
    assert (code, run["summary"]["verified"]) == (0, 3)
    assert sorted(service.saves) == [
        ("acme", "1", "0 0 2 * * ?", "订单同步"),
        ("acme", "2", "0 0/30 * * * ?", "对账"),
        ("acme", "3", "0 0 4 * * ?", "清理"),
    ]
    ended = program("plan", "--detailed-exitcode")
    assert ended.code == 0
    assert "\nNo changes.\nDesired: " in ended.out


def test_a_saved_plan_is_applied_as_it_was_reviewed(program, service):
    program("plan", "--out", "plan.json")
    assert program("apply", "plan.json", "--yes").code == 0
    assert len(service.saves) == 3


def test_a_saved_plan_is_refused_once_the_declarations_say_something_else(program, service, write):
    program("plan", "--out", "plan.json")
    write("tenants/acme.yaml", "tenant: acme\nschedules: []\n")
    code, refused = program.json("apply", "plan.json", "--yes")
    assert (code, [refusal["rule"] for refusal in refused["refusals"]]) == (3, ["plan-stale"])
    assert "acme/1, acme/2, acme/3" in refused["errors"][0]["message"]
    assert service.saves == []


def test_the_saved_plan_is_what_plan_printed(program, tmp_path):
    ended = program("plan", "--format", "json", "--out", "plan.json", "--report", "markdown=plan.md")
    assert (tmp_path / "plan.json").read_text(encoding="utf-8") == ended.out
    assert "订单同步" in (tmp_path / "plan.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["text", "json", "markdown"])
def test_show_prints_a_saved_plan_as_plan_did(program, name):
    planned = program("plan", "--format", name, "--out", "plan.json")
    assert program("show", "plan.json", "--format", name).out == planned.out


def test_plan_never_saves(program, service):
    program("plan")
    program("drift")
    assert service.saves == []


def test_the_same_fires_in_other_words_are_no_change(program, service):
    service.put("acme", "1", "0 0 2 ? * * *")
    service.put("acme", "2", "0 */30 * ? * *")
    service.put("acme", "3", "0 0 4 * * ? *")
    code, plan = program.json("plan", "--detailed-exitcode")
    assert (code, plan["changes"], plan["summary"]["unchanged"]) == (0, [], 3)


def test_changes_are_told_by_exit_two_where_that_is_asked_for(program):
    assert program("plan").code == 0
    assert program("plan", "--detailed-exitcode").code == 2


def test_a_paused_job_that_differs_is_left_alone(program, service):
    for code in ("1", "3"):
        service.put("acme", code, "0 0 5 * * ?")
    service.put("acme", "2", "0 0 5 * * ?", status="disable")
    code, run = program.json("apply", "--yes")
    results = {change["code"]: change["outcome"]["result"] for change in run["changes"]}
    assert (code, results) == (4, {"1": "verified", "2": "refused", "3": "verified"})
    assert "--allow-inactive" in run["changes"][1]["outcome"]["hint"]
    code, run = program.json("apply", "--yes")
    assert (code, run["summary"]["verified"], run["summary"]["refused"]) == (3, 0, 1)
    assert program("apply", "--yes", "--allow-inactive").code in (0, 4)
    assert service.jobs["acme", "2"][0]["cronexpression"] == "0 0/30 * * * ?"


def test_a_duplicate_is_never_saved_over(program, service):
    service.put("acme", "1", "0 0 5 * * ?", "0 0 6 * * ?")
    code, run = program.json("apply", "--yes")
    assert code == 4
    assert [entry["conditions"] for entry in run["attention"]] == [["duplicate"]]
    assert "1" not in [code for _, code, _, _ in service.saves]


def test_a_limit_refuses_the_whole_apply_and_names_what_lifts_it(program, service, write, tmp_path):
    text = (tmp_path / "schedules" / "reconcile.yaml").read_text(encoding="utf-8")
    write("reconcile.yaml", f"{text}limits:\n  max_changes: 1\n")
    for code in ("1", "2", "3"):
        service.put("acme", code, "0 0 5 * * ?")
    ended = program("apply", "--yes")
    assert ended.code == 3
    assert "limits.max_changes" in ended.out
    assert service.saves == []
    hint = re.search("--allow-changes [0-9]+", ended.out)
    assert program("apply", "--yes", *hint.group().split()).code == 0


def test_what_moved_between_plan_and_apply_is_stale(program, service):
    service.put("acme", "1", "0 0 5 * * ?")
    program("plan", "--out", "plan.json")
    service.put("acme", "1", "0 0 6 * * ?")
    code, run = program.json("apply", "plan.json", "--yes")
    results = {change["code"]: change["outcome"]["reason"] for change in run["changes"]}
    assert (code, results) == (4, {"1": "stale", "2": "saved", "3": "saved"})
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 6 * * ?"


def test_drift_says_what_moved(program, service):
    program("apply", "--yes")
    assert program("drift").code == 0
    service.put("acme", "3", "0 0 5 * * ?")
    code, found = program.json("drift")
    assert (code, [(key["code"], key["moved"]) for key in found["keys"]]) == (2, [("3", True)])


def test_a_selection_is_about_nothing_else(program, service):
    code, plan = program.json("plan", "--code", "2")
    assert (code, [change["code"] for change in plan["changes"]]) == (0, ["2"])
    assert service.queries[0] == ("acme", ["2"])


@pytest.mark.parametrize("is_known", [False, True], ids=["without-a-ledger", "with-a-ledger"])
def test_the_history_of_a_code_that_no_file_no_ledger_and_no_job_knows_says_so(program, is_known):
    assert not is_known or program("apply", "--yes").code == 0
    ended = program("history", "acme", "9")
    assert (ended.code, "No live job holds this code, and no ledger knows" in ended.out) == (0, True)
    code, found = program.json("history", "acme", "9")
    assert (code, found["live"], found["jobs"], found["findings"]) == (0, [], [], [])


def test_the_history_of_a_code_that_is_declared_nowhere_is_that_of_its_live_jobs(program, service):
    assert program("apply", "--yes").code == 0
    service.put("acme", "9", "0 0 2 * * ?", "0 0 3 * * ?")
    service.put("other", "7", "0 0 2 * * ?")
    code, found = program.json("history", "acme", "9")
    assert (code, found["ids_from"], [job["job_id"] for job in found["jobs"]]) == (0, "live", ["9-0", "9-1"])
    code, found = program.json("history", "other", "7")
    assert (code, [job["job_id"] for job in found["jobs"]]) == (0, ["7-0"])


def test_the_history_of_a_removed_and_deleted_job_is_asked_for_by_the_ids_that_the_ledger_knows(
    program, service, declare
):
    assert program("apply", "--yes").code == 0
    declare(TENANT.replace(FIRST, ""))
    code, found = program.json("history", "acme", "1")
    assert (code, found["ids_from"], [job["job_id"] for job in found["jobs"]]) == (0, "live", ["1-0"])
    del service.jobs["acme", "1"]
    code, found = program.json("history", "acme", "1")
    assert (code, found["ids_from"], [job["job_id"] for job in found["jobs"]]) == (0, "ledger", ["1-0"])


def test_the_history_of_a_job(program, service):
    service.put("acme", "1", "0 0 2 * * ?")
    code, found = program.json("history", "acme", "1")
    assert (code, [job["job_id"] for job in found["jobs"]]) == (0, ["1-0"])


def test_the_history_of_a_deleted_job_is_asked_for_by_the_ids_that_the_ledger_knows(program, service):
    assert program("apply", "--yes").code == 0
    service.jobs["acme", "1"][0]["jobinfoid"] = "replaced"
    service.jobs["acme", "1"][0]["cronexpression"] = "0 0 9 * * ?"
    assert program("apply", "--yes").code == 0
    del service.jobs["acme", "1"]
    code, found = program.json("history", "acme", "1")
    assert (code, found["live"], found["ids_from"]) == (0, [], "ledger")
    assert [job["job_id"] for job in found["jobs"]] == ["replaced", "1-0"]
    assert "those that the ledger knows, newest first" in program("history", "acme", "1").out


def test_a_ledger_that_cannot_be_read_is_said_where_its_ids_are_needed(program, tmp_path):
    (tmp_path / ".reconcile").mkdir()
    (tmp_path / ".reconcile" / "ledger.db").write_text("no ledger", encoding="utf-8")
    code, found = program.json("history", "acme", "1")
    assert (code, [one["rule"] for one in found["findings"]]) == (0, ["ledger-unreadable"])


def first_lines(program):
    ended = [program(*words) for words in (["plan"], ["apply", "--yes"], ["drift"], ["status"])]
    return [one.out.splitlines()[0] for one in ended]


def test_a_run_without_memory_says_so_in_its_first_line(program, service, write):
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + "ledger: none\n")
    for _ in range(2):
        assert [line.endswith(" — no memory: two-way") for line in first_lines(program)] == [True] * 4
    assert program("plan", "--format", "markdown").out.splitlines()[0].endswith(r"no memory\: two\-way")


def test_a_run_with_a_memory_does_not(program):
    assert program("apply", "--yes").code == 0
    assert not any("two-way" in line for line in first_lines(program))


def test_every_line_of_a_document_is_stable_but_the_time(program):
    one = program("plan", "--format", "json", SOURCE_DATE_EPOCH="0")
    two = program("plan", "--format", "json", SOURCE_DATE_EPOCH="0")
    assert one.out == two.out
    assert json.loads(one.out)["generated_at"] == "1970-01-01T00:00:00Z"

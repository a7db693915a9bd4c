"""What a ledger makes possible: who moved, what is gone, what is held, and what was done before."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from reconcile.ledger.address import ledger_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.change import Change
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from reconcile.service.system_clock import SystemClock
from tests.builders import row, schedule
from tests.journeys.conftest import TENANT, WORKSPACE

CLOCK = SystemClock(threading.Event())

FIRST = '  - code: "1"\n    name: 订单同步\n    cron: "0 0 2 * * ?"\n'


@pytest.fixture
def declare(write, service):
    """Declare tenant acme anew; *more* is appended to the workspace file."""

    def one(text=TENANT, more=""):
        write("tenants/acme.yaml", text)
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + more)

    return one


@pytest.fixture
def applied(program):
    """What is declared was applied once."""
    assert program("apply", "--yes").code == 0
    return program


def rules(document):
    return [refusal["rule"] for refusal in document["refusals"]]


def verdicts(document):
    return {one["code"]: one["verdict"] for one in (*document.get("changes", ()), *document["attention"])}


def test_a_first_apply_begins_a_ledger_that_git_ignores(program, tmp_path):
    _, plan = program.json("plan")
    assert (plan["last_applied"], (tmp_path / ".reconcile").exists()) == ("none", False)
    _, run = program.json("apply", "--yes")
    assert "two-way" in run["assumptions"][0]
    assert (tmp_path / ".reconcile" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    _, plan = program.json("plan")
    assert (plan["last_applied"], "no lock" in plan["assumptions"][0]) == ("ledger", False)


def test_a_reviewer_sees_who_moved(applied, service, declare):
    declare(TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5"))
    service.put("acme", "2", "0 0 * * * ?")
    service.put("acme", "3", "0 0 6 * * ?")
    _, plan = applied.json("plan")
    assert verdicts(plan) == {"1": "pending", "2": "drifted", "3": "conflicting"}
    said = applied("plan").out
    assert "pending (Git moved; last applied 0 0 2 * * ?)" in said
    assert "drifted (live moved; last applied 0 0/30 * * * ?)" in said
    assert "conflicting (Git and live moved; last applied 0 0 4 * * ?)" in said
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


FREEZE = 'freezes:\n  - {reason: audit, from: "2000-01-01T00:00", to: "2090-01-01T00:00"}\n'


def test_a_freeze_refuses_an_apply_and_who_overrides_it_is_remembered(program, service, declare):
    declare(more=FREEZE)
    assert program("plan").code == 0
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["frozen"], [])
    assert "audit" in run["refusals"][0]["message"]
    assert program("apply", "--yes", "--override-freeze", " ").code == 1
    assert program("apply", "--yes", "--override-freeze", "incident 7", "--actor", "李伟").code == 0
    _, listed = program.json("runs")
    assert (listed["runs"][0]["overrides"], listed["runs"][0]["actor"]) == (["--override-freeze incident 7"], "李伟")


def test_nothing_that_lifts_a_guard_is_read_from_a_variable(program, service, declare):
    declare(more=FREEZE)
    assert program("apply", "--yes", RECONCILE_OVERRIDE_FREEZE="x", RECONCILE_YES="1").code == 3


def test_a_time_that_documents_are_given_lifts_no_freeze_and_moves_no_run(applied, service, declare):
    before = int(datetime(1999, 1, 1, tzinfo=UTC).timestamp())
    assert applied("apply", "--yes", SOURCE_DATE_EPOCH=str(before)).code == 0
    assert [run["started_at"] < "2000" for run in applied.json("runs")[1]["runs"]] == [False, False]
    declare(TENANT.replace("0 0 2", "0 0 3"), more=FREEZE)
    code, run = applied.json("apply", "--yes", SOURCE_DATE_EPOCH=str(before))
    assert (code, rules(run)) == (3, ["frozen"])


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


def test_a_damaged_ledger_is_told_by_plan_and_refuses_apply(program, service, tmp_path):
    ledger = tmp_path / ".reconcile" / "ledger.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"no database at all" * 100)
    code, plan = program.json("plan")
    assert (code, [one["rule"] for one in plan["findings"] if one["rule"].startswith("ledger")]) == (
        0,
        ["ledger-unreadable"],
    )
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    assert "--no-ledger" in refused["refusals"][0]["hint"]
    assert program("status").code == 1
    assert program("apply", "--yes", "--no-ledger").code == 0
    ended = program("ledger", "rebuild")
    assert (ended.code, "3 schedules of 3 taken for applied" in ended.out, ".bad" in ended.out) == (0, True, True)
    _, plan = program.json("plan")
    assert (plan["last_applied"], plan["changes"]) == ("ledger", [])


def test_what_differs_after_a_rebuild_counts_as_pending(program, service):
    service.put("acme", "1", "0 0 9 * * ?")
    assert program("ledger", "rebuild").code == 0
    _, plan = program.json("plan")
    assert verdicts(plan)["1"] == "pending"


def test_a_key_of_another_workspace_is_left_alone_and_keeps_nothing_else(applied, service, declare, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / ".reconcile" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE reconcile_applied SET workspace = 'other' WHERE code = '1'")
    assert applied("apply", "--yes").code == 0
    declare(TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5"))
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (4, ["foreign-key"])
    assert "the workspace other" in run["refusals"][0]["message"]
    assert [saved[1] for saved in service.saves[3:]] == ["3"]
    declare(TENANT.replace(FIRST, ""))
    assert "1" not in verdicts(applied.json("plan")[1])


def test_a_ledger_of_another_workspace_is_refused(applied, declare, write, service):
    write("reconcile.yaml", WORKSPACE.format(url=service.url).replace("workspace: test", "workspace: other"))
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["no-ledger"])
    assert "belongs to workspace test" in refused["errors"][0]["message"]


def test_a_workspace_can_do_without_a_ledger(program, declare, tmp_path):
    declare(more="ledger: none\n")
    assert program("apply", "--yes").code == 0
    assert not (tmp_path / ".reconcile").exists()
    for command in (
        ["runs"],
        ["release", "acme/1"],
        ["unlock", "x"],
        ["rollback", "x", "--yes"],
        ["ledger", "rebuild"],
    ):
        ended = program(*command)
        assert (ended.code, "ledger" in ended.err) == (1, True), command


def test_commands_about_a_ledger_say_when_there_is_none_yet(program):
    ended = program("runs")
    assert (ended.code, "there is no ledger" in ended.err) == (1, True)


def test_a_ledger_may_be_named_by_a_variable(program, declare, tmp_path):
    declare(more="ledger: sqlite:///${PLACE}/here.db\n")
    assert program("apply", "--yes").code == 1
    code, plan = program.json("plan")
    assert (code, ["PLACE" in one["message"] for one in plan["findings"] if one["rule"] == "ledger-unreadable"]) == (
        0,
        [True],
    )
    assert program("apply", "--yes", PLACE=str(tmp_path)).code == 0
    assert (tmp_path / "here.db").exists()


def run_ids(program):
    return [run["run"] for run in program.json("runs")[1]["runs"]]


def test_a_rollback_brings_back_what_was_live_and_holds_it(applied, service, declare):
    added = '  - code: "4"\n    name: 新\n    cron: "0 0 8 * * ?"\n'
    declare(TENANT.replace("0 0 2", "0 0 3") + added)
    assert applied("apply", "--yes").code == 0
    bad = run_ids(applied)[0]
    assert applied("rollback", bad, "--dry-run").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 3 * * ?"
    code, run = applied.json("rollback", bad, "--yes", "--reason", "orders came twice")
    assert (code, {one["code"]: one["action"] for one in run["changes"]}) == (0, {"1": "update", "4": "park"})
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"
    assert service.jobs["acme", "4"][0]["cronexpression"] == "0 0 0 1 1 ? 2099"
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (3, ["held", "held"])
    code, drift = applied.json("drift")
    assert (code, {key["code"]: key["held_by"] is not None for key in drift["keys"]}) == (0, {"1": True, "4": True})
    assert "orders came twice" in applied("status").out
    assert applied("release", "acme/4").code == 0
    declare(TENANT.replace("0 0 2", "0 30 3") + added)
    assert applied("apply", "--yes").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 30 3 * * ?"
    assert applied.json("status")[1]["environments"][0]["holds"] == []


def test_what_was_changed_since_a_run_is_not_rolled_back(applied, service):
    service.put("acme", "1", "0 0 9 * * ?")
    code, run = applied.json("rollback", run_ids(applied)[0], "--yes", "--code", "1")
    assert (code, rules(run)) == (3, ["changed-since"])
    assert applied.json("status")[1]["environments"][0]["holds"] == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        pytest.param(["rollback", "1999", "--yes"], "there is no run '1999'", id="no-such-run"),
        pytest.param(["rollback", "20", "--yes", "--tenant", "none"], "changed nothing that is selected", id="nothing"),
        pytest.param(["rollback", "20", "--yes", "--label", "a=b"], "cannot be selected by label", id="label"),
        pytest.param(["rollback", "20", "--yes", "--no-ledger"], "made from the ledger", id="no-ledger"),
        pytest.param(["rollback", "20"], "no terminal to ask on", id="nobody-to-ask"),
        pytest.param(["runs", "show", "1999"], "there is no run '1999'", id="show-no-such-run"),
        pytest.param(["runs", "--env", "test", "show", "20"], "stands before show", id="option-before-subcommand"),
        pytest.param(["release", "acme"], "'acme' is no key", id="no-key"),
        pytest.param(["release", "acme/1"], "acme/1 is not held", id="not-held"),
        pytest.param(["apply", "--yes", "--soak", "fire"], "such as 5m, nor next-fire", id="no-soak"),
        pytest.param(["unlock", "abc"], "there is no lock 'abc'", id="no-such-lock"),
    ],
)
def test_bad_words_to_commands_about_the_past_are_explained(applied, arguments, said):
    ended = applied(*arguments)
    assert (ended.code, said in ended.err) == (1, True), ended.err
    assert "hint" in ended.err


@pytest.fixture
def locked(applied, tmp_path):
    """Another run that is applying just now, of the same environment; gives its lock."""
    address = ledger_address(None, tmp_path / "schedules", {})
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0):
        yield ledger.lock_holder().id


def test_two_applies_of_one_environment_exclude_each_other(locked, program, service, declare):
    declare(TENANT.replace("0 0 2", "0 0 3"))
    saved = len(service.saves)
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), len(service.saves)) == (3, ["locked"], saved)
    assert "night pipeline" in refused["errors"][0]["message"]
    assert f"reconcile unlock {locked}" in refused["errors"][0]["hint"]
    assert "night pipeline" in program("status").out
    assert program("plan").code == 0
    assert program("unlock", locked).code == 0
    assert program("apply", "--yes").code == 0


def test_the_lock_of_a_first_run_is_told_before_that_run_is_written_down(program, tmp_path):
    address = ledger_address(None, tmp_path / "schedules", {})
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=True)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0) as held:
        assert program.json("status")[1]["environments"][0]["lock"]["id"] == held.id
        assert "night pipeline" in program("status").out
    assert program.json("status")[1]["environments"][0]["lock"] is None


def test_a_save_whose_end_nobody_saw_is_settled_by_the_next_run(applied, service, declare, tmp_path):
    address = ledger_address(None, tmp_path / "schedules", {})
    began = schedule("1", "0 0 5 * * ?")
    start = RunStart("20990101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)
    with ledger, ledger.lock(start.id, "x", timeout_seconds=0):
        ledger.begin(start).record_intents([Intent(Change(began, None, (row("0 0 2 * * ?"),)))])
    service.put("acme", "1", "0 0 5 * * ?")  # it was done, and then the run was killed
    _, status = applied.json("status")
    assert [one["code"] for one in status["environments"][0]["open"]] == ["1"]
    assert verdicts(applied.json("plan")[1]) == {"1": "pending"}
    assert applied("apply", "--yes").code == 0
    assert applied.json("status")[1]["environments"][0]["open"] == []
    _, shown = applied.json("runs", "show", start.id)
    assert shown["changes"][0]["settled"] == "as-desired"

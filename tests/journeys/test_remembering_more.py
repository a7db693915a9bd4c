"""What a ledger and Git remember, where it is easily got wrong: rollbacks, saved plans, what moved meanwhile."""

from __future__ import annotations

import sqlite3
import subprocess
from datetime import UTC, datetime

import pytest

from reconcile.ledger.address import ledger_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.change import Change
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from tests.builders import row, schedule
from tests.journeys.conftest import TENANT, WORKSPACE
from tests.journeys.test_remembering import CLOCK, FIRST, rules, run_ids, verdicts

BAD = TENANT.replace("0 0 2", "0 0 3")


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


@pytest.fixture
def gone_bad(applied, declare):
    """Then something bad was applied; gives the id of that run too."""
    declare(BAD)
    assert applied("apply", "--yes").code == 0
    return applied, run_ids(applied)[0]


@pytest.fixture
def ledger_of(tmp_path):
    """Open the ledger beside the program."""

    def one():
        address = ledger_address(None, tmp_path / "schedules", {})
        return open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)

    return one


def held(program):
    return [hold["code"] for hold in program.json("status")[1]["environments"][0]["holds"]]


def cron(service, code="1"):
    return service.jobs["acme", code][0]["cronexpression"]


def test_a_run_that_was_killed_can_be_rolled_back_once_it_is_settled(applied, service, ledger_of):
    start = RunStart("20990101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
    with ledger_of() as ledger, ledger.lock(start.id, "x", timeout_seconds=0):
        wanted = schedule("1", "0 0 5 * * ?")
        ledger.begin(start).record_intents([Intent(Change(wanted, None, (row("0 0 2 * * ?"),)))])
    service.put("acme", "1", "0 0 5 * * ?")
    assert applied("apply", "--yes", "--code", "2").code == 0  # reads and settles what was left open
    assert applied("rollback", start.id, "--yes").code == 0
    assert cron(service) == "0 0 2 * * ?"


def test_a_rollback_that_is_refused_leaves_an_earlier_hold_where_it_was(gone_bad, service, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes", "--reason", "first").code == 0
    service.put("acme", "1", "0 0 9 * * ?")
    assert program("rollback", bad, "--yes", "--reason", "second").code == 3
    (hold,) = program.json("status")[1]["environments"][0]["holds"]
    assert hold["reason"] == "first"


def test_what_somebody_brought_back_by_hand_is_held_too(gone_bad, service):
    program, bad = gone_bad
    service.put("acme", "1", "0 0 2 * * ?")
    assert program("rollback", bad, "--yes").code == 0
    assert held(program) == ["1"]
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), cron(service)) == (3, ["held"], "0 0 2 * * ?")


def test_a_rollback_of_a_rollback_brings_back_what_is_declared_and_holds_nothing(gone_bad, service):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    assert held(program) == ["1"]
    assert program("rollback", run_ids(program)[0], "--yes").code == 0
    assert (cron(service), held(program)) == ("0 0 3 * * ?", [])


def test_a_hold_outlasts_another_spelling_of_the_same_cron(gone_bad, declare):
    program, bad = gone_bad
    assert program("rollback", bad, "--yes").code == 0
    declare(BAD.replace("0 0 3 * * ?", "0 0 3 ? * * *"))
    assert program("apply", "--yes").code == 3
    assert held(program) == ["1"]


def test_a_rollback_of_some_tells_only_of_those(gone_bad, service, declare):
    program, _ = gone_bad
    service.put("acme", "1", "0 0 3 * * ?", status="disable")
    service.put("acme", "3", "0 0 4 * * ?", status="disable")
    declare(TENANT.replace("0 0 4", "0 0 5"))
    assert program("apply", "--yes", "--allow-inactive").code == 0
    _, run = program.json("rollback", run_ids(program)[0], "--yes", "--code", "3", "--allow-inactive")
    assert [one["code"] for one in run["findings"] if one["rule"] == "stays-active"] == ["3"]


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


def test_a_key_of_another_workspace_that_is_as_declared_does_not_refuse_the_rest(applied, declare, tmp_path):
    with sqlite3.connect(tmp_path / ".reconcile" / "ledger.db") as connection:
        connection.execute("UPDATE reconcile_applied SET workspace = 'other' WHERE code = '1'")
    connection.close()
    declare(TENANT.replace("0 0 4", "0 0 5"))
    assert applied("apply", "--yes").code == 0
    declare(BAD)
    code, run = applied.json("apply", "--yes", "--code", "1")
    assert (code, rules(run)) == (3, ["foreign-key"])


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


def git(folder, *arguments):
    who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "schedules")
    git(folder, "commit", "--quiet", "--message", "x")


@pytest.fixture
def committed(program, tmp_path):
    """What is declared is a commit."""
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return program


def test_git_without_these_declarations_is_no_last_applied(committed, tmp_path):
    (tmp_path / "schedules").rename(tmp_path / "moved")
    _, plan = committed.json("plan", "--applied-rev", "HEAD", "--dir", "moved")
    assert plan["last_applied"] == "none"
    assert any("declares nothing for test" in said for said in plan["assumptions"])


def test_what_git_forgets_when_its_ref_moves_is_told(committed, tmp_path, write, service, declare):
    none = "ledger: none\n"
    declare(more=none)
    commit(tmp_path)
    assert committed("apply", "--yes").code == 0
    declare(TENANT.replace(FIRST, "").replace("对账", "对账二"), more=none)
    commit(tmp_path)
    _, run = committed.json("apply", "--yes")
    told = {one["rule"]: one["code"] for one in run["findings"]}
    assert (told["orphan-forgotten"], told["rename-forgotten"]) == ("1", "2")


def test_what_is_known_in_spite_of_git_is_not_said_to_be_unknown(committed, applied):
    _, plan = committed.json("plan", "--applied-rev", "HEAD")
    assert plan["last_applied"] == "git"
    assert not any("no lock" in said for said in plan["assumptions"])


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

"""A run that saved nothing hides nothing of what it took over from the ref of an older reconcile."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from reconcile.ledger.address import file_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.change import Change
from reconcile.model.ledger_records import Hold, RunKind, RunStart
from reconcile.model.outcome import Intent
from reconcile.model.schedule import State
from tests import postgres
from tests.builders import key, schedule
from tests.journeys.conftest import CLOCK, FIRST, IN_GIT, TENANT, WORKSPACE, rules, verdicts

REF = "refs/reconcile/applied/test"
CRONS = {"1": "0 0 2 * * ?", "2": "0 0/30 * * * ?", "3": "0 0 4 * * ?"}
GONE = {"1": "vanished", "2": "vanished", "3": "vanished"}


@pytest.fixture
def git(tmp_path):
    """Git in the folder of the program."""

    def run(*words):
        config = ("-c", "user.name=li", "-c", "user.email=li@example.com", "-c", "init.defaultBranch=main")
        done = subprocess.run(["git", *config, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


@pytest.fixture
def declare(write, git, service, ledger):
    """Commit what is declared; *more* is appended to the workspace file."""

    def one(text=TENANT, more=""):
        write("tenants/acme.yaml", text)
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + ledger + more)
        git("add", "schedules")
        git("commit", "--quiet", "--allow-empty", "--message", "x")

    return one


@pytest.fixture
def ledger():
    """What the workspace says of its ledger: nothing, so that it is a file."""
    return ""


@pytest.fixture
def fresh(program, git, declare, service):
    """Make this a runner whose ledger knows nothing, and that has the ref which an older reconcile left."""

    def one(*, codes="123"):
        for code in codes:
            service.put("acme", code, CRONS[code])
        git("update-ref", REF, "HEAD")

    git("init", "--quiet")
    declare()
    return one


def plan_of(program, *more):
    code, plan = program.json("plan", *more)
    return code, plan["last_applied"], plan["digest"], verdicts(plan), rules(plan), plan["summary"]


def refused_again_and_again(program, service):
    """Three times refused, and drift and plan say the same before, in between and after."""
    before, saves = plan_of(program), len(service.saves)
    for _ in range(3):
        code, drift = program.json("drift")
        assert (code, {one["code"]: one["verdict"] for one in drift["keys"]}) == (2, GONE)
        code, run = program.json("apply", "--yes")
        assert (code, rules(run), len(service.saves)) == (3, ["vanished"] * 3, saves)
        assert plan_of(program) == before
    assert (program("drift").code, before[3]) == (2, GONE)
    return before


def test_what_vanished_is_refused_as_often_as_it_is_applied(fresh, program, service):
    fresh()
    service.jobs.clear()
    assert refused_again_and_again(program, service)[1] == "ledger"
    assert program("apply", "--yes", "--recreate").code == 0
    assert (len(service.jobs), program("drift").code) == (3, 0)
    assert program.json("plan")[1]["last_applied"] == "ledger"


@pytest.fixture
def in_postgres(server):
    with postgres.database(server) as url:
        yield url


@pytest.mark.slow
class TestInPostgres:
    @pytest.fixture
    def ledger(self, in_postgres):
        return f'ledger: "{in_postgres}"\n'

    def test_what_vanished_is_refused_as_often_as_it_is_applied(self, fresh, program, service):
        fresh()
        service.jobs.clear()
        refused_again_and_again(program, service)
        assert program("apply", "--yes", "--recreate").code == 0
        assert (len(service.jobs), program("drift").code) == (3, 0)


def test_status_says_what_a_refused_run_took_over(fresh, program, service):
    fresh()
    service.jobs.clear()
    assert program("apply", "--yes").code == 3
    (standing,) = program.json("status")[1]["environments"]
    assert (standing["last_applied"], standing["keys"], standing["revision"]) == ("ledger", 3, None)


def test_a_run_of_a_selection_takes_over_the_rest_too(fresh, program, service, declare):
    fresh()
    service.jobs.clear()
    assert program("apply", "--yes", "--code", "1", "--recreate").code == 0
    code, plan = program.json("plan")
    assert (code, plan["last_applied"], verdicts(plan)) == (0, "ledger", {"2": "vanished", "3": "vanished"})
    declare(TENANT.replace(FIRST, ""))
    assert verdicts(program.json("plan")[1]) == {"1": "orphan", "2": "vanished", "3": "vanished"}
    assert verdicts(program.json("plan", "--code", "2")[1]) == {"2": "vanished"}


def test_a_run_that_failed_keeps_what_it_took_over(fresh, program, service):
    fresh()
    service.jobs.clear()
    service.hook = lambda _, body: (403, b"{}") if body.get("xw_quartz", {}).get("opttype") == "save" else None
    assert program("apply", "--yes", "--recreate").code == 1
    assert plan_of(program)[3] == GONE
    service.hook = lambda *_: None
    assert program("apply", "--yes").code == 3


def test_a_run_that_saved_some_took_over_the_rest(fresh, program, service):
    fresh()
    service.jobs.clear()
    service.hook = lambda _, body: (
        (403, b"{}")
        if body.get("xw_quartz", {}).get("opttype") == "save" and body["xw_quartz"]["bizcode"] == "2"
        else None
    )
    assert program("apply", "--yes", "--recreate").code == 4
    assert program("drift").code == 2
    assert plan_of(program)[3] == {"2": "vanished"}


def test_a_first_run_that_was_killed_before_it_took_over_leaves_all_to_the_next(fresh, program, service, tmp_path):
    fresh()
    service.jobs.clear()
    address = file_address(tmp_path / IN_GIT)
    start = RunStart("20260101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
    hold = Hold(key("2"), "对账", "0 0 7 * * ?", State.ACTIVE, start.id, "so", start.started_at)
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=True)
    with ledger, ledger.lock(start.id, "x", timeout_seconds=0):
        pen = ledger.begin(start)
        pen.hold([hold])
        pen.record_intents([Intent(Change(schedule("1", "0 0 2 * * ?"), None, ()))])
    refused_again_and_again(program, service)
    service.put("acme", "1", "0 0 2 * * ?")  # by hand, or late: the run's own job, as far as anybody can tell
    assert verdicts(program.json("plan")[1]) == {"2": "vanished", "3": "vanished"}


def test_an_orphan_of_the_ref_outlives_a_refused_run_and_the_ref(fresh, program, service, declare, git):
    fresh()
    service.put("acme", "2", "0 0 9 * * ?", status="disable")
    declare(TENANT.replace(FIRST, ""))
    code, run = program.json("apply", "--yes")
    assert (code, rules(run)) == (3, ["inactive"])
    assert verdicts(program.json("plan")[1]) == {"1": "orphan", "2": "drifted"}
    git("update-ref", "-d", REF)
    assert program("apply", "--yes", "--allow-inactive").code == 0
    assert verdicts(program.json("plan")[1])["1"] == "orphan"
    assert program("apply", "--yes", "--park-removed").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 0 1 1 ? 2099"


def test_what_the_ledger_knows_to_be_parked_is_not_brought_back_by_an_older_ref(fresh, program, service, declare, git):
    fresh()
    older = git("rev-parse", REF)
    declare(TENANT.replace(FIRST, ""))
    assert program("apply", "--yes", "--park-removed").code == 0
    git("update-ref", REF, older)
    _, plan = program.json("plan")
    assert (plan["last_applied"], plan["changes"], plan["attention"]) == ("ledger", [], [])
    assert not any(REF in said for said in plan["assumptions"])
    assert (program("drift", "--strict").code, program("apply", "--yes").code) == (0, 0)
    declare()
    assert verdicts(program.json("plan")[1]) == {"1": "pending"}  # parked was what was last applied


def test_what_a_refused_run_found_as_declared_is_not_taken_for_applied(fresh, program, service, declare):
    for code, cron in (("1", "0 0 2 * * ?"), ("2", "0 0 9 * * ?"), ("3", "0 0 4 * * ?")):
        service.put("acme", code, cron, status="disable" if code == "2" else "enable")
    assert program("apply", "--yes").code == 3
    declare(TENANT.replace(FIRST, ""))
    assert verdicts(program.json("plan")[1]) == {"2": "never-applied"}


def test_a_refused_run_revises_nothing_that_it_was_refused_for(fresh, program, service, declare):
    program("apply", "--yes")
    service.put("acme", "1", "0 0 3 * * ?")
    declare(TENANT.replace("0 0 2", "0 0 3").replace("订单同步", "订单"), "on_drift: hold\n")
    for _ in range(3):
        code, run = program.json("apply", "--yes", "--include-renames")
        assert (code, rules(run), verdicts(run)) == (3, ["changed-by-hand"], {"1": "conflicting"})


def test_a_schedule_that_was_declared_parked_and_never_there_is_made_without_asking(fresh, program, service, declare):
    declare(TENANT + "    state: parked\n")
    fresh(codes="12")
    assert ("acme", "3") not in service.jobs
    declare()
    code, plan = program.json("plan")
    assert (code, rules(plan), verdicts(plan)) == (0, [], {"3": "never-applied"})
    assert program("apply", "--yes").code == 0


def test_a_rebuilt_ledger_goes_before_the_ref(fresh, program, service):
    fresh()
    service.put("acme", "1", "0 0 9 * * ?")
    assert verdicts(program.json("plan")[1]) == {"1": "drifted"}
    assert program("ledger", "rebuild").code == 0
    assert verdicts(program.json("plan")[1]) == {"1": "pending"}

"""An environment or a workspace has a new name, or its folder another place: its ledger is not begun anew."""

from __future__ import annotations

import shutil

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE, rules, verdicts
from tests.journeys.homes import HOMES, git, home_of


@pytest.fixture(params=HOMES)
def home(request, program, tmp_path, declare):
    """The declarations, committed, with their ledger in each home."""
    server = request.getfixturevalue("server") if request.param == "postgresql" else ""
    with home_of(request.param, tmp_path, server) as one:
        declare(more=f"ledger: {one.setting}\n")
        one.begin()
        yield one


@pytest.fixture
def rename(home, write, service):
    """Give the environment, or the workspace, another name; another *url* if one is given."""

    def one(environment="test", workspace="test", url="", more=""):
        text = WORKSPACE.format(url=url or service.url)
        text = text.replace("workspace: test", f"workspace: {workspace}").replace("  test:\n", f"  {environment}:\n")
        write("reconcile.yaml", f"{text}{more}ledger: {home.setting}\n")

    return one


def found(document):
    return [one["rule"] for one in document["findings"] if one["rule"] == "known-elsewhere"]


def test_a_renamed_environment_is_no_first_run(program, rename, service):
    assert program("apply", "--yes").code == 0
    del service.jobs["acme", "1"]
    rename("prod")
    service.saves.clear()
    for _ in range(2):
        code, refused = program.json("apply", "--yes")
        assert (code, rules(refused), service.saves) == (3, ["known-elsewhere"], [])
    error = refused["errors"][0]
    assert "3 declared schedules of this service are known to the ledger of environment test" in error["message"]
    assert "reconcile ledger take --from test --env prod" in error["hint"]
    code, plan = program.json("plan")
    assert (code, found(plan)) == (0, ["known-elsewhere"])
    _, status = program.json("status")
    (told,) = [one for one in status["findings"] if one["rule"] == "known-elsewhere"]
    assert told["message"] == "prod: " + error["message"]
    ended = program("release", "acme/1")
    assert (ended.code, "are known to the ledger of environment test" in ended.err) in ((1, True), (3, True))
    service.put("acme", "1", "0 0 2 * * ?")
    code, drift = program.json("drift")
    assert (code, drift["keys"], found(drift)) == (1, [], ["known-elsewhere"])


def test_status_says_what_plan_says_where_the_lineage_is_committed(program, home, rename, write):
    assert program("apply", "--yes").code == 0
    lineage = program.json("status")[1]["environments"][0]["lineage"]["id"]
    rename("prod", more=f'lineage: "{lineage}"\n')
    _, plan = program.json("plan")
    code, status = program.json("status")
    told = [one["rule"] for one in status["findings"]]
    assert (code, told) == (1, ["known-elsewhere" if home.setting == "git" else "ledger-gone"])
    assert set(told) <= {one["rule"] for one in plan["findings"]}
    write("tenants/acme.yaml", TENANT + "later: 1\n")
    code, status = program.json("status")
    assert (code, [one["rule"] for one in status["findings"]]) == (1, ["ledger-gone"])


def test_an_empty_ledger_that_was_begun_by_hand_is_no_first_run_either(program, rename):
    assert program("apply", "--yes").code == 0
    rename("prod")
    assert program("ledger", "begin").code == 0
    assert rules(program.json("apply", "--yes")[1]) == ["known-elsewhere"]


def test_who_means_to_begin_another_ledger_rebuilds_it(program, rename):
    assert program("apply", "--yes").code == 0
    rename("prod")
    assert program("ledger", "rebuild").code == 0
    assert program("apply", "--yes").code == 0
    assert found(program.json("drift")[1]) == []


def test_a_workspace_with_another_id_is_no_first_run_either(program, home, rename, service):
    assert program("apply", "--yes").code == 0
    del service.jobs["acme", "1"]
    rename(workspace="other")
    service.saves.clear()
    code, refused = program.json("apply", "--yes")
    # In a database that workspaces share, each key belongs to the one that applied it.
    rule = "foreign-key" if home.name == "postgresql" else "known-elsewhere"
    assert (code, rules(refused), service.saves) == (3, [rule], [])
    if home.name != "postgresql":
        assert "--from test --from-workspace test --env test" in refused["errors"][0]["hint"]


def test_environments_that_share_a_service_and_no_key_begin_ledgers_of_their_own(program, rename, write):
    assert program("apply", "--yes").code == 0
    write("tenants/acme.yaml", TENANT.replace("tenant: acme", "tenant: tools"))
    rename("prod")
    assert program("apply", "--yes").code == 0


def test_environments_of_other_services_begin_ledgers_of_their_own(program, rename, service):
    assert program("apply", "--yes").code == 0
    rename("prod", url=service.url.replace("127.0.0.1", "localhost"))
    code, run = program.json("apply", "--yes")
    assert (code, found(run)) == (0, [])


def test_two_environments_that_declare_the_same_keys_are_told_so(program, rename, service):
    assert program("apply", "--yes").code == 0
    both = f"  prod:\n    url: {service.url}\n"
    rename(more=both)
    code, refused = program.json("apply", "--yes", "--env", "prod")
    assert (code, rules(refused)) == (3, ["known-elsewhere"])
    assert "declare each schedule in one environment" in refused["errors"][0]["hint"]


def test_a_moved_folder_and_a_second_place_use_the_same_ledger(program, home, tmp_path, declare, service):
    assert program("apply", "--yes").code == 0
    declare(TENANT.replace(FIRST, ""), more=f"ledger: {home.setting}\n")
    git(tmp_path, "add", "--all", "schedules")
    (tmp_path / "config").mkdir()
    git(tmp_path, "mv", "schedules", "config/crons")
    git(tmp_path, "commit", "--quiet", "--message", "move")
    git(tmp_path, "push", "--quiet", "origin", "main")
    for place in ("config/crons", home.other().replace("schedules", "config/crons")):
        code, plan = program.json("plan", "--dir", place)
        assert (code, plan["last_applied"], verdicts(plan)) == (0, "ledger", {"1": "orphan"})
    del service.jobs["acme", "2"]
    for place in ("config/crons", str(tmp_path / "other" / "config/crons")):
        assert rules(program.json("apply", "--yes", "--dir", place)[1]) == ["vanished"]
    assert len(run_ids_at(program, "config/crons")) == 3


def run_ids_at(program, place):
    return [run["run"] for run in program.json("runs", "--dir", place)[1]["runs"]]


def test_two_folders_of_one_workspace_do_not_share_its_ledger(home, program, tmp_path, write):
    assert program("apply", "--yes").code == 0
    shutil.copytree(tmp_path / "schedules", tmp_path / "copy")
    write("../copy/tenants/acme.yaml", TENANT.replace(FIRST, ""))
    for _ in range(2):
        code, refused = program.json("apply", "--yes", "--park-removed", "--dir", "copy")
        assert (code, rules(refused)) == (3, ["known-elsewhere"])
    assert "schedules/, which declares workspace test too" in refused["errors"][0]["message"]
    assert found(program.json("plan", "--dir", "copy")[1]) == ["known-elsewhere"]
    assert program("apply", "--yes").code == 0


def test_a_folder_that_was_moved_keeps_its_ledger(home, program, service, tmp_path):
    assert program("apply", "--yes").code == 0
    (tmp_path / "schedules").rename(tmp_path / "moved")
    del service.jobs["acme", "1"]
    assert rules(program.json("apply", "--yes", "--dir", "moved")[1]) == ["vanished"]
    assert program("apply", "--yes", "--recreate", "--dir", "moved").code == 0
    assert found(program.json("plan", "--dir", "moved")[1]) == []

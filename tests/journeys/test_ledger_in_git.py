"""`ledger: git`: two clones share one ledger, which is a ref of their remote."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT, rules, run_ids, verdicts

REF = "refs/reconcile/ledger/test/test"


def git(folder, *arguments):
    who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path):
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def shared(program, tmp_path, remote, declare):
    """A clone whose ledger is in its remote, and what gives the folder of another clone."""
    declare(more="ledger: git\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "remote", "add", "origin", f"file://{remote}")
    git(tmp_path, "add", "schedules")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    git(tmp_path, "push", "--quiet", "origin", "main")

    def clone():
        git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=main", f"file://{remote}", "other")
        return str(tmp_path / "other" / "schedules")

    return program, clone


def lineage_of(run):
    (said,) = (one["message"] for one in run["findings"] if one["rule"] == "ledger-lineage")
    return said.partition("lineage: ")[2]


def test_what_one_clone_applied_the_other_knows(shared, remote, service, write):
    program, clone = shared
    code, _ = program.json("plan")
    assert (code, git(remote, "for-each-ref", REF)) == (0, "")  # a plan moves nothing
    code, run = program.json("apply", "--yes")
    assert (code, len(service.saves)) == (0, 3)
    assert lineage_of(run)
    other = clone()
    tip = git(remote, "rev-parse", REF)
    _, plan = program.json("plan", "--dir", other)
    assert (plan["last_applied"], plan["changes"]) == ("ledger", [])
    del service.jobs["acme", "1"]
    _, plan = program.json("plan", "--dir", other)
    assert verdicts(plan)["1"] == "vanished"
    assert program("drift", "--dir", other).code == 2
    _, status = program.json("status", "--dir", other)
    assert status["environments"][0]["keys"] == 3
    assert [one["run"] for one in program.json("runs", "--dir", other)[1]["runs"]] == run_ids(program)
    assert git(remote, "rev-parse", REF) == tip
    code, again = program.json("apply", "--yes", "--dir", other)
    assert (code, rules(again)) == (3, ["vanished"])
    assert len(service.saves) == 3


@pytest.mark.slow
def test_what_one_clone_rolled_back_the_other_holds_until_it_is_released(shared, service, write):
    program, clone = shared
    assert program("apply", "--yes").code == 0
    other = clone()
    write("tenants/acme.yaml", TENANT.replace("0 0 2 * * ?", "0 0 3 * * ?"))
    assert program("apply", "--yes").code == 0
    assert program("rollback", run_ids(program)[0], "--yes").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"
    _, status = program.json("status", "--dir", other)
    assert [one["code"] for one in status["environments"][0]["holds"]] == ["1"]
    assert program("release", "acme/1", "--dir", other).code == 0
    assert program("apply", "--yes").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 3 * * ?"


@pytest.mark.slow
def test_of_two_applies_at_once_the_later_one_plans_anew(shared, service):
    program, clone = shared
    other, during = clone(), []

    def once(_, body):
        if "codes" in body and not during:
            during.append(None)
            service.hook = lambda *_: None
            process = program.start("apply", "--yes", "--dir", other)
            service._lock.release()  # the other run asks the service too
            try:
                during[:] = [process.communicate(timeout=120), process.returncode]
            finally:
                service._lock.acquire()

    service.hook = once
    code, run = program.json("apply", "--yes")
    assert (code, during[1]) == (0, 0)
    assert run["changes"] == []  # the plan was made anew: all is as declared
    assert len(service.saves) == 3
    assert len(run_ids(program)) == 2


def test_the_first_apply_says_which_line_to_commit_and_until_it_is_committed_status_does(shared, declare):
    program, _ = shared
    assert program.json("status")[1]["findings"] == []
    _, run = program.json("apply", "--yes")
    lineage = lineage_of(run)
    code, status = program.json("status")
    assert (code, status["complete"], lineage_of(status)) == (0, True, lineage)
    assert program.json("apply", "--yes")[1]["findings"] == []
    declare(more=f"ledger: git\nlineage: {lineage}\n")
    assert program.json("status")[1]["findings"] == []


@pytest.mark.parametrize("named", [True, False])
def test_a_ledger_that_a_mirror_deleted_is_not_begun_anew_where_it_was_seen(shared, remote, service, declare, named):
    program, _ = shared
    _, run = program.json("apply", "--yes")
    declare(TENANT.replace(FIRST, ""), more="ledger: git\n" + (f"lineage: {lineage_of(run)}\n" if named else ""))
    git(remote, "update-ref", "-d", REF)
    rule = "ledger-gone" if named else "ledger-behind"
    code, plan = program.json("plan")
    assert (code, [one["rule"] for one in plan["findings"]]) == (0, [rule])
    code, run = program.json("apply", "--yes")
    assert (code, rules(run)) == (3, [rule])
    assert not git(remote, "for-each-ref", REF)


@pytest.mark.parametrize(
    "hook, text",
    [
        pytest.param(
            "pre-receive",
            'while read o n r; do case $r in refs/reconcile/*) echo "no $r on this host" >&2; exit 1;; esac; done',
            id="all-of-a-push",
        ),
        pytest.param(
            "update", 'case $1 in refs/reconcile/*) echo "no $1 on this host" >&2; exit 1;; esac', id="ref-by-ref"
        ),
    ],
)
@pytest.mark.parametrize("is_all_there", [True, False])
def test_where_the_host_refuses_such_refs_its_own_words_are_said_and_nothing_is_saved(
    shared, remote, service, hook, text, is_all_there
):
    program, _ = shared
    place = remote / "hooks" / hook
    place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    place.chmod(0o755)
    if is_all_there:
        for code, cron in (("1", "0 0 2 * * ?"), ("2", "0 0/30 * * * ?"), ("3", "0 0 4 * * ?")):
            service.put("acme", code, cron)
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["no-ledger"], [])
    assert f"remote: no {REF} on this host" in run["refusals"][0]["message"]
    assert git(remote, "for-each-ref", "refs/reconcile") == ""

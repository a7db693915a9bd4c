"""Last applied from Git, for runners without a disk: a ref that says which commit is live."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE, rules, verdicts


@pytest.fixture
def git(tmp_path, write, service):
    """Commit the declarations, of a workspace without a ledger, and give what runs git there."""
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + "ledger: none\n")

    def run(*arguments):
        command = ["git", "-c", "user.name=李伟", "-c", "user.email=li@example.com", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    run("init", "-q", "--bare", "remote.git")
    (tmp_path / ".gitignore").write_text("remote.git\n", encoding="utf-8")
    return run


@pytest.fixture
def commit(program, git, write):
    """Write the file of tenant acme, commit everything, and return the commit."""

    def one(text=TENANT):
        write("tenants/acme.yaml", text)
        git("add", "--all")
        git("commit", "-q", "--allow-empty", "-m", "x")
        return git("rev-parse", "HEAD")

    return one


def noted(git):
    return git("for-each-ref", "--format=%(objectname)", "refs/reconcile/applied/test")


def found(document, rule):
    return [finding["message"] for finding in document["findings"] if finding["rule"] == rule]


def test_a_verified_apply_notes_its_commit_and_the_next_plan_is_three_way(program, git, commit, service):
    first = commit()
    assert program("apply", "--yes").code == 0
    assert noted(git) == first
    commit(TENANT.replace("0 0 2", "0 0 3"))
    service.put("acme", "2", "0 0 * * * ?")
    _, plan = program.json("plan")
    assert (plan["last_applied"], verdicts(plan)) == ("git", {"1": "pending", "2": "drifted"})
    assert first[:12] in plan["assumptions"][0]
    assert "no lock" in plan["assumptions"][0]
    assert program.json("status")[1]["environments"][0]["revision"] == first


@pytest.mark.parametrize("reason", ["selection", "uncommitted", "not-all-done"])
def test_a_run_that_proves_nothing_about_the_commit_leaves_the_ref(program, git, commit, write, service, reason):
    commit()
    more = []
    if reason == "selection":
        more = ["--code", "1"]
    elif reason == "uncommitted":
        write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3"))
    else:
        service.put("acme", "1", "0 0 9 * * ?", status="disable")
    _, run = program.json("apply", "--yes", "--push-applied", "remote.git", *more)
    assert noted(git) == ""
    assert len(found(run, "applied-ref")) == 1


def test_an_orphan_is_known_from_git_and_told_once_more_before_it_is_forgotten(program, git, commit):
    first = commit()
    program("apply", "--yes")
    commit(TENANT.replace(FIRST, ""))
    assert verdicts(program.json("plan")[1]) == {"1": "orphan"}
    _, run = program.json("apply", "--yes")
    assert "acme/1 is still live" in found(run, "orphan-forgotten")[0]
    assert program.json("plan")[1]["attention"] == []
    assert verdicts(program.json("plan", "--base", first)[1]) == {"1": "orphan"}
    assert program("apply", "--yes", "--park-removed", "--base", first).code == 0


def test_two_runners_share_the_ref_over_a_remote(program, git, commit):
    first = commit()
    assert program("apply", "--yes", "--push-applied", "remote.git").code == 0
    assert git("-C", "remote.git", "rev-parse", "refs/reconcile/applied/test") == first
    git("update-ref", "-d", "refs/reconcile/applied/test")  # another runner, with a fresh clone
    assert program.json("plan")[1]["last_applied"] == "none"
    assert program.json("plan", "--fetch-applied", "remote.git")[1]["last_applied"] == "git"


def test_a_remote_that_cannot_be_reached_stops_an_apply_before_it_saves(program, git, commit, service):
    commit()
    ended = program("apply", "--yes", "--push-applied", "nowhere.git")
    assert (ended.code, service.saves) == (1, [])
    assert "nowhere.git" in ended.err


def test_a_revision_can_be_named_for_last_applied(program, git, commit):
    first = commit(TENANT.replace("0 0 2", "0 0 5"))
    commit()
    program("apply", "--yes")
    _, plan = program.json("plan", "--applied-rev", first)
    assert (plan["last_applied"], plan["summary"]["unchanged"]) == ("git", 3)


def test_files_that_are_of_no_commit_are_not_what_was_applied(program, git, commit, write):
    commit()
    assert program("apply", "--yes").code == 0
    write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3"))
    assert verdicts(program.json("plan")[1]) == {"1": "pending"}
    commit(TENANT)
    assert program.json("plan")[1]["changes"] == []


@pytest.mark.parametrize("option", ["--base", "--applied-rev"])
def test_a_revision_that_is_not_there_is_an_error(program, git, commit, option):
    commit()
    ended = program("plan", option, "nowhere")
    assert (ended.code, "'nowhere'" in ended.err) == (1, True)


def test_what_a_revision_did_not_have_was_neither_declared_nor_applied(program, git, commit, write):
    git("commit", "-q", "--allow-empty", "-m", "nothing yet")
    empty = git("rev-parse", "HEAD")
    commit()
    assert program.json("plan", "--base", empty)[1]["summary"]["create"] == 3
    _, plan = program.json("plan", "--applied-rev", empty)
    assert (plan["last_applied"], "declares nothing for test" in plan["assumptions"][0]) == ("none", True)


def test_only_committed_declarations_are_applied_where_that_is_asked_for(program, git, commit, write, service):
    commit()
    write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3"))
    code, refused = program.json("apply", "--yes", "--require-git-clean")
    assert (code, rules(refused), service.saves) == (3, ["git-not-clean"], [])
    assert "schedules/tenants/acme.yaml" in refused["errors"][0]["message"]
    git("checkout", "-q", ".")
    write("tenants/.gitignore", "more.yaml\n")
    commit()
    write("tenants/more.yaml", "tenant: more\nschedules: []\n")  # ignored by Git, and read all the same
    assert "tenants/more.yaml" in program("apply", "--yes", "--require-git-clean").err
    (program.folder / "schedules" / "tenants" / "more.yaml").unlink()
    assert program("apply", "--yes", "--require-git-clean").code == 0


def test_outside_git_nothing_is_clean(program, service):
    code, refused = program.json("apply", "--yes", "--require-git-clean")
    assert (code, rules(refused), service.saves) == (3, ["git-not-clean"], [])
    assert found(program.json("apply", "--yes", "--push-applied", "x")[1], "applied-ref") == []

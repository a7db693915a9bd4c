"""Which commit is live: what `status` says of it after selections, rollbacks and rebuilds."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import TENANT

LATER = TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5")


@pytest.fixture
def git(tmp_path, program):
    """Git in the folder of the program; what is declared there is committed."""

    def call(*words):
        config = ("-c", "user.name=李伟", "-c", "user.email=li.wei@example.com", "-c", "init.defaultBranch=main")
        done = subprocess.run(
            ["git", *config, *words], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
        )
        return done.stdout.strip()

    call("init", "--quiet")
    call("add", "schedules")
    call("commit", "--quiet", "--message", "first")
    return call


@pytest.fixture
def commit(git, write):
    """Commit other schedules of tenant acme, and return the commit."""

    def one(text):
        write("tenants/acme.yaml", text)
        git("commit", "--quiet", "--all", "--message", "next")
        return git("rev-parse", "HEAD")

    return one


def standing(program):
    (found,) = program.json("status")[1]["environments"]
    return found


def test_what_was_applied_as_a_whole_is_the_live_commit(program, git):
    assert program("apply", "--yes").code == 0
    assert (standing(program)["revision"], standing(program)["runs_since"]) == (git("rev-parse", "HEAD"), 0)
    assert f"live commit        {git('rev-parse', 'HEAD')}\n" in program("status").out


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(["apply", "--yes", "--code", "1"], id="a-selection"),
        pytest.param(["ledger", "rebuild"], id="what-was-found-live"),
    ],
)
def test_what_was_not_applied_as_a_whole_is_not_the_live_commit(how, program, git):
    assert program(*how).code == 0
    assert standing(program)["revision"] is None


def test_files_that_differ_from_the_commit_are_not_the_live_commit(program, git, write):
    write("tenants/acme.yaml", LATER)
    assert program("apply", "--yes").code == 0
    assert standing(program)["revision"] is None
    assert "live commit        not known" in program("status").out


def test_a_rollback_takes_away_from_the_live_commit_and_does_not_make_one(program, git, commit):
    assert program("apply", "--yes").code == 0
    bad = commit(LATER)
    assert program("apply", "--yes").code == 0
    run = program.json("runs")[1]["runs"][0]["run"]
    assert program("rollback", run, "--yes").code == 0
    assert program("apply", "--yes").code == 3  # held; it saved nothing, and does not count
    assert (standing(program)["revision"], standing(program)["runs_since"]) == (bad, 1)
    assert f"{bad}, but for what 1 later run may have saved" in program("status").out


def test_a_commit_that_is_not_here_is_not_known(program, git, tmp_path, write, service):
    assert program("apply", "--yes").code == 0
    for part in ("objects", "refs", "HEAD"):
        (tmp_path / ".git" / part).rename(tmp_path / f"gone-{part}")
    git("init", "--quiet")
    assert standing(program)["revision"] is None


def test_a_rollback_speaks_of_itself_and_not_of_git(program, git, commit):
    program("apply", "--yes")
    commit(LATER)
    program("apply", "--yes")
    run = program.json("runs")[1]["runs"][0]["run"]
    output = program("rollback", run, "--yes").out
    assert (output.startswith(f"Rollback of {run} in test ("), "Git moved" in output) == (True, False)
    held = program("apply", "--yes").out
    assert "()" not in held
    by = program.json("runs")[1]["runs"][1]["run"]
    assert f"declared as it was when it was held by rollback {by}\n" in held
    assert f" by rollback {by}\n" in program("drift").out

"""Which commit is live: what `status` says of it after selections, rollbacks and rebuilds; and a ref told to others."""

from __future__ import annotations

import subprocess
import threading

import pytest

from reconcile.ledger.address import file_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.service.system_clock import SystemClock
from tests.journeys.conftest import IN_GIT, TENANT

LATER = TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5")
REF = "refs/reconcile/applied/test"


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


def test_what_was_only_noted_here_can_be_told_later(program, git, commit):
    assert program("apply", "--yes").code == 0
    git("init", "--quiet", "--bare", "remote.git")
    later = commit(LATER)
    _, run = program.json("apply", "--yes", "--push-applied", "remote.git")
    assert ([one["rule"] for one in run["findings"]], git("--git-dir", "remote.git", "rev-parse", REF)) == ([], later)


def test_of_two_that_tell_a_remote_the_second_is_told(program, git, commit, service):
    git("init", "--quiet", "--bare", "remote.git")
    git("push", "--quiet", "remote.git", "HEAD:refs/heads/main")
    first = git("rev-parse", "HEAD")
    other = git("commit-tree", "HEAD^{tree}", "-m", "of another runner")
    git("push", "--quiet", "remote.git", f"{other}:refs/heads/other")

    def meanwhile(_, body):
        if body.get("xw_quartz", {}).get("opttype") == "save":
            git("--git-dir", "remote.git", "update-ref", REF, other)

    service.hook = meanwhile
    _, run = program.json("apply", "--yes", "--push-applied", "remote.git")
    assert ["another run applied meanwhile" in one["hint"] for one in run["findings"] if one["rule"] == "applied-ref"]
    assert (git("--git-dir", "remote.git", "rev-parse", REF), git("rev-parse", REF)) == (other, first)


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


def test_an_apply_that_waited_goes_on_from_what_the_other_one_applied(program, git, commit, tmp_path, monkeypatch):
    assert program("apply", "--yes").code == 0
    other = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "of the other run")
    later = commit(LATER)
    waited: list[float] = []
    clock = SystemClock(threading.Event())
    address = file_address(tmp_path / IN_GIT)
    ledger = open_ledger(address, workspace="test", environment="test", clock=clock, create=False)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "the other run", timeout_seconds=0) as held:

        def sleep(_, seconds):
            if not waited:
                git("update-ref", REF, other)
                ledger.unlock(held.id)
            waited.append(seconds)

        monkeypatch.setattr(SystemClock, "monotonic", lambda _: sum(waited))
        monkeypatch.setattr(SystemClock, "sleep", sleep)
        code, run = program.json("apply", "--yes", "--lock-timeout", "10m")
    assert waited
    assert (code, run["findings"], git("rev-parse", REF)) == (0, [], later)

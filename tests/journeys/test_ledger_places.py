"""Where the ledger file is: one for all work trees of a repository, taken to its place once, never one of a commit."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest

from reconcile.ledger.address import file_address
from reconcile.ledger.database import Database
from reconcile.ledger.environment_lock import EnvironmentLock
from reconcile.ledger.lease import LEASE
from reconcile.model.ledger_records import LockHolder
from tests.journeys.conftest import CLOCK, IN_GIT, LEDGER, rules, run_ids

OLD = ".reconcile/ledger.db"


@pytest.fixture
def git(program, tmp_path):
    """Runs git in the folder of the program."""

    def run(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    return run


@pytest.fixture
def committed(git):
    """The declarations are committed."""
    git("init", "-q")
    git("add", "schedules")
    git("commit", "-qm", "one")


def findings(document):
    return {one["rule"]: one["message"] for one in document["findings"]}


def test_all_work_trees_of_a_repository_share_one_ledger(committed, git, applied, tmp_path, monkeypatch):
    assert (tmp_path / IN_GIT).exists()
    assert not (tmp_path / ".reconcile").exists()
    git("worktree", "add", "-q", "--detach", "second")
    monkeypatch.chdir(tmp_path / "second")
    assert len(run_ids(applied)) == 1
    code, plan = applied.json("plan")
    assert (code, plan["last_applied"]) == (0, "ledger")


def test_git_clean_does_not_reach_the_ledger(committed, git, applied):
    git("clean", "-qffdx")
    assert len(run_ids(applied)) == 1


@pytest.mark.parametrize("at", [LEDGER, OLD], ids=["outside-git", "of-an-older-version"])
def test_a_ledger_at_an_earlier_place_is_read_there_and_taken_by_the_next_apply(applied, git, tmp_path, at):
    if at == OLD:
        (tmp_path / LEDGER).rename(tmp_path / OLD)
    git("init", "-q")
    for command in (["plan"], ["drift"], ["status"], ["runs"]):
        assert applied(*command).code == 0, command
    assert applied.json("plan")[1]["last_applied"] == "ledger"
    assert (tmp_path / at).exists()
    ended = applied("apply", "--yes")
    assert (ended.code, f"the ledger {at} was moved to {IN_GIT}" in ended.err) == (0, True)
    assert not (tmp_path / at).exists()
    assert len(run_ids(applied)) == 2
    assert "was moved" not in applied("apply", "--yes").err


@pytest.mark.parametrize("command", [["ledger", "rebuild"], ["rollback", "2", "--yes"]], ids=lambda each: each[0])
def test_each_command_that_writes_a_run_takes_the_ledger_to_its_place(applied, tmp_path, command):
    (tmp_path / LEDGER).rename(tmp_path / OLD)
    applied(*command)
    assert (tmp_path / LEDGER).exists()
    assert len(run_ids(applied)) == 2


def lock_of_a_dead_run(file):
    """Leave a lock in the ledger *file*, and return its id."""
    holder = LockHolder("1a2b3c4d", "20260101T000000Z-aaaaaa", "x", since=CLOCK.now(), renewed_at=CLOCK.now())
    with contextlib.closing(Database(file_address(file))) as database:
        EnvironmentLock(database, workspace="test", environment="test", clock=CLOCK, lease=LEASE).take(holder)
    return holder.id


@pytest.mark.parametrize("at", [LEDGER, OLD], ids=["outside-git", "of-an-older-version"])
@pytest.mark.parametrize("command", ["release", "unlock"])
def test_a_command_that_changes_the_ledger_takes_it_to_its_place(applied, git, tmp_path, command, at):
    what = "acme/1"
    if command == "release":
        run = run_ids(applied)[0]
        assert applied("rollback", run, "--yes", "--code", "1").code == 0
    else:
        what = lock_of_a_dead_run(tmp_path / LEDGER)
    if at == OLD:
        (tmp_path / LEDGER).rename(tmp_path / OLD)
    git("init", "-q")
    ended = applied(command, what)
    assert (ended.code, f"the ledger {at} was moved to {IN_GIT}" in ended.err) == (0, True), ended
    assert ((tmp_path / at).exists(), (tmp_path / IN_GIT).exists()) == (False, True)


@pytest.mark.parametrize("command", [["release", "acme/1"], ["unlock", "x"]], ids=lambda each: each[0])
def test_a_command_that_changes_a_ledger_makes_none(program, tmp_path, command):
    ended = program(*command)
    assert (ended.code, "there is no ledger" in ended.err, (tmp_path / ".reconcile").exists()) == (1, True, False)


def test_two_ledgers_are_an_error_that_names_both(applied, service, git, tmp_path):
    git("init", "-q")
    assert applied("apply", "--yes").code == 0
    assert applied("apply", "--yes").code == 0
    git("--version")
    shutil.copytree(tmp_path / ".git/reconcile", tmp_path / "kept")
    (tmp_path / ".git").rename(tmp_path / "away")
    assert applied("ledger", "rebuild").code == 0
    (tmp_path / "away").rename(tmp_path / ".git")
    service.saves.clear()
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    for place in (LEDGER, IN_GIT, "move the other one away"):
        assert place in refused["errors"][0]["message"] + refused["errors"][0]["hint"]
    code, plan = applied.json("plan")
    assert "there are two ledgers" in findings(plan)["ledger-unreadable"]


def test_what_a_killed_run_left_at_the_earlier_place_is_removed(applied, git, tmp_path):
    git("init", "-q")
    (tmp_path / IN_GIT).parent.mkdir(parents=True)
    shutil.copy(tmp_path / LEDGER, tmp_path / IN_GIT)
    assert applied.json("plan")[1]["last_applied"] == "ledger"
    assert applied("apply", "--yes").code == 0
    assert not (tmp_path / LEDGER).exists()
    assert len(run_ids(applied)) == 2


@pytest.mark.parametrize("brought", ["file", "link", "folder"])
def test_a_ledger_that_a_commit_brought_is_never_believed(applied, service, git, tmp_path, brought):
    (tmp_path / ".reconcile" / ".gitignore").unlink()
    (tmp_path / LEDGER).rename(tmp_path / "brought.db")
    shutil.rmtree(tmp_path / ".reconcile")
    if brought == "folder":
        (tmp_path / "elsewhere" / "test").mkdir(parents=True)
        (tmp_path / "brought.db").rename(tmp_path / "elsewhere" / "test" / "ledger.db")
        (tmp_path / ".reconcile").symlink_to("elsewhere")
    else:
        (tmp_path / LEDGER).parent.mkdir(parents=True)
        if brought == "file":
            (tmp_path / "brought.db").rename(tmp_path / LEDGER)
        else:
            (tmp_path / "brought.db").rename(tmp_path.parent / f"{tmp_path.name}.db")
            (tmp_path / LEDGER).symlink_to(tmp_path.parent / f"{tmp_path.name}.db")
    git("init", "-q")
    git("add", "--all")
    git("commit", "-qm", "one")
    service.saves.clear()
    code, plan = applied.json("plan")
    assert (plan["last_applied"], "a commit brought it" in findings(plan)["ledger-unreadable"]) == ("none", True)
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    assert not (tmp_path / IN_GIT).exists()
    assert applied("status").code == 1


def test_an_old_ledger_of_another_workspace_is_refused_and_stays(applied, write, tmp_path):
    (tmp_path / LEDGER).rename(tmp_path / OLD)
    text = (tmp_path / "schedules" / "reconcile.yaml").read_text(encoding="utf-8")
    write("reconcile.yaml", text.replace("workspace: test", "workspace: other"))
    ended = applied("apply", "--yes")
    assert (ended.code, "belongs to workspace test" in ended.err + ended.out) == (3, True)
    assert (tmp_path / OLD).exists()
    assert not (tmp_path / ".reconcile" / "other").exists()


def test_the_old_ledger_of_another_workspace_beside_ones_own_is_left_alone(applied, write, tmp_path):
    shutil.copy(tmp_path / LEDGER, tmp_path / "of_test.db")
    text = (tmp_path / "schedules" / "reconcile.yaml").read_text(encoding="utf-8")
    write("reconcile.yaml", text.replace("workspace: test", "workspace: other"))
    assert applied("apply", "--yes").code == 0
    (tmp_path / "of_test.db").rename(tmp_path / OLD)
    assert applied("apply", "--yes").code == 0
    assert (tmp_path / OLD).exists()

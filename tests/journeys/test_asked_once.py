"""A run reads its declarations once, opens the ledger once, and asks git each question once."""

from __future__ import annotations

import subprocess
from collections import Counter

import pytest

from reconcile.git import program as git_program
from reconcile.git.worktree import WorkTree
from reconcile.ledger import open_ledger as opening
from reconcile.session import declared
from tests.journeys.conftest import TENANT

READING = (("plan",), ("drift",), ("status",), ("validate", "schedules"), ("history", "acme", "1"), ("runs",))
SAVING = (("apply", "--yes"), ("apply", "plan.json", "--yes"), ("rollback", "RUN", "--yes"), ("ledger", "rebuild"))


@pytest.fixture
def applied(program, tmp_path, write):
    """A commit that was applied, a later one, and a saved plan of it; gives the id of the run that applied."""

    def git(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

    git("init", "-q", "-b", "main")
    git("add", "schedules")
    git("commit", "-q", "-m", "first")
    assert program("apply", "--yes").code == 0
    write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3"))
    git("commit", "-q", "-a", "-m", "later")
    assert program("plan", "--out", "plan.json").code == 0
    return program.json("runs")[1]["runs"][0]["run"]


@pytest.fixture
def counted(monkeypatch):
    """How often what was asked for since: workspaces and trees read, ledgers opened, and each question to git."""
    counts = Counter()

    def load_workspace(directory, tree, *, real=declared.load_workspace, **more):
        counts["workspace"] += isinstance(tree, WorkTree)
        return real(directory, tree, **more)

    def open_ledger(*given, real=opening.open_ledger, **more):
        counts["ledger"] += 1
        return real(*given, **more)

    def run(arguments, *given, real=git_program.run, **more):
        counts[question(arguments)] += 1
        return real(arguments, *given, **more)

    monkeypatch.setattr(declared, "load_workspace", load_workspace)
    monkeypatch.setattr(opening, "open_ledger", open_ledger)
    monkeypatch.setattr(git_program, "run", run)
    return counts


def question(arguments):
    """Return what git is asked, without where and how."""
    words = [word for word in arguments[2:] if not word.startswith(("--git-dir", "--work-tree"))]
    return " ".join(words)


@pytest.mark.parametrize("command", [*READING, *SAVING], ids=" ".join)
def test_a_workspace_is_loaded_once_and_git_is_asked_nothing_twice(applied, program, counted, command):
    ended = program(*(applied if word == "RUN" else word for word in command))
    assert ended.code == 0, ended.err
    assert counted.pop("workspace") == 1
    named = {what: count for what, count in counted.items() if what.endswith("^{commit}") and "HEAD" not in what}
    # A commit that a ref or the ledger names is looked up where it is found, and by the tree that is made of it.
    assert max(named.values(), default=0) <= 2
    asked = {what: count for what, count in counted.items() if what not in named and what != "ledger"}
    assert len(asked) >= 3
    assert {what: count for what, count in asked.items() if count > 1} == {}


@pytest.mark.parametrize("command", [*READING[:3], READING[5], *SAVING[:3]], ids=" ".join)
def test_a_ledger_is_opened_once(applied, program, counted, command):
    assert program(*(applied if word == "RUN" else word for word in command)).code == 0
    assert counted["ledger"] == 1


def test_a_plan_starts_git_five_times(applied, program, counted):
    program("plan")
    assert sum(count for what, count in counted.items() if what not in ("workspace", "ledger")) == 5


def test_whether_all_is_committed_costs_two_runs_of_git(applied, program, counted):
    program("apply", "--yes")
    runs = []
    for options in ((), ("--require-git-clean",)):
        counted.clear()
        assert program("apply", "--yes", *options).code == 0
        runs.append(sum(count for what, count in counted.items() if what not in ("workspace", "ledger")))
    assert runs[1] == runs[0] + 2

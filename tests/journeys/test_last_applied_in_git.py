"""What is last applied, by Git: a commit, and what is forgotten when the ref of last applied moves."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT


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


@pytest.fixture
def killed(committed, tmp_path, monkeypatch):
    """Have git die of a signal when it is called with a word."""

    def one(word):
        place = tmp_path / "bin"
        place.mkdir()
        script = f'#!/bin/sh\ncase " $* " in *" {word} "*) kill -9 $$ ;; esac\nexec {shutil.which("git")} "$@"\n'
        (place / "git").write_text(script, encoding="utf-8")
        (place / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
        return committed

    return one


@pytest.mark.parametrize(
    "word", [pytest.param(word, id=word[:12]) for word in ("HEAD^{commit}", "for-each-ref", "--is-inside-work-tree")]
)
def test_a_git_that_was_killed_is_an_error_of_what_remembers_and_of_nothing_else(killed, service, word):
    program = killed(word)
    for words in (["plan"], ["drift"], ["apply", "--yes"]):
        ended = program(*words)
        assert (ended.code, "git was ended by signal 9" in ended.err) == (1, True), ended.err
    assert service.saves == []
    assert program("validate").code == 0


def test_a_git_that_was_killed_does_not_call_files_committed(killed, service):
    program = killed("status")
    ended = program("apply", "--yes", "--require-git-clean")
    assert (ended.code, "git was ended by signal 9" in ended.err, service.saves) == (1, True, [])

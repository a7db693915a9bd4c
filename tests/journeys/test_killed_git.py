"""A git that was killed says nothing: neither that there is no commit, nor that files are committed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


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
    program = killed("ls-tree")
    ended = program("apply", "--yes", "--require-git-clean")
    assert (ended.code, "git was ended by signal 9" in ended.err, service.saves) == (1, True, [])

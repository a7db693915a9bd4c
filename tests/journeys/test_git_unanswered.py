"""A `.git` that git does not answer for: what remembers stops there, and no second ledger begins outside Git."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.journeys.conftest import IN_GIT, run_ids

OFFLINE = [("validate",), ("explain", "0 0 2 * * ?"), ("show", "plan.json")]
REMEMBERING = [
    ("plan",),
    ("drift",),
    ("apply", "--yes"),
    ("rollback", "x", "--yes"),
    ("status",),
    ("runs",),
    ("release", "acme/1"),
    ("unlock", "1a2b3c4d"),
    ("ledger", "rebuild"),
]


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Put a shell script in the place of git; in it ``$real`` is git itself."""

    def one(script):
        place = tmp_path / "bin"
        place.mkdir()
        (place / "git").write_text(f"#!/bin/sh\nreal={shutil.which('git')}\n{script}\n", encoding="utf-8")
        (place / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")

    return one


@pytest.fixture
def recorded(program, tmp_path):
    """What is declared is committed, and was applied once; a plan is saved."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (["init", "-q"], ["add", "schedules"], ["commit", "-qm", "one"]):
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)
    assert program("apply", "--yes").code == 0
    assert program("plan", "--out", "plan.json").code == 0
    return program


def without_program(place, _, monkeypatch):
    (place.parent / "empty").mkdir()
    monkeypatch.setenv("PATH", str(place.parent / "empty"))


def broken(place, _, __):
    (place / "HEAD").rename(place / "HEAD.away")


def leading_nowhere(place, _, __):
    place.rename(place.parent / "away")
    place.write_text("gitdir: /nowhere/.git/worktrees/a\n", encoding="utf-8")


def of_an_owner_that_git_cannot_be_told_to_trust(_, put, __):
    # Until 2.38 git did not take this setting from its command line.
    without = 'for each; do shift; [ "$each" = "safe.directory=*" ] && each=a.b=c; set -- "$@" "$each"; done'
    put(f'{without}\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "$real" "$@"')


@pytest.mark.parametrize(
    ("harm", "hint"),
    [
        pytest.param(without_program, "install git", id="no-program"),
        pytest.param(broken, "see what this .git is", id="broken"),
        pytest.param(leading_nowhere, "see where this .git leads", id="leading-nowhere"),
        pytest.param(of_an_owner_that_git_cannot_be_told_to_trust, "safe.directory", id="dubious-ownership"),
    ],
)
def test_what_remembers_stops_where_git_does_not_answer_and_what_needs_no_memory_goes_on(
    recorded, service, put, tmp_path, monkeypatch, harm, hint
):
    service.saves.clear()
    with monkeypatch.context() as patch:
        harm(tmp_path / ".git", put, patch)
        for words in REMEMBERING:
            ended = recorded(*words)
            assert (ended.code, hint in ended.err) == (1, True), (words, ended)
        for words in OFFLINE:
            assert recorded(*words).code == 0, words
    assert (service.saves, (tmp_path / ".reconcile").exists()) == ([], False)


def test_the_ledger_of_another_users_repository_is_the_one_in_git(recorded, put, tmp_path):
    put('GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "$real" "$@"')
    assert recorded("apply", "--yes").code == 0
    assert (len(run_ids(recorded)), (tmp_path / IN_GIT).exists()) == (2, True)
    assert not (tmp_path / ".reconcile").exists()

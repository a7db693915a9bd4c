"""The repository of a folder, through the git program."""

from __future__ import annotations

import os
import subprocess

import pytest

from reconcile.git import repository


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Return what runs git in a new repository in a folder with a blank and a Chinese character."""
    monkeypatch.delenv("GIT_DIR", raising=False)
    folder = tmp_path / "a 仓库"
    (folder / "schedules").mkdir(parents=True)
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*arguments):
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=os.environ | identity, check=True, capture_output=True, text=True
        ).stdout.strip()

    run("init", "--quiet")
    return folder, run


def test_the_root_is_that_of_the_repository(git):
    folder, _ = git
    assert repository.root(folder / "schedules").samefile(folder)


def test_before_the_first_commit_there_is_no_revision(git):
    folder, _ = git
    assert repository.head(folder) is None


def test_the_head_is_the_commit(git):
    folder, run = git
    run("commit", "--allow-empty", "--quiet", "-m", "one")
    assert repository.head(folder / "schedules") == run("rev-parse", "HEAD")


def test_outside_git_there_is_neither(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert repository.root(tmp_path) is None
    assert repository.head(tmp_path) is None


def test_a_folder_that_is_not_there_has_no_repository(tmp_path):
    assert repository.root(tmp_path / "gone") is None


def test_without_the_git_program_there_is_none(git, monkeypatch):
    folder, _ = git
    monkeypatch.setenv("PATH", "")
    assert repository.root(folder) is None


def test_a_git_that_does_not_answer_is_none(git, monkeypatch):
    folder, _ = git

    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    assert repository.root(folder) is None


def test_the_environment_cannot_point_elsewhere(git, monkeypatch, tmp_path):
    folder, _ = git
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert repository.root(folder).samefile(folder)


def test_a_path_is_shown_within_the_repository(git):
    folder, _ = git
    assert repository.path_within(folder / "schedules") == "schedules"
    assert repository.path_within(folder) == "."


def test_a_path_is_shown_within_the_repository_from_wherever_it_is_named(git, monkeypatch):
    folder, _ = git
    monkeypatch.chdir(folder / "schedules")
    assert repository.path_within(repository.Path()) == "schedules"


def test_outside_git_a_path_is_shown_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(repository, "root", lambda _: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert repository.path_within(repository.Path("a")) == "a"
    assert repository.path_within(tmp_path.parent) == ".."

"""The repository of a folder, through the git program."""

from __future__ import annotations

import pytest

from reconcile.errors import ReconcileError
from reconcile.git import repository


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


def test_a_git_that_does_not_answer_is_none(git, other_git, impatient):
    folder, _ = git
    other_git("sleep 300")
    assert repository.root(folder) is None
    assert repository.head(folder) is None
    assert not repository.is_shallow(folder)


def test_a_folder_knows_where_in_its_repository_it_is(git):
    folder, _ = git
    assert repository.prefix_of(folder) == ""
    assert repository.prefix_of(folder / "schedules") == "schedules/"


def test_a_folder_behind_a_link_is_where_the_link_leads(git, tmp_path):
    folder, _ = git
    (tmp_path / "link").symlink_to(folder / "schedules")
    assert repository.prefix_of(tmp_path / "link") == "schedules/"


def test_a_name_may_end_in_a_line_break(git):
    folder, _ = git
    (folder / "a\n").mkdir()
    assert repository.prefix_of(folder / "a\n") == "a\n/"


def test_there_is_no_work_tree_in_a_bare_repository_outside_git_and_without_git(git, tmp_path, monkeypatch):
    folder, run = git
    run("init", "--quiet", "--bare", str(tmp_path / "bare"))
    assert repository.prefix_of(tmp_path / "bare") is None
    assert repository.prefix_of(folder / ".git") is None
    assert repository.prefix_of(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert repository.prefix_of(folder) is None


def test_a_repository_that_cannot_be_read_is_an_error(git):
    folder, _ = git
    (folder / ".git" / "config").write_text("[core", encoding="utf-8")
    with pytest.raises(ReconcileError, match="cannot be read: fatal: bad config"):
        repository.prefix_of(folder)


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

"""A folder as a tree of files."""

from __future__ import annotations

import os

import pytest

from reconcile.errors import SettingError
from reconcile.git import worktree
from reconcile.git.worktree import WorkTree


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "计划 of acme"
    (root / "tenants" / "深").mkdir(parents=True)
    (root / "reconcile.yaml").write_bytes(b"one")
    (root / "tenants" / "深" / "a b.yaml").write_bytes(b"two")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_bytes(b"")
    return root


def test_paths_are_those_of_files_sorted_and_without_git_itself(folder):
    assert WorkTree(folder).paths() == ("reconcile.yaml", "tenants/深/a b.yaml")


def test_a_file_is_read_as_bytes(folder):
    assert WorkTree(folder).read("tenants/深/a b.yaml") == b"two"


def test_folders_may_be_nested_deeply(folder):
    deep = folder.joinpath(*["d"] * 100)
    deep.mkdir(parents=True)
    (deep / "a.yaml").touch()
    assert WorkTree(folder).paths()[0] == "d/" * 100 + "a.yaml"


def refusal(folder, path):
    with pytest.raises(SettingError) as caught:
        WorkTree(folder).read(path)
    assert caught.value.hint
    return caught.value.message


def test_a_link_to_a_file_within_the_folder_is_read(folder):
    (folder / "link.yaml").symlink_to("tenants/深/a b.yaml")
    tree = WorkTree(folder)
    assert "link.yaml" in tree.paths()
    assert tree.read("link.yaml") == b"two"


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link.yaml").symlink_to(tmp_path / "secret")
    assert refusal(folder, "link.yaml") == "this link leads out of the folder, and is not followed"
    assert refusal(folder, "../secret") == "this link leads out of the folder, and is not followed"


def test_a_link_into_the_folder_of_git_itself_is_not_followed(folder):
    (folder / "link.yaml").symlink_to(".git/config")
    assert refusal(folder, "link.yaml") == "this link leads out of the folder, and is not followed"


def test_a_link_to_itself_cannot_be_read(folder):
    (folder / "loop.yaml").symlink_to("loop.yaml")
    tree = WorkTree(folder)
    assert "loop.yaml" in tree.paths()
    assert refusal(folder, "loop.yaml").startswith("cannot be read: ")


def test_a_link_to_nothing_cannot_be_read(folder):
    (folder / "gone.yaml").symlink_to("nowhere")
    assert refusal(folder, "gone.yaml") == "cannot be read: No such file or directory"


def test_a_link_to_a_folder_is_not_followed_and_ends_in_a_slash(folder):
    (folder / "tenants" / "up").symlink_to("..")
    assert WorkTree(folder).paths() == ("reconcile.yaml", "tenants/up/", "tenants/深/a b.yaml")


def test_a_file_that_is_not_there_cannot_be_read(folder):
    assert refusal(folder, "none.yaml") == "cannot be read: No such file or directory"


def test_a_folder_is_no_file(folder):
    assert refusal(folder, "tenants").startswith("cannot be read: ")


def test_a_pipe_does_not_make_anybody_wait(folder):
    os.mkfifo(folder / "pipe.yaml")
    assert refusal(folder, "pipe.yaml") == "cannot be read: it is not a regular file"


def test_a_file_without_permission_cannot_be_read(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(worktree.os, "open", refuse)  # root may read whatever its mode says
    assert refusal(folder, "reconcile.yaml") == "cannot be read: Permission denied"


def test_a_huge_file_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(worktree, "MAX_BYTES", 2)
    assert refusal(folder, "reconcile.yaml") == "cannot be read: it has 0 MiB"


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingError, match="gone does not exist"):
        WorkTree(tmp_path / "gone").paths()


def test_a_file_is_no_folder(folder):
    with pytest.raises(SettingError, match=r"reconcile\.yaml is a file"):
        WorkTree(folder / "reconcile.yaml").paths()


def test_a_folder_that_cannot_be_listed_is_an_error(folder, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(worktree.os, "scandir", refuse)
    with pytest.raises(SettingError, match="cannot be listed: Permission denied"):
        WorkTree(folder).paths()

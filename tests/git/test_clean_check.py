"""What was read and is not as the commit holds it: by the bytes and the commit's tree, never by the index."""

from __future__ import annotations

import pytest

from reconcile.errors import ReconcileError
from reconcile.git import clean_check
from reconcile.git.clean_check import ignored_among, not_as_committed
from reconcile.git.configuration import Allow
from reconcile.git.repository import find
from reconcile.git.worktree import WorkTree
from tests.git.conftest import run_git, unclean

NAMES = ("a.yaml", "b c.yaml", "订单.yaml", 'q"\n\r\\.yaml')


def commit_all(run):
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")


@pytest.fixture(params=["sha1", "sha256"])
def committed(request, git):
    folder, run = git
    if request.param == "sha256":
        for each in sorted((folder / ".git").rglob("*"), reverse=True):
            each.rmdir() if each.is_dir() else each.unlink()
        (folder / ".git").rmdir()
        run("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    place = folder / "schedules"
    for name in NAMES:
        (place / name).write_text("one\n", encoding="utf-8")
    (folder / ".gitignore").write_text("*.tmp\nbuild/\n", encoding="utf-8")
    commit_all(run)
    return place, run


def read(folder):
    """Read all files of *folder*."""
    tree = WorkTree(folder)
    for path in tree.paths():
        if not path.endswith("/"):
            tree.read(path)
    return tree


def test_a_clean_folder_has_nothing_that_differs(committed):
    assert unclean(committed[0]) == ()


def test_what_is_changed_new_or_gone_differs(committed):
    folder, run = committed
    (folder / "b c.yaml").write_text("two\n", encoding="utf-8")
    run("mv", "schedules/a.yaml", "schedules/moved.yaml")
    (folder / 'q"\n\r\\.yaml').unlink()
    (folder / "new").mkdir()
    (folder / "new" / "n.yaml").touch()
    assert unclean(folder) == ("a.yaml", "b c.yaml", "moved.yaml", "new/n.yaml", 'q"\n\r\\.yaml')


def test_what_is_staged_is_in_no_commit(committed):
    folder, run = committed
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    (folder / "new.yaml").touch()
    run("add", "--all")
    run("rm", "--quiet", "--cached", "schedules/b c.yaml")
    assert unclean(folder) == ("a.yaml", "new.yaml")


def test_what_was_staged_and_is_not_on_disk_is_not_what_was_read(committed):
    folder, run = committed
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    run("add", "--all")
    (folder / "a.yaml").write_text("one\n", encoding="utf-8")
    assert unclean(folder) == ()


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_the_index_hides_differs(committed, flag):
    folder, run = committed
    run("update-index", flag, "schedules/a.yaml")
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    assert run("status", "--porcelain") == ""
    assert unclean(folder) == ("a.yaml",)


def test_a_file_that_git_skips_and_that_is_gone_differs(committed):
    folder, run = committed
    run("update-index", "--skip-worktree", "schedules/a.yaml")
    (folder / "a.yaml").unlink()
    assert unclean(folder) == ("a.yaml",)


def test_a_sparse_checkout_lacks_only_what_was_wanted(committed):
    folder, run = committed
    run("sparse-checkout", "set", "--no-cone", "/*", "!/schedules/a.yaml")
    assert unclean(folder) == ("a.yaml",)
    assert unclean(folder, wanted=lambda path: path != "a.yaml") == ()


def test_without_an_index_the_commit_still_tells(committed):
    folder, _ = committed
    (folder.parent / ".git" / "index").write_bytes(b"garbage")
    assert unclean(folder) == ()
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    assert unclean(folder) == ("a.yaml",)


def test_a_file_that_changed_since_it_was_read_differs(committed):
    folder, _ = committed
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    tree = read(folder)
    (folder / "a.yaml").write_text("one\n", encoding="utf-8")
    tree.read("a.yaml")  # for the place of a finding: what was read first counts
    assert unclean(folder, tree) == ("a.yaml",)


def test_a_file_that_is_gone_since_it_was_read_differs(committed):
    folder, _ = committed
    tree = read(folder)
    (folder / "a.yaml").unlink()
    assert unclean(folder, tree) == ("a.yaml",)


def test_what_was_not_read_does_not_count(committed):
    folder, _ = committed
    tree = read(folder)
    (folder / "new.yaml").touch()
    (folder.parent / "elsewhere").touch()
    assert unclean(folder, tree) == ()


@pytest.mark.parametrize("how", ["core.autocrlf", "attributes"])
def test_line_ends_that_git_converts_are_as_committed(committed, how):
    folder, run = committed
    if how == "attributes":
        (folder / ".gitattributes").write_text("*.yaml text eol=crlf\n", encoding="utf-8")
        commit_all(run)
    else:
        run("config", "core.autocrlf", "true")
    for name in NAMES:
        (folder / name).write_bytes(b"one\r\n")
    assert unclean(folder) == ()
    (folder / "b c.yaml").write_bytes(b"two\r\n")
    assert unclean(folder) == ("b c.yaml",)


def test_line_ends_that_git_does_not_convert_differ(committed):
    folder, _ = committed
    (folder / "a.yaml").write_bytes(b"one\r\n")
    assert unclean(folder) == ("a.yaml",)


def test_an_encoding_that_git_converts_is_as_committed(committed):
    folder, run = committed
    (folder / ".gitattributes").write_text("*.yaml working-tree-encoding=UTF-16\n", encoding="utf-8")
    (folder / "u.yaml").write_text("订单\n", encoding="utf-16")
    for name in NAMES:
        (folder / name).write_text("one\n", encoding="utf-16")
    commit_all(run)
    assert unclean(folder) == ()


def test_a_filter_of_the_repository_counts_where_it_is_allowed(committed, tmp_path):
    folder, run = committed
    script = tmp_path / "clean.sh"
    script.write_text(f"#!/bin/sh\necho x >> '{tmp_path}/runs'\nsed s/clear/hidden/\n", encoding="utf-8")
    script.chmod(0o755)
    run("config", "filter.x.clean", str(script))
    (folder / ".gitattributes").write_text("f*.yaml filter=x\n", encoding="utf-8")
    for name in ("f1.yaml", "f2.yaml"):
        (folder / name).write_text("clear\n", encoding="utf-8")
    commit_all(run)
    (tmp_path / "runs").unlink()
    assert unclean(folder) == ("f1.yaml", "f2.yaml")
    assert not (tmp_path / "runs").exists()
    assert unclean(folder, allow=frozenset({Allow.FILTERS})) == ()
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "x\nx\n"


def test_a_filter_that_is_required_and_fails_is_an_error(committed, tmp_path):
    folder, run = committed
    run("config", "filter.x.required", "true")
    run("config", "filter.x.clean", "false")
    (folder / ".gitattributes").write_text("a.yaml filter=x\n", encoding="utf-8")
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    with pytest.raises(ReconcileError, match=r"whether .* is committed cannot be found out: .*clean filter 'x' failed"):
        unclean(folder, allow=frozenset({Allow.FILTERS}))


def test_a_file_that_changes_while_git_converts_it_differs(committed, monkeypatch):
    folder, run = committed
    run("config", "core.autocrlf", "true")
    (folder / "a.yaml").write_bytes(b"one\r\n")
    tree = read(folder)
    real = clean_check._stored_ids

    def changing(*given):
        ids = real(*given)
        (folder / "a.yaml").write_bytes(b"two\r\n")
        return ids

    monkeypatch.setattr(clean_check, "_stored_ids", changing)
    assert unclean(folder, tree) == ("a.yaml",)


def test_all_files_that_git_converts_take_one_run_more(committed, monkeypatch):
    folder, run = committed
    run("config", "core.autocrlf", "true")
    asked = []
    real = clean_check.Repository.act
    monkeypatch.setattr(
        clean_check.Repository, "act", lambda *given, **more: asked.append(given[1]) or real(*given, **more)
    )
    assert (unclean(folder), asked) == ((), [])
    for name in NAMES:
        (folder / name).write_bytes(b"one\r\n")
    assert (unclean(folder), asked) == ((), ["hash-object"])


def test_a_link_is_as_committed_where_it_leads_to_the_same_bytes(committed):
    folder, run = committed
    (folder / "to.yaml").symlink_to("a.yaml")
    commit_all(run)
    assert unclean(folder) == ()
    (folder / "b c.yaml").write_text("two\n", encoding="utf-8")
    commit_all(run)
    (folder / "to.yaml").unlink()
    (folder / "to.yaml").symlink_to("b c.yaml")
    assert unclean(folder) == ("to.yaml",)


def test_a_link_to_a_file_that_is_in_no_commit_differs(committed):
    folder, run = committed
    (folder / "to.yaml").symlink_to("new.yaml")
    commit_all(run)
    (folder / "new.yaml").touch()
    assert unclean(folder) == ("new.yaml", "to.yaml")


def test_a_commit_that_git_was_told_to_take_for_another_counts_itself(committed):
    folder, run = committed
    before = run("rev-parse", "HEAD")
    (folder / "a.yaml").write_text("two\n", encoding="utf-8")
    commit_all(run)
    run("replace", before, "HEAD")
    run("update-ref", "refs/heads/main", before)
    assert unclean(folder) == ("a.yaml",)


def test_without_a_commit_nothing_is_held(git):
    folder, _ = git
    place = folder / "schedules"
    (place / "a.yaml").touch()
    assert not_as_committed(find(place), read(place), None, wanted=bool) == ("a.yaml",)


def test_outside_git_nothing_can_be_said(tmp_path):
    assert not_as_committed(find(tmp_path), WorkTree(tmp_path), None, wanted=bool) is None


def test_looking_leaves_no_trace(committed):
    folder, _ = committed
    index = folder.parent / ".git" / "index"
    (folder / "a.yaml").write_bytes(b"one\r\n")
    before = index.read_bytes()
    assert unclean(folder) == ("a.yaml",)
    assert index.read_bytes() == before


def test_what_git_ignores_is_told_apart(committed):
    folder, _ = committed
    assert ignored_among(find(folder), ["x.tmp", "build/b.yaml", "new.yaml"]) == {"x.tmp", "build/b.yaml"}
    assert run_git(folder, "status", "--porcelain") == ""

"""What is not committed."""

from __future__ import annotations

import pytest

from reconcile.errors import ReconcileError
from reconcile.git.clean_check import ignored, uncommitted
from reconcile.git.repository import find


@pytest.fixture
def committed(git):
    folder, run = git
    place = folder / "schedules"
    for name in ("a.yaml", "b c.yaml", "订单.yaml", 'q"\n.yaml'):
        (place / name).write_text("one", encoding="utf-8")
    (folder / ".gitignore").write_text("*.tmp\nbuild/\n", encoding="utf-8")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one", "--author", "张三 <zhang@example.org>")
    return place, run


def test_a_clean_folder_has_nothing_uncommitted(committed):
    folder, _ = committed
    assert uncommitted(find(folder)) == ()


def test_what_is_changed_staged_deleted_or_new_is_uncommitted(committed):
    folder, run = committed
    (folder / "b c.yaml").write_text("two", encoding="utf-8")
    (folder / "订单.yaml").write_text("two", encoding="utf-8")
    run("add", "--all")
    run("mv", "schedules/a.yaml", "schedules/moved.yaml")
    (folder / 'q"\n.yaml').unlink()
    (folder / "new").mkdir()
    (folder / "new" / "n.yaml").touch()
    assert uncommitted(find(folder)) == ("a.yaml", "b c.yaml", "moved.yaml", "new/n.yaml", 'q"\n.yaml', "订单.yaml")


def test_what_is_elsewhere_does_not_count(committed):
    folder, _ = committed
    (folder.parent / "schedules.yaml").touch()
    (folder.parent / "elsewhere").touch()
    assert uncommitted(find(folder)) == ()
    assert uncommitted(find(folder.parent)) == ("elsewhere", "schedules.yaml")


def test_what_git_ignores_is_told_apart(committed):
    folder, _ = committed
    (folder / "x.tmp").touch()
    (folder / "build").mkdir()
    (folder / "build" / "b.yaml").touch()
    (folder / "new.yaml").touch()
    assert uncommitted(find(folder)) == ("new.yaml",)
    assert ignored(find(folder)) == ("build/", "x.tmp") or ignored(find(folder)) == ("build/b.yaml", "x.tmp")


def test_no_configuration_hides_what_is_new(committed):
    folder, run = committed
    run("config", "status.showUntrackedFiles", "no")
    run("config", "status.renames", "copies")
    (folder / "new.yaml").touch()
    assert uncommitted(find(folder)) == ("new.yaml",)


def test_a_folder_may_be_called_what_git_takes_for_a_pattern(committed):
    folder, _ = committed
    place = folder / ":(top)*"
    place.mkdir()
    (folder / "new.yaml").touch()
    assert uncommitted(find(place)) == ()


def test_before_the_first_commit_everything_is_uncommitted(git):
    folder, run = git
    (folder / "schedules" / "a.yaml").touch()
    (folder / "schedules" / "b.yaml").touch()
    run("add", "schedules/a.yaml")
    assert uncommitted(find(folder / "schedules")) == ("a.yaml", "b.yaml")


def test_outside_git_nothing_can_be_said(tmp_path):
    assert uncommitted(find(tmp_path)) is None
    assert ignored(find(tmp_path)) is None


def test_a_broken_index_is_an_error(committed):
    folder, _ = committed
    (folder.parent / ".git" / "index").write_bytes(b"garbage")
    with pytest.raises(ReconcileError, match=r"whether .* is committed cannot be found out: "):
        uncommitted(find(folder))


def test_looking_leaves_no_trace(committed):
    folder, _ = committed
    index = folder.parent / ".git" / "index"
    (folder / "a.yaml").touch()  # git would note that only the time is another
    before = index.read_bytes()
    assert uncommitted(find(folder)) == ()
    assert index.read_bytes() == before

"""A folder at a revision: what was committed, as the work tree showed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.errors import ReconcileError, SettingError
from reconcile.git import revision, worktree
from reconcile.git.repository import Repository, find
from reconcile.git.revision import revision_tree
from reconcile.git.worktree import WorkTree
from tests.git.conftest import run_git


@pytest.fixture
def committed(git):
    """Return the folder of the declarations, and what commits all that is in its repository."""
    folder, run = git

    def commit(message="one"):
        run("add", "--all", "--force")
        run("commit", "--quiet", "--allow-empty", "-m", message)
        return run("rev-parse", "HEAD")

    (folder / "schedules" / "tenants").mkdir()
    (folder / "schedules" / "reconcile.yaml").write_bytes(b"one\r\n")
    (folder / "schedules" / "tenants" / "订单 a.yaml").write_bytes(b"\0two")
    (folder / "elsewhere.yaml").write_bytes(b"three")
    return folder / "schedules", commit


def assert_same(tree, work):
    """Hold the laws: the same paths, the same bytes, the same refusals."""
    assert tree.paths() == work.paths()
    for path in work.paths():
        assert read(tree, path) == read(work, path)


def read(tree, path):
    try:
        return tree.read(path)
    except SettingError as error:
        assert error.hint
        return error.message


def test_a_clean_checkout_is_its_head(committed):
    folder, commit = committed
    head = commit()
    tree = revision_tree(find(folder), "HEAD")
    assert tree.commit == head
    assert tree.paths() == ("reconcile.yaml", "tenants/订单 a.yaml")
    assert tree.read("reconcile.yaml") == b"one\r\n"
    assert_same(tree, WorkTree(folder))


def test_the_root_of_a_repository_is_a_folder_too(committed):
    folder, commit = committed
    commit()
    tree = revision_tree(find(folder.parent), "HEAD")
    assert "elsewhere.yaml" in tree.paths()
    assert_same(tree, WorkTree(folder.parent))


def test_the_folder_may_be_reached_through_a_link(committed, tmp_path, monkeypatch):
    folder, commit = committed
    commit()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    assert_same(revision_tree(find(Path("link")), "HEAD"), WorkTree(folder))


def test_what_is_uncommitted_is_not_seen(committed):
    folder, commit = committed
    commit()
    (folder / "reconcile.yaml").write_bytes(b"changed")
    (folder / "new.yaml").write_bytes(b"new")
    (folder / "tenants" / "订单 a.yaml").unlink()
    tree = revision_tree(find(folder), "HEAD")
    assert tree.read("reconcile.yaml") == b"one\r\n"
    assert tree.paths() == ("reconcile.yaml", "tenants/订单 a.yaml")


def test_each_revision_has_its_own_files_and_bytes(committed):
    folder, commit = committed
    first = commit()
    (folder / "copy.yaml").write_bytes(b"one\r\n")
    (folder / "tenants" / "订单 a.yaml").write_bytes(b"changed")
    commit()
    before, now = revision_tree(find(folder), first), revision_tree(find(folder), "HEAD")
    assert before.read("reconcile.yaml") == now.read("reconcile.yaml") == now.read("copy.yaml")
    assert before.read("tenants/订单 a.yaml") != now.read("tenants/订单 a.yaml")
    assert before.paths() == ("reconcile.yaml", "tenants/订单 a.yaml")


@pytest.mark.parametrize("what", ["nothing", "file", "link"])
def test_a_folder_that_was_none_at_that_revision_is_empty(git, what):
    folder, run = git
    place = folder / "schedules"
    place.rmdir()
    (folder / "schedules.yaml").write_bytes(b"begins alike")
    (folder / "other").mkdir()
    (folder / "other" / "a.yaml").touch()
    if what == "file":
        place.write_bytes(b"a file")
    if what == "link":
        place.symlink_to("other")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    place.unlink(missing_ok=True)
    place.mkdir()
    assert revision_tree(find(place), "HEAD").paths() == ()


def test_a_submodule_is_told_and_not_entered(committed, tmp_path):
    folder, commit = committed
    other = tmp_path / "other"
    other.mkdir()
    run_git(other, "init", "--quiet")
    (other / "a.yaml").touch()
    run_git(other, "add", "a.yaml")
    run_git(other, "commit", "--quiet", "-m", "one")
    run_git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    linked(folder, {"to-it": "sub", "into-it.yaml": "sub/a.yaml"})
    commit()
    tree = revision_tree(find(folder), "HEAD")
    assert tree.paths() == ("into-it.yaml", "reconcile.yaml", "sub/", "tenants/订单 a.yaml", "to-it/")
    for path in ("reconcile.yaml", "tenants/订单 a.yaml"):
        assert isinstance(read(tree, path), bytes)
    for path in ("into-it.yaml", "sub/a.yaml"):
        assert read(tree, path) == "this link leads out of the folder, and is not followed"
        assert WorkTree(folder).read(path) == b""  # what is checked out is declared


def linked(folder, links):
    for path, target in links.items():
        (folder / path).symlink_to(target)


def test_links_are_as_in_the_work_tree(committed):
    folder, commit = committed
    linked(
        folder,
        {
            "file.yaml": "tenants/订单 a.yaml",
            "twice.yaml": "file.yaml",
            "around.yaml": "../schedules/./tenants/../reconcile.yaml",
            "folder": "tenants",
            "through.yaml": "folder/订单 a.yaml",
            "self": ".",
            "up": "..",
            "gone.yaml": "nowhere",
            "loop.yaml": "loop.yaml",
            "out.yaml": "../elsewhere.yaml",
            "passwd.yaml": "/etc/passwd",
            "beyond.yaml": "../" * 40 + "etc/passwd",
            "tenants/up.yaml": "../reconcile.yaml",
        },
    )
    commit()
    tree = revision_tree(find(folder), "HEAD")
    assert_same(tree, WorkTree(folder))
    assert tree.read("through.yaml") == b"\0two"
    assert tree.read("around.yaml") == tree.read("reconcile.yaml")
    for path in ("folder/", "self/", "up/", "gone.yaml", "loop.yaml", "out.yaml", "passwd.yaml"):
        assert isinstance(read(tree, path), str)
    assert (
        read(tree, "out.yaml") == read(tree, "passwd.yaml") == "this link leads out of the folder, and is not followed"
    )


def test_links_at_the_root_of_a_repository_are_as_in_the_work_tree(committed, tmp_path):
    folder, commit = committed
    (tmp_path / "out").touch()
    root = folder.parent
    linked(root, {"self": ".", "out.yaml": "../out", "up.yaml": "schedules/../elsewhere.yaml", "folder": "schedules"})
    commit()
    assert_same(revision_tree(find(root), "HEAD"), WorkTree(root))


def test_a_link_that_no_file_system_would_hold_leads_nowhere(committed):
    folder, commit = committed
    (folder / "target").write_bytes(b"../" * 2000 + b"etc")
    blob = run_git(folder, "hash-object", "-w", "target")
    commit()
    run_git(folder, "update-index", "--add", "--cacheinfo", f"120000,{blob},schedules/long.yaml")
    run_git(folder, "commit", "--quiet", "-m", "two")
    tree = revision_tree(find(folder), "HEAD")
    assert "long.yaml" in tree.paths()
    assert read(tree, "long.yaml") == "cannot be read: File name too long"


def test_a_git_that_breaks_off_is_an_error(committed, other_git):
    folder, commit = committed
    commit()
    tree = revision_tree(find(folder), "HEAD")
    other_git('echo "fatal: out of memory" >&2; exit 128')
    with pytest.raises(ReconcileError, match="files of a revision cannot be read: fatal: out of memory"):
        tree.read("reconcile.yaml")


@pytest.mark.parametrize(
    "path", ["none.yaml", "tenants", "../elsewhere.yaml", "", "/etc/passwd", "tenants/订单 a.yaml/"]
)
def test_what_is_no_file_cannot_be_read(committed, path):
    folder, commit = committed
    commit()
    refusal = read(revision_tree(find(folder), "HEAD"), path)
    assert isinstance(refusal, str)
    assert refusal == read(WorkTree(folder), path)


def test_a_huge_file_is_not_read(committed, monkeypatch):
    folder, commit = committed
    commit()
    monkeypatch.setattr(worktree, "MAX_BYTES", 4)
    tree = revision_tree(find(folder), "HEAD")
    assert tree.read("tenants/订单 a.yaml") == b"\0two"
    with pytest.raises(SettingError, match="it has 0 MiB"):
        tree.read("reconcile.yaml")


def counted(monkeypatch):
    """Return what git is asked for, as it is asked."""
    asked = []

    ask = Repository.ask

    def counting(repository, *arguments, stdin=b""):
        asked.append((arguments[0], stdin.count(b"\n")))
        return ask(repository, *arguments, stdin=stdin)

    monkeypatch.setattr(Repository, "ask", counting)
    return asked


def test_a_thousand_files_are_read_by_one_run_of_git(committed, monkeypatch):
    folder, commit = committed
    for number in range(1000):
        (folder / "tenants" / f"{number}.yaml").write_bytes(b"%d" % (number // 2))
    (folder / "tenants" / "photo.png").write_bytes(b"not asked for")
    commit()
    asked = counted(monkeypatch)
    tree = revision_tree(find(folder), "HEAD")
    for path in tree.paths():
        if path.endswith(".yaml"):
            assert tree.read(path) == (folder / path).read_bytes()
    assert asked == [
        ("rev-parse", 0),
        ("ls-tree", 0),
        ("cat-file", 502),
    ]  # each content once, and nothing of another kind


def test_not_more_is_held_than_a_window(committed, monkeypatch):
    folder, commit = committed
    for number in range(10):
        (folder / f"{number}.yaml").write_bytes(b"%d" % number * 100)
    commit()
    monkeypatch.setattr(revision, "_AHEAD_BYTES", 250)
    asked = counted(monkeypatch)
    tree = revision_tree(find(folder), "HEAD")
    for number in [*range(10), 8]:
        assert tree.read(f"{number}.yaml") == b"%d" % number * 100
    assert asked == [("rev-parse", 0), ("ls-tree", 0), *[("cat-file", 2)] * 4, ("cat-file", 4)]


def test_an_unknown_revision_is_an_error(committed):
    folder, commit = committed
    commit()
    with pytest.raises(SettingError, match="there is no revision 'nowhere'"):
        revision_tree(find(folder), "nowhere")


def test_outside_git_there_is_no_revision(tmp_path):
    with pytest.raises(SettingError, match="is not in a work tree of Git"):
        revision_tree(find(tmp_path), "HEAD")


def blob_id(folder, path):
    return run_git(folder, "rev-parse", f"HEAD:./{path}")


def lose(folder, name):
    objects = Path(run_git(folder, "rev-parse", "--git-path", "objects"))
    (folder / objects / name[:2] / name[2:]).unlink()


def test_a_repository_that_lost_a_folder_is_an_error(committed):
    folder, commit = committed
    commit()
    lose(folder, run_git(folder, "rev-parse", "HEAD:schedules"))
    with pytest.raises(ReconcileError, match="cannot be listed: "):
        revision_tree(find(folder), "HEAD")


def test_a_repository_that_lost_a_file_has_the_others(committed):
    folder, commit = committed
    commit()
    tree = revision_tree(find(folder), "HEAD")
    lose(folder, blob_id(folder, "reconcile.yaml"))
    again = revision_tree(find(folder), "HEAD")
    with pytest.raises(SettingError, match="this clone does not hold it"):
        again.read("reconcile.yaml")
    assert again.read("tenants/订单 a.yaml") == b"\0two"
    with pytest.raises(ReconcileError, match="of a revision is missing"):
        tree.read("reconcile.yaml")  # lost between listing and reading


def test_a_file_whose_object_is_broken_is_an_error(committed):
    folder, commit = committed
    commit()
    tree = revision_tree(find(folder), "HEAD")
    name = blob_id(folder, "reconcile.yaml")
    broken = folder.parent / ".git" / "objects" / name[:2] / name[2:]
    broken.chmod(0o644)
    broken.write_bytes(b"garbage")
    with pytest.raises(ReconcileError, match=f"{tree.commit[:12]}:schedules/reconcile.yaml: .*is missing"):
        tree.read("reconcile.yaml")
    assert tree.read("tenants/订单 a.yaml") == b"\0two"


def test_nothing_is_fetched_for_a_partial_clone(committed, tmp_path):
    folder, commit = committed
    commit()
    run_git(folder, "config", "uploadpack.allowFilter", "true")
    url = f"file://{folder.parent}"
    run_git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "partial")
    place = tmp_path / "partial" / "schedules"
    place.mkdir()
    # What the configuration of a stranger's repository might name.
    run_git(place, "config", "remote.origin.uploadpack", f"touch '{tmp_path}/ran'; git-upload-pack")
    with pytest.raises(ReconcileError, match="cannot be"):
        revision_tree(find(place), "HEAD").read("reconcile.yaml")
    assert not (tmp_path / "ran").exists()


def test_a_repository_of_sha_256_is_read_too(tmp_path):
    run_git(tmp_path, "init", "--quiet", "--object-format=sha256", "long")
    place = tmp_path / "long"
    (place / "a.yaml").write_bytes(b"a")
    run_git(place, "add", ".")
    run_git(place, "commit", "--quiet", "-m", "one")
    tree = revision_tree(find(place), "HEAD")
    assert len(tree.commit) == len(blob_id(place, "a.yaml")) == 64
    assert tree.read("a.yaml") == b"a"

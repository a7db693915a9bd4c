"""A clean checkout and its revision are the same tree, and both say what the file system says."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import example, given
from hypothesis import strategies as st

from reconcile.errors import SettingError
from reconcile.git.repository import find
from reconcile.git.revision import revision_tree
from reconcile.git.symlinks import leads_out
from reconcile.git.worktree import WorkTree
from tests.examples import examples
from tests.git.conftest import run_git

LEADS_OUT = leads_out().message

# Characters that break tools, some that are not UTF-8, and any other; a name has at most 255 bytes.
SIGNS = st.one_of(
    st.sampled_from("a\n\t\"'\\ *?:[]~^@{}-订％\u2028\x7f\udcff\udc80"), st.characters(exclude_categories=["Cs"])
)
NAMES = st.text(SIGNS.filter(lambda sign: sign not in "/\0"), min_size=1, max_size=12).filter(
    # Git refuses what a file system of another kind would take for its own folder.
    lambda name: (
        name not in {".", ".."}
        and name == os.fsdecode(os.fsencode(name))  # bytes that are not UTF-8 alone, but are together
        and ".git" not in "".join(sign for sign in name.casefold() if sign.isprintable())
        and "git~1" not in name.casefold()
    )
)
FEW = st.sampled_from(["a", "b", "c"])  # so that paths meet
ROOT = "仓 库"
PARTS = st.one_of(FEW, NAMES, st.sampled_from([".", "..", "", "in", ROOT, "n" * 256]), FEW)
PATHS = st.lists(FEW | NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(lambda target: target.strip("/"))
FILES = st.dictionaries(PATHS, st.binary(max_size=20), max_size=6)
LINKS = st.dictionaries(PATHS, TARGETS | PATHS, max_size=8)


def written(root, files, links):
    """Write what can be: of a name that is for a file and for a folder, what comes first."""
    for path, content in files.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        except OSError:
            continue
    for path, target in links.items():
        # `islink` also of what is behind a link that no file system can follow, where `Path.is_symlink` raises.
        if not any(os.path.islink(root / parent) for parent in (path, *PurePosixPath(path).parents)):  # noqa: PTH114
            try:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).symlink_to(target)
            except OSError:
                continue


def committed(place):
    run_git(place, "init", "--quiet")
    run_git(place, "-c", "advice.addEmbeddedRepo=false", "add", "--all")
    run_git(place, "commit", "--quiet", "--allow-empty", "-m", "one")


def read(tree, path):
    try:
        return tree.read(path)
    except SettingError as error:
        return error.message


def opened(path):
    """Return what the file system says."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path would make `a` of `a/`
            return file.read()
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def listed(tree):
    """Return the paths, of links that lead out without the slash: a revision cannot say what is outside."""
    return sorted(path.rstrip("/") if read(tree, path) == LEADS_OUT else path for path in tree.paths())


def assert_as_the_file_system(work, asked):
    for path in (*work.paths(), *asked):
        answer = read(work, path)
        if answer != LEADS_OUT:
            assert answer == opened(f"{work.root}/{path}"), path


def assert_same(root, asked=()):
    tree, work = revision_tree(find(root), "HEAD"), WorkTree(root)
    assert listed(tree) == listed(work)
    for path in (*work.paths(), *asked):
        assert read(tree, path) == read(work, path), path
    assert_as_the_file_system(work, asked)


@examples(1)
@given(files=FILES, links=LINKS, asked=st.lists(TARGETS, max_size=6), inside=st.sampled_from(["", "in/"]))
def test_a_path_leads_where_the_file_system_says_or_out(files, links, asked, inside):
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / ROOT / inside
        root.mkdir(parents=True)
        written(root, files, links)
        assert_as_the_file_system(WorkTree(root), asked)


@examples(0.3)
@given(files=FILES, links=LINKS, asked=st.lists(TARGETS, max_size=3), inside=st.sampled_from(["", "in/", "in/in/"]))
@example(files={"aa": b""}, links={"a": "aa/a"}, asked=[], inside="")
@example(
    files={"a": b"1"}, links={"b": "a/", "c": "a/.", "d": "a/..", "e": "a/../a", "f": "b"}, asked=["a/"], inside=""
)
@example(files={"c/a": b"1"}, links={"b": "c/", "d": "b/a", "e": "x/../c/a", "f": "c/../c/a"}, asked=["b/a"], inside="")
@example(files={"a": b"1"}, links={"0": "a", **{str(n + 1): str(n) for n in range(42)}}, asked=[], inside="")
@example(
    files={"a": b"1"}, links={"b": "../in/a", "c": "../../../a", "d": f"../../{ROOT}/in/a"}, asked=[], inside="in/"
)
@example(files={"a": b"1"}, links={"b": "../gone", "c": "../gone/../in/a", "d": ".git/config"}, asked=[], inside="in/")
@example(files={}, links={"a": "n" * 256, "a/a": "a"}, asked=[], inside="")
@example(files={}, links={"b": "n" * 256, "c": "n" * 255, "d": "a/" + "n" * 256}, asked=["n" * 256], inside="")
@example(files={"\udcff\n": b"1"}, links={"\udc80": "\udcff\n", "c": "\udcff\n/"}, asked=[], inside="")
def test_a_clean_checkout_is_its_head_whatever_its_files_and_links_are_called(files, links, asked, inside):
    place = Path(tempfile.mkdtemp())
    try:
        root = place / ROOT / inside
        root.mkdir(parents=True)
        written(root, files, links)
        committed(place)
        assert_same(root, asked)
    finally:
        shutil.rmtree(place)


def test_git_own_file_in_another_checkout_of_a_repository_is_not_listed(git, tmp_path):
    folder, run = git
    (folder / "a.yaml").write_bytes(b"a")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    run("worktree", "add", "--quiet", str(tmp_path / "second"))
    assert WorkTree(tmp_path / "second").paths() == ("a.yaml",)
    assert_same(tmp_path / "second", [".git"])


def test_a_link_that_begins_at_the_root_of_the_machine_is_followed_nowhere(git):
    folder, _ = git
    (folder / "a.yaml").write_bytes(b"a")
    (folder / "b.yaml").symlink_to(folder / "a.yaml")  # another checkout of the same commit would not have it there
    committed(folder)
    assert read(WorkTree(folder), "b.yaml") == LEADS_OUT
    assert_same(folder)


def test_a_link_that_names_the_folder_of_the_checkout_leads_out(git):
    folder, _ = git
    (folder / "a.yaml").write_bytes(b"a")
    (folder / "b.yaml").symlink_to(f"../{folder.name}/a.yaml")  # as above
    committed(folder)
    assert read(WorkTree(folder), "b.yaml") == LEADS_OUT
    assert_same(folder)


def test_a_submodule_that_was_not_checked_out_is_told_by_the_revision_alone(git, tmp_path):
    folder, run = git
    (folder / "sub").mkdir()
    committed(folder / "sub")
    run("-c", "advice.addEmbeddedRepo=false", "add", "sub")
    run("commit", "--quiet", "-m", "one")
    run("clone", "--quiet", ".", str(tmp_path / "clone"))
    assert revision_tree(find(tmp_path / "clone"), "HEAD").paths() == ("sub/",)
    assert WorkTree(tmp_path / "clone").paths() == ()  # nothing says so there but Git's index


def test_a_folder_called_as_git_own_that_is_no_repository_hides_nothing(git):
    folder, _ = git
    (folder / "sub" / ".git").mkdir(parents=True)
    (folder / "sub" / "a.yaml").write_bytes(b"a")
    committed(folder)
    assert WorkTree(folder).paths() == ("sub/a.yaml",)
    assert_same(folder)

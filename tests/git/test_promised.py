"""What a partial clone does not hold: found out without a fetch, and fetched in one call, by no program of a branch."""

from __future__ import annotations

import shutil

import pytest

from reconcile.errors import ReconcileError
from reconcile.git.configuration import Allow
from reconcile.git.promised import fetch_named, promisor_of, whole_tree
from reconcile.git.repository import find
from tests.git.conftest import run_git


@pytest.fixture
def partial(git, tmp_path):
    """A partial clone that has no file yet, of a repository with two in a folder and one beside it."""
    folder, run = git
    (folder / "schedules" / "a.yaml").write_text("a", encoding="utf-8")
    (folder / "schedules" / "订单.yaml").write_text("b", encoding="utf-8")
    (folder / "a.yaml").write_text("beside", encoding="utf-8")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    run("config", "uploadpack.allowFilter", "true")
    run_git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{folder}", "partial")
    place = tmp_path / "partial" / "schedules"
    place.mkdir()
    return place


def missing(place):
    listed = run_git(place, "rev-list", "--objects", "--no-object-names", "--missing=print", "HEAD")
    return sum(line.startswith("?") for line in listed.split("\n"))


def test_the_files_of_the_folder_are_fetched_and_no_other(partial):
    refs = run_git(partial, "for-each-ref")
    before = missing(partial)
    tree = whole_tree(find(partial), "HEAD")
    assert [tree.read(path) for path in ("a.yaml", "订单.yaml")] == [b"a", b"b"]
    assert missing(partial) == before - 2 > 0
    assert run_git(partial, "for-each-ref") == refs
    assert not (partial.parent / ".git" / "FETCH_HEAD").exists()


def test_files_of_one_name_are_fetched_from_the_whole_repository(partial):
    before = missing(partial)
    fetch_named(find(partial), "HEAD", name="a.yaml")
    assert missing(partial) == before - 2


def test_what_is_here_is_not_asked_for(partial):
    whole_tree(find(partial), "HEAD")
    run_git(partial, "remote", "set-url", "origin", "file:///nowhere")
    assert whole_tree(find(partial), "HEAD").read("a.yaml") == b"a"


def test_a_whole_clone_has_nothing_that_was_promised(partial, git, tmp_path):
    assert promisor_of(find(partial)) == "origin"
    assert promisor_of(find(git[0])) is None
    assert promisor_of(find(tmp_path)) is None  # outside Git
    run_git(partial, "config", "--unset", "remote.origin.promisor")
    assert promisor_of(find(partial)) is None
    run_git(partial, "config", "extensions.partialClone", "upstream")
    assert promisor_of(find(partial)) == "upstream"


def test_no_program_that_the_configuration_of_the_repository_names_is_run(partial, tmp_path):
    run_git(partial, "config", "remote.origin.uploadpack", f"touch '{tmp_path}/ran'; git-upload-pack")
    assert whole_tree(find(partial), "HEAD").read("a.yaml") == b"a"
    assert not (tmp_path / "ran").exists()
    run_git(partial, "config", "remote.origin.vcs", "ran")
    with pytest.raises(ReconcileError, match=r"cannot be fetched: remote\.origin\.vcs .* names a program"):
        fetch_named(find(partial, frozenset({Allow.CREDENTIALS})), "HEAD", name="a.yaml")


@pytest.mark.parametrize(
    "command, says",
    [
        ("ls-tree", "the files of .* cannot be listed"),
        ("rev-list", "which files of .* are not here cannot be found out"),
    ],
)
def test_a_git_that_breaks_off_is_an_error(partial, other_git, command, says):
    repository, real = find(partial), shutil.which("git")
    other_git(f'case "$*" in *" {command} "*) echo "fatal: broken" >&2; exit 128;; esac; exec "{real}" "$@"')
    with pytest.raises(ReconcileError, match=f"{says}: fatal: broken"):
        whole_tree(repository, "HEAD")

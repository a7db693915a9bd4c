"""Which commit holds which, from whole, shallow and broken clones; git that could not say has not said no."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from reconcile.git.ancestry import described, find_ancestry, remote_of
from reconcile.git.repository import find
from reconcile.model.commit_order import Commit, Standing
from tests.git.conftest import run_git

NOWHERE = "deadbeef" * 5


@pytest.fixture
def line(git):
    """Return a repository, and 700 commits in a line: more than the first two steps of deepening."""
    folder, run = git
    each = "commit refs/heads/main\ncommitter x <x> {0} +0000\ndata 0\n"
    stream = "".join(each.format(1_700_000_000 + number) for number in range(700))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=stream, text=True, check=True)
    return folder, run, run("rev-list", "--reverse", "main").split()


@pytest.fixture
def small(git):
    """Return a repository, and three commits: the first, and two that have parted."""
    folder, run = git
    tree = run("write-tree")
    first = run("commit-tree", "-m", "first\n\nmore", tree)
    commits = (first, *(run("commit-tree", "-m", name, "-p", first, tree) for name in ("left", "right")))
    run("update-ref", "refs/heads/main", commits[1])
    run("update-ref", "refs/heads/other", commits[2])
    return folder, run, commits


@pytest.fixture
def clone(git, tmp_path):
    """Clone the repository with *options*, and return the folder."""
    folder, _ = git

    def one(*options):
        place = tmp_path / "clone"
        run_git(tmp_path, "clone", "--quiet", *options, folder.as_uri(), str(place))
        return place

    return one


def standing(folder, commit, other):
    return find_ancestry(find(folder), commit, [other]).standings[other]


def test_a_commit_is_newer_or_older_than_another_or_has_parted_from_it(small):
    folder, _, (first, left, right) = small
    assert standing(folder, left, first) is Standing.NEWER
    assert standing(folder, first, left) is Standing.OLDER
    assert standing(folder, right, left) is Standing.PARTED


def test_a_shallow_clone_is_deepened_as_far_as_it_takes(line, clone):
    _, _, commits = line
    place = clone("--depth=1")
    assert standing(place, commits[-1], commits[-20]) is Standing.NEWER
    assert int(run_git(place, "rev-list", "--count", "HEAD")) == 51
    assert standing(place, commits[-1], commits[-300]) is Standing.NEWER
    assert run_git(place, "rev-parse", "--is-shallow-repository") == "true"
    assert standing(place, commits[-1], commits[0]) is Standing.NEWER
    assert run_git(place, "rev-parse", "--is-shallow-repository") == "false"


def test_a_commit_of_ones_own_in_a_shallow_clone_is_newer(line, clone):
    _, _, commits = line
    place = clone("--depth=1")
    run_git(place, "commit", "--quiet", "--allow-empty", "--message", "mine")
    assert standing(place, run_git(place, "rev-parse", "HEAD"), commits[-20]) is Standing.NEWER


def test_fetching_moves_no_ref_and_leaves_no_trace(small, clone):
    _, _, (_, left, right) = small
    place = clone("--depth=1", "--branch=main")
    refs = run_git(place, "for-each-ref")
    assert standing(place, left, right) is Standing.PARTED
    assert run_git(place, "for-each-ref") == refs
    assert not (place / ".git" / "FETCH_HEAD").exists()


def test_a_commit_that_is_nowhere_is_unknown_and_whose_history_is_here_is_told_beside_it(small, clone):
    _, _, (first, left, _) = small
    found = find_ancestry(find(clone("--depth=1", "--branch=main")), left, [NOWHERE, first])
    assert found.standings == {NOWHERE: Standing.UNKNOWN, first: Standing.NEWER}
    assert found.why == "it is neither in this repository nor at origin"


def test_nothing_is_fetched_for_a_commit_that_is_older_than_one_of_the_others(small, clone, tmp_path):
    folder, _, (first, left, _) = small
    place = clone("--branch=main")
    folder.rename(tmp_path / "gone")
    found = find_ancestry(find(place), first, [NOWHERE, left])
    assert (found.standings[left], found.why) == (Standing.OLDER, "")


def test_a_shallow_clone_of_a_history_that_was_written_anew_is_told_so(small, clone):
    _, run, (first, left, right) = small
    place = clone("--depth=1", "--branch=main")
    for ref in ("refs/heads/main", "refs/heads/other"):
        run("update-ref", ref, first)
    run("reflog", "expire", "--expire=now", "--all")
    run("gc", "--quiet", "--prune=now")
    found = find_ancestry(find(place), left, [right])
    assert found.standings == {right: Standing.UNKNOWN}
    assert found.why == "this clone is shallow, and origin does not hold more of its history"


@pytest.mark.parametrize(
    "shallow, remedy",
    [
        pytest.param(["--depth=1"], "try git fetch --unshallow origin", id="shallow"),
        pytest.param([], "try git fetch origin", id="whole"),
    ],
)
def test_what_a_remote_that_is_gone_does_not_give_is_unknown(small, clone, tmp_path, shallow, remedy):
    folder, _, (_, left, _) = small
    place = clone("--branch=main", *shallow)
    folder.rename(tmp_path / "gone")
    found = find_ancestry(find(place), left, [NOWHERE])
    assert (found.standings, found.remedy) == ({NOWHERE: Standing.UNKNOWN}, remedy)
    assert "origin does not give what is missing" in found.why


def test_git_that_cannot_say_has_not_said_no(small, other_git):
    folder, _, (first, left, _) = small
    repository = find(folder)
    git = shutil.which("git")
    other_git(f'case "$*" in *merge-base*) echo "fatal: broken" >&2; exit 128;; esac\nexec {git} "$@"')
    found = find_ancestry(repository, left, [first])
    assert found.standings == {first: Standing.UNKNOWN}
    assert "fatal: broken" in found.why


def test_a_commit_is_described_by_the_first_line_of_its_message(small):
    folder, _, (first, _, _) = small
    assert described(find(folder), first) == Commit(first, "first")
    assert described(find(folder), NOWHERE) == Commit(NOWHERE)


@pytest.mark.parametrize(
    "remotes, upstream, expected",
    [
        pytest.param([], None, None, id="none"),
        pytest.param(["a"], None, "a", id="the-only-one"),
        pytest.param(["a", "b"], None, None, id="none-of-several"),
        pytest.param(["a", "origin"], None, "origin", id="origin"),
        pytest.param(["a", "origin"], "a", "a", id="that-of-the-branch"),
        pytest.param(["a"], ".", "a", id="this-repository-is-no-remote"),
    ],
)
def test_history_comes_from_the_remote_of_the_branch_else_from_origin_else_from_the_only_one(
    git, remotes, upstream, expected
):
    folder, run = git
    for name in remotes:
        run("remote", "add", name, "elsewhere")
    if upstream is not None:
        run("config", "branch.main.remote", upstream)
    assert remote_of(find(folder)) == expected

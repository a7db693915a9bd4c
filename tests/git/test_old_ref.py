"""The old ref of last applied: found here and at a remote, read, and never moved."""

from __future__ import annotations

import shutil

import pytest

from reconcile.errors import ReconcileError
from reconcile.git.old_ref import old_applied_commit
from reconcile.git.refs import commit_of
from reconcile.git.repository import find
from tests.git.conftest import run_git
from tests.git.remote_calls import REF, fetch, note


@pytest.fixture
def shared(git, tmp_path):
    """Return a clone of a bare repository (with a blank in its name), that repository, and its commits."""
    folder, run = git

    def commit(number):
        (folder / "schedules" / "a.yaml").write_text(str(number), encoding="utf-8")
        run("add", "--all")
        run("commit", "--quiet", "-m", str(number))
        return run("rev-parse", "HEAD")

    commits = [commit(number) for number in range(3)]
    bare = tmp_path / "the bare.git"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(folder), str(bare))
    run_git(tmp_path, "clone", "--quiet", str(bare), "one")
    return tmp_path / "one", bare, commits


def all_refs(folder):
    return run_git(folder, "for-each-ref")


def test_without_the_ref_nothing_was_applied(shared, tmp_path):
    one, _, _ = shared
    assert [old_applied_commit(find(one), "prod", remote) for remote in (None, "origin")] == [None, None]
    assert old_applied_commit(find(tmp_path), "prod", None) is None  # outside Git


def test_it_is_known_for_each_environment(shared):
    one, _, commits = shared
    note(one, commits[1])
    assert old_applied_commit(find(one), "prod", None) == commits[1]
    assert old_applied_commit(find(one), "test", None) is None


def test_that_of_the_remote_goes_first_and_none_here_is_made_or_moved(shared):
    one, bare, commits = shared
    note(bare, commits[0])
    before = all_refs(one)
    assert fetch(find(one)) == commits[0]
    assert all_refs(one) == before
    note(one, commits[1])
    assert (fetch(find(one)), old_applied_commit(find(one), "prod", None)) == (commits[0], commits[1])
    run_git(bare, "update-ref", "-d", REF)
    run_git(bare, "update-ref", f"refs/heads/{REF}", commits[2])  # ends alike
    assert fetch(find(one)) is None


def test_a_commit_that_is_not_here_is_fetched_alone(shared):
    one, bare, commits = shared
    newer = run_git(bare, "commit-tree", "-m", "newer", "-p", commits[2], f"{commits[2]}^{{tree}}")
    note(bare, newer)
    before = all_refs(one)
    assert commit_of(find(one), newer) is None
    assert fetch(find(one)) == commit_of(find(one), newer) == newer
    assert (all_refs(one), (one / ".git" / "FETCH_HEAD").exists()) == (before, False)
    assert run_git(one, "rev-parse", "--is-shallow-repository") == "false"


def test_a_shallow_clone_stays_so(shared, tmp_path):
    _, bare, commits = shared
    note(bare, commits[1])
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{bare}", "shallow")
    assert fetch(find(tmp_path / "shallow")) == commits[1]
    assert run_git(tmp_path / "shallow", "show", f"{commits[1]}:schedules/a.yaml") == "1"
    assert run_git(tmp_path / "shallow", "rev-list", commits[1]) == commits[1]


@pytest.mark.parametrize("content", ["", "garbage\n", "1" * 40 + "\n"])
def test_a_broken_ref_does_not_pass_for_none(shared, content):
    one, _, _ = shared
    ref = one / ".git" / REF
    ref.parent.mkdir(parents=True)
    ref.write_text(content, encoding="utf-8")
    with pytest.raises(ReconcileError):
        old_applied_commit(find(one), "prod", None)
    assert old_applied_commit(find(one), "test", None) is None


@pytest.mark.parametrize("remote", ["--upload-pack=touch ran", "ext::sh -c touch% ran", "upstream"])
def test_a_remote_that_is_none_is_an_error_and_never_an_option_or_a_program(shared, remote):
    one, _, _ = shared
    with pytest.raises(ReconcileError) as caught:
        fetch(find(one), remote)
    assert caught.value.hint
    assert not (one / "ran").exists()


def test_no_credentials_are_shown(shared):
    one, _, _ = shared
    with pytest.raises(ReconcileError) as caught:
        fetch(find(one), "unheard-of://bot:hunter2@127.0.0.1/a.git")
    assert "hunter2" not in caught.value.message
    assert "127.0.0.1/a.git" in caught.value.message


def test_a_remote_that_breaks_off_is_an_error(shared, other_git):
    one, bare, commits = shared
    note(bare, run_git(bare, "commit-tree", "-m", "newer", f"{commits[2]}^{{tree}}"))
    real = shutil.which("git")
    other_git(f'case "$*" in *" fetch "*) echo "fatal: early EOF" >&2; exit 128;; esac; exec "{real}" "$@"')
    with pytest.raises(ReconcileError, match="could not be fetched from origin: fatal: early EOF"):
        fetch(find(one))


def test_outside_git_no_remote_is_asked(tmp_path):
    assert old_applied_commit(find(tmp_path), "prod", f"file://{tmp_path}/nowhere.git") is None

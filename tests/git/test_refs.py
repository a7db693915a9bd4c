"""Revisions by name, and the names of refs."""

from __future__ import annotations

import shutil
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import ReconcileError, SettingError
from reconcile.git import refs
from reconcile.git.refs import commit_of, known_commit, ledger_ref, old_ref
from reconcile.git.repository import find
from tests.git.conftest import run_git


@pytest.fixture
def history(git):
    """Return a folder, what runs git there, and three commits."""
    folder, run = git

    def commit(number):
        (folder / "schedules" / "a.yaml").write_text(str(number), encoding="utf-8")
        run("add", "--all")
        run("commit", "--quiet", "-m", str(number))
        return run("rev-parse", "HEAD")

    return folder / "schedules", run, [commit(number) for number in range(3)]


@pytest.mark.parametrize("rev", ["HEAD", "main", "refs/heads/main", "v1", "@", "HEAD~0", "HEAD^{/2}"])
def test_a_revision_is_resolved_to_the_commit(history, rev):
    folder, run, commits = history
    run("tag", "-a", "v1", "-m", "one")
    assert commit_of(find(folder), rev) == known_commit(find(folder), rev) == commits[2]


def test_an_id_may_be_short(history):
    folder, _, commits = history
    assert commit_of(find(folder), commits[0][:10]) == commits[0]


NO_COMMITS = ["", "nowhere", "-h", "--all", "--help", "^HEAD", "HEAD..HEAD~1", "HEAD:schedules", "a\0b", "a\nb", "^"]
NO_COMMITS += ["x" * 200_000, "0" * 40, "1" * 40, "HEAD~9", "HEAD --all"]


@pytest.mark.parametrize("rev", [pytest.param(rev, id=rev[:12]) for rev in NO_COMMITS])
def test_what_names_no_commit_is_none(history, rev):
    folder, _, _ = history
    assert commit_of(find(folder), rev) is None
    with pytest.raises(SettingError, match="there is no revision"):
        known_commit(find(folder), rev)


def test_a_revision_that_git_has_more_to_say_about_is_an_error_in_its_words(history):
    folder, _, _ = history
    with pytest.raises(ReconcileError, match=r"the revision @{u} cannot be looked up: fatal: no upstream configured"):
        commit_of(find(folder), "@{u}")


def test_before_the_first_commit_and_outside_git_there_is_no_revision(git, tmp_path):
    folder, _ = git
    assert commit_of(find(folder), "HEAD") is None
    assert commit_of(find(tmp_path), "HEAD") is None


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    run_git(tmp_path, "init", "--quiet", "gone")
    repository = find(tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    with pytest.raises(ReconcileError, match="cannot change to"):
        commit_of(repository, "HEAD")


def hint(folder, rev):
    with pytest.raises(SettingError) as caught:
        known_commit(find(folder), rev)
    return caught.value.hint


def test_a_revision_that_is_nearly_there_is_suggested(history):
    folder, run, _ = history
    run("branch", "release-2026")
    assert hint(folder, "relaese-2026") == "did you mean release-2026?"
    assert hint(folder, "zzz") == "`git fetch` may bring it; `git branch --all` and `git tag` list what is here"


def test_in_a_shallow_clone_the_depth_may_be_the_reason(history, tmp_path):
    folder, _, _ = history
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{folder.parent}", "shallow")
    assert "fetch-depth: 0" in hint(tmp_path / "shallow", "HEAD~1")


def test_a_message_holds_nothing_that_could_steer_a_terminal(history):
    folder, _, _ = history
    with pytest.raises(SettingError) as caught:
        known_commit(find(folder), "a\x1b[31m\u202eb")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("environment", "ref"),
    [
        ("prod", "prod"),
        ("eu-1.prod_2", "eu-1.prod_2"),
        (".a", "%2Ea"),
        ("a.", "a%2E"),
        ("a..b", "a.%2Eb"),
        ("...", "%2E%2E%2E"),
        ("a.lock", "a%2Elock"),
        ("a.lock.lock", "a.lock%2Elock"),
        (".lock", "%2Elock"),
        ("-", "-"),
        ("a/b~c d%", "a%2Fb%7Ec%20d%25"),
        ("生产", "%E7%94%9F%E4%BA%A7"),
    ],
)
def test_a_ref_holds_any_environment(history, environment, ref):
    folder, run, commits = history
    assert old_ref(environment) == f"refs/reconcile/applied/{ref}"
    assert ledger_ref("shop", environment) == f"refs/reconcile/ledger/shop/{ref}"
    run("check-ref-format", old_ref(environment))
    run("update-ref", old_ref(environment), commits[0])
    assert commit_of(find(folder), old_ref(environment)) == commits[0]


@given(environment=st.text("a.%/lock-_B", min_size=1, max_size=12))
def test_the_environment_can_be_told_from_its_ref(environment):
    name = old_ref(environment).removeprefix(refs.OLD)
    assert unquote(name) == environment
    assert "/" not in name
    assert ".." not in name
    assert not name.startswith(".")
    assert not name.endswith((".", ".lock"))

"""Revisions by name, and the refs of what was last applied, moved, pushed and fetched between real repositories."""

from __future__ import annotations

import shutil
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import ReconcileError, SettingError
from reconcile.git import refs
from reconcile.git.refs import (
    applied_commit,
    applied_ref,
    commit_of,
    fetch_applied,
    known_commit,
    move_applied,
    push_applied,
)
from reconcile.git.repository import find
from tests.git.conftest import run_git

PROD = "refs/reconcile/applied/prod"


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


@pytest.fixture
def shared(history, tmp_path):
    """Return two clones of one bare repository (with a blank in its name), that repository, and its commits."""
    folder, _, commits = history
    bare = tmp_path / "the bare.git"
    run_git(tmp_path, "clone", "--quiet", "--bare", str(folder.parent), str(bare))
    for name in ("one", "two"):
        run_git(tmp_path, "clone", "--quiet", str(bare), name)
    return tmp_path / "one", tmp_path / "two", bare, commits


def at(folder, ref=PROD):
    return run_git(folder, "for-each-ref", "--format=%(objectname)", ref) or None


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
    assert applied_ref(environment) == f"refs/reconcile/applied/{ref}"
    run("check-ref-format", applied_ref(environment))
    move_applied(find(folder), environment, commits[0], None)
    assert applied_commit(find(folder), environment) == commits[0]


@given(environment=st.text("a.%/lock-_B", min_size=1, max_size=12))
def test_the_environment_can_be_told_from_its_ref(environment):
    assert unquote(applied_ref(environment).removeprefix(refs.APPLIED)) == environment
    name = applied_ref(environment).removeprefix(refs.APPLIED)
    assert "/" not in name
    assert ".." not in name
    assert not name.startswith(".")
    assert not name.endswith((".", ".lock"))


def test_an_environment_has_a_name():
    with pytest.raises(SettingError, match="an environment needs a name"):
        applied_ref("")


def test_nothing_was_applied_until_it_is_noted(history, tmp_path):
    folder, _, _ = history
    assert applied_commit(find(folder), "prod") is None
    assert applied_commit(find(tmp_path), "prod") is None  # outside Git


def test_what_was_applied_is_known_for_each_environment(history):
    folder, _, commits = history
    move_applied(find(folder), "prod", commits[0], None)
    move_applied(find(folder), "test", commits[1], None)
    move_applied(find(folder), "prod", commits[2], commits[0])
    assert applied_commit(find(folder), "prod") == commits[2]
    assert applied_commit(find(folder), "test") == commits[1]
    move_applied(find(folder), "prod", commits[0], commits[2])  # backwards
    assert applied_commit(find(folder), "prod") == commits[0]


@pytest.mark.parametrize("expected", [None, 1])
def test_a_ref_that_another_run_moved_is_not_moved(history, expected):
    folder, _, commits = history
    move_applied(find(folder), "prod", commits[0], None)
    with pytest.raises(ReconcileError, match=f"it is at {commits[0]}") as caught:
        move_applied(find(folder), "prod", commits[2], expected and commits[expected])
    assert "another run" in (caught.value.hint or "")
    assert applied_commit(find(folder), "prod") == commits[0]


def test_a_deleted_ref_is_not_moved(history):
    folder, _, commits = history
    with pytest.raises(ReconcileError, match="it is at no commit"):
        move_applied(find(folder), "prod", commits[2], commits[0])


@pytest.mark.parametrize("commit", ["1" * 40, "HEAD:schedules", "--stdin"])
def test_a_ref_is_moved_only_to_a_commit(history, commit):
    folder, _, _ = history
    with pytest.raises(ReconcileError, match="there is no commit"):
        move_applied(find(folder), "prod", commit, None)


def test_a_ref_that_cannot_be_written_is_an_error(history):
    folder, _, commits = history
    lock = folder.parent / ".git" / f"{PROD}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(ReconcileError, match=r"was not moved: fatal: .*File exists"):
        move_applied(find(folder), "prod", commits[0], None)


@pytest.mark.parametrize("content", ["", "garbage\n", "1" * 40 + "\n"])
def test_a_broken_ref_does_not_pass_for_none(history, content):
    folder, _, _ = history
    ref = folder.parent / ".git" / PROD
    ref.parent.mkdir(parents=True)
    ref.write_text(content, encoding="utf-8")
    with pytest.raises(ReconcileError):
        applied_commit(find(folder), "prod")
    assert applied_commit(find(folder), "test") is None


def test_what_one_clone_applied_the_other_fetches(shared):
    one, two, bare, commits = shared
    assert fetch_applied(find(one), "prod") is None
    move_applied(find(one), "prod", commits[1], None)
    push_applied(find(one), "prod", expected=None)
    assert at(bare) == commits[1]
    assert fetch_applied(find(two), "prod") == applied_commit(find(two), "prod") == commits[1]


def test_only_that_ref_is_pushed(shared):
    one, _, bare, commits = shared
    run_git(one, "commit", "--quiet", "--allow-empty", "-m", "not pushed")
    run_git(one, "tag", "-a", "-m", "one", "v1", commits[1])
    run_git(one, "config", "push.followTags", "true")
    move_applied(find(one), "prod", commits[1], None)
    move_applied(find(one), "test", commits[1], None)
    push_applied(find(one), "prod", expected=None)
    assert run_git(bare, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", PROD]
    assert run_git(bare, "rev-parse", "main") == commits[2]


def test_what_was_applied_may_go_back(shared):
    one, _, bare, commits = shared
    move_applied(find(one), "prod", commits[2], None)
    push_applied(find(one), "prod", expected=None)
    move_applied(find(one), "prod", commits[0], commits[2])
    push_applied(find(one), "prod", expected=commits[2])
    assert at(bare) == commits[0]


@pytest.mark.parametrize("seen", [None, 0])
def test_of_two_runners_that_race_the_second_is_told(shared, seen):
    one, two, bare, commits = shared
    if seen is not None:
        run_git(bare, "update-ref", PROD, commits[seen])
    expected = fetch_applied(find(one), "prod")
    assert fetch_applied(find(two), "prod") == expected
    move_applied(find(one), "prod", commits[1], expected)
    move_applied(find(two), "prod", commits[2], expected)
    push_applied(find(one), "prod", expected=expected)
    with pytest.raises(ReconcileError, match=f"no longer at {expected or 'no commit'} there") as caught:
        push_applied(find(two), "prod", expected=expected)
    assert "another run" in (caught.value.hint or "")
    assert at(bare) == commits[1]


def test_two_runners_that_applied_the_same_agree(shared):
    one, two, bare, commits = shared
    for clone in (one, two):
        move_applied(find(clone), "prod", commits[1], None)
        push_applied(find(clone), "prod", expected=None)
    assert at(bare) == commits[1]


def test_a_commit_that_is_not_here_is_fetched(shared):
    one, two, _, commits = shared
    run_git(one, "commit", "--quiet", "--allow-empty", "-m", "newer")
    newer = run_git(one, "rev-parse", "HEAD")
    move_applied(find(one), "prod", newer, None)
    push_applied(find(one), "prod", expected=None)
    move_applied(find(two), "prod", commits[0], None)
    assert commit_of(find(two), newer) is None
    assert fetch_applied(find(two), "prod") == applied_commit(find(two), "prod") == commit_of(find(two), newer) == newer
    assert not (two / ".git" / "FETCH_HEAD").exists()
    assert run_git(two, "rev-parse", "--is-shallow-repository") == "false"


def test_what_is_shared_goes_before_what_is_noted_here(shared):
    one, two, _, commits = shared
    move_applied(find(one), "prod", commits[1], None)
    push_applied(find(one), "prod", expected=None)
    move_applied(find(two), "prod", commits[2], None)
    assert fetch_applied(find(two), "prod") == applied_commit(find(two), "prod") == commits[1]


def test_a_remote_that_knows_nothing_changes_nothing_here(shared):
    one, _, bare, commits = shared
    run_git(bare, "update-ref", f"refs/heads/{PROD}", commits[1])  # ends alike
    move_applied(find(one), "prod", commits[2], None)
    assert fetch_applied(find(one), "prod") is None
    assert applied_commit(find(one), "prod") == commits[2]


def test_a_shallow_clone_stays_so_and_a_whole_one_whole(shared, tmp_path):
    _, two, bare, commits = shared
    run_git(bare, "update-ref", PROD, commits[1])
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{bare}", "shallow")
    shallow = tmp_path / "shallow"
    assert fetch_applied(find(shallow), "prod") == commits[1]
    assert run_git(shallow, "rev-list", PROD) == commits[1]
    assert run_git(shallow, "show", f"{PROD}:schedules/a.yaml") == "1"
    fetch_applied(find(two), "prod")
    assert len(run_git(two, "rev-list", PROD).split()) == 2
    assert run_git(two, "rev-parse", "--is-shallow-repository") == "false"


def test_a_shallow_clone_pushes(shared, tmp_path):
    _, _, bare, commits = shared
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{bare}", "shallow")
    move_applied(find(tmp_path / "shallow"), "prod", commits[2], None)
    push_applied(find(tmp_path / "shallow"), "prod", expected=None)
    assert at(bare) == commits[2]


def failures(folder, **remote):
    for call in (
        lambda: fetch_applied(find(folder), "prod", **remote),
        lambda: push_applied(find(folder), "prod", expected=None, **remote),
    ):
        with pytest.raises(ReconcileError) as caught:
            call()
        assert caught.value.hint
        yield caught.value.message


def test_a_remote_that_is_none_is_an_error(shared):
    one, _, _, commits = shared
    move_applied(find(one), "prod", commits[1], None)
    for message in failures(one, remote="upstream"):
        assert "upstream: fatal: 'upstream' does not appear to be a git repository" in message


@pytest.mark.parametrize("remote", ["--upload-pack=touch ran", "--receive-pack=touch ran", "ext::sh -c touch% ran"])
def test_a_remote_is_never_an_option_or_a_program(shared, remote):
    one, _, _, commits = shared
    move_applied(find(one), "prod", commits[1], None)
    assert len([*failures(one, remote=remote)]) == 2
    assert not (one / "ran").exists()


def test_no_credentials_are_shown(shared):
    one, _, _, commits = shared
    move_applied(find(one), "prod", commits[1], None)
    for message in failures(one, remote="unheard-of://bot:hunter2@127.0.0.1/a.git"):
        assert "hunter2" not in message
        assert "127.0.0.1/a.git" in message


def test_what_the_server_refuses_is_told(shared):
    one, _, bare, commits = shared
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'not\\033[31m today\\n' >&2; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    move_applied(find(one), "prod", commits[1], None)
    with pytest.raises(ReconcileError, match=r"remote: not.*today.*pre-receive hook declined") as caught:
        push_applied(find(one), "prod", expected=None)
    assert caught.value.message.isprintable()
    assert "the server refuses" in (caught.value.hint or "")


def test_ones_own_hook_is_not_run(shared):
    one, _, bare, commits = shared
    hook = one / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    move_applied(find(one), "prod", commits[1], None)
    push_applied(find(one), "prod", expected=None)
    assert at(bare) == commits[1]


def test_ones_own_ssh_is_used(shared, tmp_path, monkeypatch):
    one, _, bare, commits = shared
    ssh = tmp_path / "ssh"
    # What it is told to run there ends in the quoted path of the repository.
    ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', encoding="utf-8")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", f"'{ssh}'")
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    remote = f"git@example.invalid:{bare}"
    move_applied(find(one), "prod", commits[1], None)
    push_applied(find(one), "prod", expected=None, remote=remote)
    assert fetch_applied(find(one), "prod", remote) == at(bare) == commits[1]


def test_a_ref_that_cannot_be_written_is_an_error_of_fetching(shared):
    one, _, bare, commits = shared
    run_git(bare, "update-ref", PROD, commits[1])
    lock = one / ".git" / f"{PROD}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(ReconcileError, match=r"could not be fetched from origin: .*File exists"):
        fetch_applied(find(one), "prod")


def test_a_remote_that_breaks_off_is_an_error(shared, other_git):
    one, two, _, _ = shared
    run_git(one, "commit", "--quiet", "--allow-empty", "-m", "newer")
    move_applied(find(one), "prod", run_git(one, "rev-parse", "HEAD"), None)
    push_applied(find(one), "prod", expected=None)
    real = shutil.which("git")
    other_git(f'case "$*" in *" fetch "*) echo "fatal: early EOF" >&2; exit 128;; esac; exec "{real}" "$@"')
    with pytest.raises(ReconcileError, match="could not be fetched from origin: fatal: early EOF"):
        fetch_applied(find(two), "prod")
    assert applied_commit(find(two), "prod") is None

"""The git program: never waits, never hangs, and shows nothing that it should not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from reconcile.errors import ReconcileError
from reconcile.git import program, remote
from reconcile.git.program import CompletedGit
from reconcile.git.repository import find


def ask(found, *arguments):
    return found.ask(*arguments)


def act(found, *arguments):
    return found.act(*arguments)


def run_on_remote(found, command="ls-remote", *arguments):
    return remote.run_on_remote(found, "origin", command, *arguments)


def test_asking_uses_nothing_of_gits_environment(git, monkeypatch):
    folder, _ = git
    found = find(folder)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "a@example.org")
    assert b"somebody" in act(found, "var", "GIT_AUTHOR_IDENT").out
    assert b"somebody" not in ask(found, "var", "GIT_AUTHOR_IDENT").out


@pytest.mark.parametrize("run", [ask, act, run_on_remote])
def test_neither_can_be_pointed_at_another_repository(git, monkeypatch, run, tmp_path):
    folder, _ = git
    found = find(folder)
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert Path(os.fsdecode(run(found, "rev-parse", "--show-toplevel").out.strip())).samefile(folder)


@pytest.mark.parametrize("run", [ask, act, run_on_remote])
def test_neither_may_ask_on_a_terminal(git, other_git, run):
    found = find(git[0])
    other_git('echo "$GIT_TERMINAL_PROMPT"; (: < /dev/tty) 2>/dev/null && echo terminal; cat')
    assert run(found).out == b"0\n"


def stopped(monkeypatch, place, error):
    """Have *error* raised while git is waited for, once its script has written to the file `child`."""

    def communicate(*_, **__):
        while not (place / "child").exists() or not (place / "child").read_bytes():
            time.sleep(0.01)
        raise error

    monkeypatch.setattr(program.subprocess.Popen, "communicate", communicate)


def child(place):
    return int((place / "child").read_text(encoding="utf-8"))


def test_what_hangs_is_ended_with_all_that_it_started(git, other_git, monkeypatch):
    folder, _ = git
    found = find(folder)
    place = other_git('sleep 300 & echo $! > "$(dirname "$0")/child"; wait')
    stopped(monkeypatch, place, subprocess.TimeoutExpired("git", 60))
    with pytest.raises(ReconcileError, match="git did not end within 60 seconds"):
        act(found)
    for _ in range(3000):  # a signal takes a moment to be delivered
        if not is_running(child(place)):
            return
        time.sleep(0.01)
    pytest.fail("it still runs")


def is_running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # its parent may never read its exit code


def test_what_does_not_listen_is_ended_too(git, other_git, monkeypatch):
    folder, _ = git
    found = find(folder)
    monkeypatch.setattr(program, "_GRACE_SECONDS", 0.1)
    place = other_git('trap \'\' TERM; echo $$ > "$(dirname "$0")/child"; while :; do sleep 1; done')
    stopped(monkeypatch, place, subprocess.TimeoutExpired("git", 20))
    with pytest.raises(ReconcileError, match="git did not end"):
        ask(found)
    assert not is_running(child(place))


def test_a_time_that_is_up_is_an_error(git, other_git, monkeypatch):
    folder, _ = git
    found = find(folder)
    other_git("sleep 300")
    monkeypatch.setattr(program, "ASK_SECONDS", 0.2)
    with pytest.raises(ReconcileError, match="git did not end"):
        ask(found)


def test_a_process_left_behind_does_not_keep_anybody_waiting(git, other_git):
    folder, _ = git
    found = find(folder)
    place = other_git('sleep 300 >/dev/null & echo $! > "$(dirname "$0")/child"; echo done')
    try:
        assert act(found).out == b"done\n"
    finally:
        os.kill(child(place), signal.SIGKILL)


def test_an_interruption_ends_git_and_goes_on(git, other_git, monkeypatch):
    folder, _ = git
    found = find(folder)
    place = other_git('echo $$ > "$(dirname "$0")/child"; exec sleep 300')
    stopped(monkeypatch, place, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ask(found)
    assert not is_running(child(place))


def test_hooks_are_not_run(git, tmp_path):
    folder, run = git
    found = find(folder)
    run("commit", "--allow-empty", "--quiet", "-m", "one")
    hook = folder / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n", encoding="utf-8")
    hook.chmod(0o755)
    assert ask(found, "update-ref", "refs/x/y", "HEAD").is_good
    assert not (tmp_path / "ran").exists()
    run("update-ref", "refs/x/z", "HEAD")
    assert (tmp_path / "ran").exists()  # it would have been


def test_without_the_git_program_the_answer_is_outside(git, monkeypatch):
    folder, _ = git
    found = find(folder)
    monkeypatch.setenv("PATH", "")
    completed = ask(found, "status")
    assert completed.is_outside
    assert "git cannot be run: No such file" in completed.failure("it").message


def failure(said):
    return CompletedGit(128, b"", said.encode()).failure("it was not done")


def test_a_failure_is_told_in_gits_words_on_one_line():
    said = "Cloning…\nfatal: no\x1b[31m such\u202e\tthing\nhint: read the manual\nerror: and \r\n"
    assert failure(said).message == "it was not done: fatal: no [31m such thing; error: and"


def test_a_failure_without_words_names_the_exit_code():
    assert failure("").message == "it was not done: git ended with 128"
    assert failure("Permission denied, please try again.\n").message.endswith("please try again.")


def test_a_failure_is_not_endless():
    assert len(failure("fatal: " + "x" * 10_000).message) < 400


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to access 'https://bot:hunter2@example.org/a.git/': 403",
        "fatal: unable to access 'https://hunter2@example.org/a.git/': 403",
        "fatal: unable to access 'https://bot:p@hunter2@example.org/a.git/': 403",
        "remote: see https://example.org/a.git?private_token=hunter2",
        "fatal: unable to access 'HTTPS://bot:hunter2@example.org/a.git/': 403",
    ],
)
def test_credentials_in_addresses_are_hidden(said):
    message = failure(said).message
    assert "hunter2" not in message
    assert "example.org/a.git" in message


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("fatal: detected dubious ownership in repository at '/a'", "safe.directory"),
        ("fatal: unsafe repository ('/a' is owned by someone else)", "safe.directory"),
        ("fatal: could not read Username for 'https://a': terminal prompts disabled", "credentials"),
        ("error: RPC failed; The requested URL returned error: 403", "credentials"),
        (" ! [remote rejected] a -> a (pre-receive hook declined)", "the server refuses"),
        ("fatal: unable to access 'https://a/': Could not resolve host: a", "network"),
        ("fatal: Unable to create '/a/.git/x.lock': File exists.", "lock"),
        ("fatal: git did not end within 20 seconds", "a disk, a network or a program"),
        ("fatal: unheard of", "git fsck"),
    ],
)
def test_a_failure_says_what_to_do(said, hint):
    assert hint in (failure(said).hint or "")


def test_another_owner_of_the_repository_matters_only_to_what_acts(git, other_git):
    folder, run = git
    if tuple(map(int, run("version").split()[2].split(".")[:2])) < (2, 38):
        pytest.skip("git takes safe.directory from its command line since 2.38")
    real = shutil.which("git")
    other_git(f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "{real}" "$@"')
    found = find(folder)
    refused = act(found, "status")
    assert not refused.is_good
    assert "safe.directory" in (refused.failure("it").hint or "")
    assert ask(found, "status").is_good


def test_a_file_that_cannot_be_made_for_errors_is_no_crash(git, monkeypatch):
    folder, _ = git
    found = find(folder)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(program.tempfile, "TemporaryFile", full)
    assert not ask(found, "status").is_good

"""A ref that several runs share: moved by compare-and-swap, and settled where no answer came."""

from __future__ import annotations

import contextlib
import shutil
import threading
from pathlib import Path

import pytest

from reconcile.errors import ReconcileError
from reconcile.git import shared_ref
from reconcile.git.configuration import Allow
from reconcile.git.refs import ledger_ref
from reconcile.git.repository import find
from reconcile.git.scratch import scratch
from reconcile.git.shared_ref import GitRef
from reconcile.model.finding import DeclarationError
from reconcile.ports import PushKind
from tests.git.conftest import run_git
from tests.git_server import serving

REF = ledger_ref("shop", "prod")


@pytest.fixture
def server(tmp_path):
    root = tmp_path / "srv"
    root.mkdir()
    with serving(root) as found:
        yield found


@pytest.fixture
def bare(server):
    return server.bare("ledger.git")


@pytest.fixture
def clone(git, bare):
    """A repository with a commit, whose `origin` is the bare one."""
    folder, run = git
    run("remote", "add", "origin", f"file://{bare}")
    run("commit", "--quiet", "--allow-empty", "-m", "one")
    return folder


@pytest.fixture
def opened():
    """Opens the ref as seen from a folder, as often as it is called."""
    with contextlib.ExitStack() as stack:

        def opener(folder, remote="origin", *, allow=frozenset(), slept=None, pauses=None):
            place = stack.enter_context(scratch(find(folder, allow), remote))
            return GitRef(place, REF, sleep=(slept if slept is not None else []).append, pauses=pauses)

        yield opener


def at(bare):
    return run_git(bare, "rev-parse", REF)


def kind_of(ref, old, new):
    return ref.push(old, new).kind


def test_a_ledger_has_a_ref_of_two_levels():
    assert ledger_ref("shop", "a..b") == "refs/reconcile/ledger/shop/a.%2Eb"


def test_a_ref_that_is_not_there_is_told_from_a_remote_that_does_not_answer(clone, opened, tmp_path):
    assert opened(clone).tip() is None
    assert opened(clone).fetch() is None
    for call in ("tip", "fetch"):
        with pytest.raises(ReconcileError, match="does not appear to be a git repository"):
            getattr(opened(clone, f"file://{tmp_path}/nowhere"), call)()


def test_what_one_run_writes_another_reads(clone, opened, bare, tmp_path):
    first, other = opened(clone), opened(tmp_path, f"file://{bare}")  # the other is outside Git
    one = first.commit(None, {"meta.json": b"1", "state/00": b"a\n", "runs/x.ndjson": b"{}\n"}, "begin")
    two = first.commit(one, {"state/00": None, "state/ff": b"b\n", "meta.json": b"2"}, "next")
    assert kind_of(first, None, two) is PushKind.LANDED
    assert other.tip() == other.fetch() == two == at(bare)
    assert dict(other.files(two)) == {"meta.json": b"2", "runs/x.ndjson": b"{}\n", "state/ff": b"b\n"}
    three = other.commit(two, {"meta.json": b"3"}, "after a fetch of depth one")
    assert kind_of(other, two, three) is PushKind.LANDED
    assert run_git(bare, "log", "--format=%s %an", REF).split("\n")[0] == "after a fetch of depth one reconcile"
    assert len(run_git(bare, "rev-list", REF).split()) == 3


def test_what_was_removed_is_found_in_the_history_as_it_was(clone, opened, bare):
    ref = opened(clone)
    one = ref.commit(None, {"runs/a": b"old", "runs/b": b"b", "state/00": b"s"}, "1")
    two = ref.commit(one, {"runs/a": b"new"}, "2")
    three = ref.commit(two, {"runs/a": None, "state/00": None}, "3")
    four = ref.commit(three, {"runs/b": None, "runs/c": b"c"}, "4")
    assert kind_of(ref, None, four) is PushKind.LANDED
    reader = opened(clone)
    reader.fetch()
    assert dict(reader.removed("runs")) == {"runs/a": b"new", "runs/b": b"b"}
    assert dict(reader.removed("runs")) == {"runs/a": b"new", "runs/b": b"b"}  # nothing is missing any more


def test_a_ref_that_was_moved_since_is_left_alone(clone, opened, bare):
    ref = opened(clone)
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED
    mine, theirs = ref.commit(one, {"a": b"2"}, "2"), ref.commit(one, {"a": b"3"}, "3")
    assert kind_of(ref, one, theirs) is PushKind.LANDED
    assert kind_of(ref, one, mine) is PushKind.STALE
    assert kind_of(ref, None, mine) is PushKind.STALE
    assert at(bare) == theirs


def test_what_landed_is_landed_also_when_the_next_run_went_on(clone, opened, bare):
    ref = opened(clone)
    one = ref.commit(None, {"a": b"1"}, "1")
    two = ref.commit(one, {"a": b"2"}, "2")
    assert kind_of(ref, None, one) is PushKind.LANDED
    assert kind_of(ref, None, one) is PushKind.LANDED
    assert kind_of(ref, one, two) is PushKind.LANDED
    assert kind_of(ref, None, one) is PushKind.LANDED  # its answer was lost, and it is below the tip
    assert at(bare) == two


@pytest.mark.parametrize("mode", ["", "/lost-once", "/auth"])
def test_over_http_it_lands(clone, opened, bare, server, mode, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Authorization: Basic eDp4")
    slept = []
    ref = opened(clone, f"{server.url}{mode}/ledger.git", slept=slept)
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED
    assert ref.fetch() == one == at(bare)
    assert len(slept) == (mode == "/lost-once")


def test_a_push_whose_answer_is_lost_each_time_has_landed_all_the_same(clone, opened, bare, server):
    ref = opened(clone, f"{server.url}/lost/ledger.git")
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED  # pushed again, git finds it there and sends nothing
    assert at(bare) == one
    assert len(server.pushes) == 1


@pytest.mark.parametrize("mode, says", [("cut", "error:"), ("busy", "503"), ("deny", "403")])
def test_what_never_answers_stays_unknown_in_the_words_that_came(clone, opened, bare, server, mode, says):
    slept = []
    ref = opened(clone, f"{server.url}/{mode}/ledger.git", slept=slept)
    pushed = ref.push(None, ref.commit(None, {"a": b"1"}, "1"))
    assert (pushed.kind, len(slept)) == (PushKind.UNKNOWN, 3)
    assert says in pushed.message
    assert opened(clone).tip() is None


def test_without_pauses_a_push_that_had_no_answer_is_not_repeated(clone, opened, bare, server):
    slept = []
    ref = opened(clone, f"{server.url}/busy/ledger.git", slept=slept, pauses=())
    assert (kind_of(ref, None, ref.commit(None, {"a": b"1"}, "1")), slept) == (PushKind.UNKNOWN, [])


def test_what_the_server_refuses_is_told_in_its_own_words(clone, opened, bare):
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no ledgers here >&2; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    slept = []
    ref = opened(clone, slept=slept)
    pushed = ref.push(None, ref.commit(None, {"a": b"1"}, "1"))
    assert (pushed.kind, slept) == (PushKind.REFUSED, [])
    assert "remote: no ledgers here" in pushed.message
    assert "the server refuses refs/reconcile/*" in (pushed.hint or "")


def test_a_lock_file_on_the_server_is_waited_for_and_then_unknown(clone, opened, bare):
    ref = opened(clone)
    one = ref.commit(None, {"a": b"1"}, "1")
    two = ref.commit(one, {"a": b"2"}, "2")
    assert kind_of(ref, None, one) is PushKind.LANDED
    lock = bare / f"{REF}.lock"
    lock.touch()
    assert kind_of(ref, one, two) is PushKind.UNKNOWN
    lock.unlink()
    assert kind_of(ref, one, two) is PushKind.LANDED


def test_a_client_that_is_killed_while_the_server_works_is_settled_by_the_same_commit(
    clone, opened, bare, server, monkeypatch
):
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n[ -e slept ] && exit 0; touch slept; sleep 2\n", encoding="utf-8")
    hook.chmod(0o755)
    monkeypatch.setattr(shared_ref, "REMOTE_SECONDS", 1)
    monkeypatch.setattr(shared_ref, "_PAUSES", (2.0,) * 10)
    ref = opened(clone, f"{server.url}/ledger.git")
    ref._sleep = lambda _: None
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED
    assert at(bare) == one


def test_of_many_that_begin_at_once_one_does(clone, opened, bare):
    refs = [opened(clone) for _ in range(6)]
    commits = [ref.commit(None, {"nonce": b"%d" % number}, "begin") for number, ref in enumerate(refs)]
    kinds = [None] * len(refs)
    together = threading.Barrier(len(refs))

    def begin(number):
        together.wait(60)
        kinds[number] = kind_of(refs[number], None, commits[number])

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(len(refs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kind.name for kind in kinds) == ["LANDED"] + ["STALE"] * 5
    assert at(bare) == commits[kinds.index(PushKind.LANDED)]


@pytest.mark.parametrize("commit", ["", "HEAD", "0" * 39, "-x"])
def test_nothing_but_a_whole_id_gets_into_a_refspec(clone, opened, bare, commit):
    ref = opened(clone)
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED
    with pytest.raises(ReconcileError, match="where an object id is meant"):
        ref.push(one, commit)
    assert at(bare) == one


# What the clone is, and what its configuration says.


def test_neither_the_clone_nor_its_hooks_notice(clone, opened, bare, git):
    _, run = git
    for hook in ("pre-push", "reference-transaction"):
        place = clone / ".git" / "hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\ntouch '{clone}/ran'\nexit 1\n", encoding="utf-8")
        place.chmod(0o755)
    for key, value in {"push.gpgSign": "true", "push.followTags": "true", "push.pushOption": "x"}.items():
        run("config", key, value)
    before = run("for-each-ref"), run("count-objects", "-v")
    ref = opened(clone)
    assert kind_of(ref, None, ref.commit(None, {"a": b"1"}, "1")) is PushKind.LANDED
    assert ref.fetch() == at(bare)
    assert (run("for-each-ref"), run("count-objects", "-v")) == before
    assert run("rev-parse", "--is-shallow-repository") == "false"
    assert not (clone / "ran").exists()


@pytest.mark.parametrize("kind", ["shallow", "partial", "worktree", "mirror"])
def test_every_kind_of_clone_will_do(clone, opened, bare, git, tmp_path, kind):
    _, run = git
    run("push", "--quiet", "origin", "main")
    run("config", "--global", "protocol.file.allow", "always")
    other = tmp_path / kind
    options = {"shallow": ["--depth=1"], "partial": ["--filter=blob:none"], "mirror": []}
    if kind == "worktree":
        run("worktree", "add", "--quiet", str(other))
    else:
        run_git(tmp_path, "clone", "--quiet", *options[kind], f"file://{bare}", str(other))
    if kind == "mirror":
        run_git(other, "config", "remote.origin.mirror", "true")
    ref = opened(other)
    one = ref.commit(None, {"a": b"1"}, "1")
    assert kind_of(ref, None, one) is PushKind.LANDED
    assert opened(other).fetch() == one


def test_a_repository_of_the_newer_object_format_has_a_ledger_of_it(server, opened, tmp_path):
    bare = server.bare("new.git", "--object-format=sha256")
    folder = tmp_path / "new"
    run_git(tmp_path, "init", "--quiet", "--object-format=sha256", str(folder))
    ref = opened(folder, f"file://{bare}")
    one = ref.commit(None, {"a": b"1"}, "1")
    assert (len(one), kind_of(ref, None, one)) == (64, PushKind.LANDED)


def test_an_address_may_be_relative_to_the_work_tree(clone, opened, bare, git):
    _, run = git
    run("config", "remote.origin.url", "../srv/ledger.git")
    ref = opened(clone)
    assert kind_of(ref, None, ref.commit(None, {"a": b"1"}, "1")) is PushKind.LANDED


def test_the_token_of_a_checkout_is_sent_only_where_that_is_allowed(clone, opened, bare, server, git):
    _, run = git
    run("config", "remote.origin.url", f"{server.url}/auth/ledger.git")
    run("config", f"http.{server.url}/.extraheader", "Authorization: basic dG9rZW4=")
    refused = opened(clone)
    with pytest.raises(ReconcileError) as caught:
        refused.fetch()
    assert "RECONCILE_GIT_ALLOW=credentials" in (caught.value.hint or "")
    allowed = opened(clone, allow=frozenset({Allow.CREDENTIALS}))
    assert kind_of(allowed, None, allowed.commit(None, {"a": b"1"}, "1")) is PushKind.LANDED


def test_no_program_that_a_checkout_names_is_run(clone, opened, git, tmp_path):
    _, run = git
    ran = tmp_path / "ran"
    for key in ("core.sshCommand", "core.gitProxy", "core.askPass", "credential.helper"):
        run("config", key, f"touch {ran}; false")
    run("config", "remote.origin.uploadpack", f"touch {ran}; git-upload-pack")
    run("config", "remote.origin.receivepack", f"touch {ran}; git-receive-pack")
    ref = opened(clone)
    assert kind_of(ref, None, ref.commit(None, {"a": b"1"}, "1")) is PushKind.LANDED
    assert ref.fetch()
    with pytest.raises(ReconcileError):
        opened(clone, "git@127.0.0.1:nowhere").fetch()
    assert not ran.exists()


def test_a_folder_that_a_branch_brought_is_no_remote(clone, opened, git):
    _, run = git
    (clone / "evil").mkdir()
    (clone / "evil" / "HEAD").write_text("ref: refs/heads/main\n")
    run("add", "evil/HEAD")
    run("commit", "--quiet", "-m", "a branch")
    with pytest.raises(DeclarationError, match="is in Git, and is not a repository to fetch from"):
        opened(clone, "./evil")


def test_nothing_is_left_behind(clone, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "home"))
    with scratch(find(clone), "origin") as place:
        GitRef(place, REF, sleep=lambda _: None).commit(None, {"a": b"1"}, "1")
        assert place.folder.is_relative_to(tmp_path / "home")
    assert not [each for each in Path(tmp_path / "home").iterdir() if each.name.startswith("reconcile-ledger-")]


def test_without_the_git_program_it_is_an_error(clone, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    with pytest.raises(ReconcileError, match="git cannot be run"), scratch(find(tmp_path), "origin"):
        pass

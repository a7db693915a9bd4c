"""`ledger: git` over remotes that lose answers, hang, go away or are mirrored over, and from all kinds of checkouts."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future

import pytest

from reconcile.git import shared_ref
from tests.git_server import serving
from tests.journeys.conftest import rules, run_ids
from tests.journeys.test_ledger_in_git import REF, git, lineage_of

pytestmark = pytest.mark.slow  # every day: `test_ledger_in_git`, with a remote that answers

TOKEN = "dG9rZW46aHVudGVyMg"
KEYS = ["1", "2", "3"]
SEEN = "refs/reconcile/seen/test/test"


@pytest.fixture
def server(tmp_path):
    (tmp_path / "srv").mkdir()
    with serving(tmp_path / "srv") as found:
        yield found


@pytest.fixture
def remote(server):
    return server.bare("remote.git")


@pytest.fixture
def shared(program, tmp_path, remote, declare):
    """A clone whose ledger is in its remote, a folder of this machine."""
    declare(more="ledger: git\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "remote", "add", "origin", f"file://{remote}")
    git(tmp_path, "add", "schedules")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    git(tmp_path, "push", "--quiet", "origin", "main")
    return program


@pytest.fixture
def at_first_save(service):
    """Do something while the first save is answered, as it should be."""

    def arrange(act):
        def hook(tenant, body):
            wanted = body.get("xw_quartz", {})
            if wanted.get("opttype") != "save":
                return None
            service.hook = lambda *_: None
            act()
            return service.save(tenant, wanted)

        service.hook = hook

    return arrange


def saved(service):
    return sorted(code for _, code, _, _ in service.saves)


def unlock(program):
    (found,) = program.json("status")[1]["environments"]
    assert program("unlock", found["lock"]["id"]).code == 0


def ends_well(program, service):
    """One more apply makes all as declared, and saves nothing a second time."""
    ended = program("apply", "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert saved(service) == KEYS
    (found,) = program.json("status")[1]["environments"]
    assert (found["open"], found["lock"], found["keys"]) == ([], None, 3)
    assert program.json("drift")[0] == 0


def test_a_killed_run_is_unlocked_and_what_it_saved_is_settled_by_the_next(shared, service, at_first_save):
    number = Future()
    at_first_save(lambda: os.kill(number.result(), signal.SIGKILL))
    process = shared.start("apply", "--yes")
    number.set_result(process.pid)
    process.communicate(timeout=120)
    assert (process.returncode, len(service.saves)) == (-signal.SIGKILL, 1)
    code, refused = shared.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["locked"])
    unlock(shared)
    ends_well(shared, service)


@pytest.mark.parametrize("fault", ["lost", "lost-once"])
def test_a_push_that_lands_and_whose_answer_is_lost_is_made_once(shared, server, remote, service, tmp_path, fault):
    git(tmp_path, "remote", "set-url", "origin", f"{server.url}/{fault}/remote.git")
    assert shared("apply", "--yes").code == 0
    assert saved(service) == KEYS
    subjects = git(remote, "log", "--format=%s", REF).split("\n")
    assert len(subjects) == len(set(subjects))
    assert len(run_ids(shared)) == 1


@pytest.mark.parametrize("fault, says", [("cut", "error:"), ("busy", "503"), ("deny", "403")])
def test_where_no_push_lands_nothing_is_saved(shared, server, service, tmp_path, fault, says):
    git(tmp_path, "remote", "set-url", "origin", f"{server.url}/{fault}/remote.git")
    code, run = shared.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["no-ledger"], [])
    assert says in run["refusals"][0]["message"]


def hang(remote):
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nsleep 600\n", encoding="utf-8")
    hook.chmod(0o755)
    return hook.unlink


def go_away(remote):
    elsewhere = remote.with_name("elsewhere.git")
    remote.rename(elsewhere)
    return lambda: elsewhere.rename(remote)


@pytest.mark.parametrize("fault", [hang, go_away])
def test_a_remote_that_fails_after_the_first_save_stops_the_run_and_the_next_settles_it(
    shared, remote, service, at_first_save, monkeypatch, fault
):
    mend = []

    def fail():
        mend.append(fault(remote))
        monkeypatch.setattr(shared_ref, "REMOTE_SECONDS", 0.5)

    at_first_save(fail)
    code, run = shared.json("apply", "--yes")
    assert (code, len(service.saves)) == (4, 1)
    assert "ledger-not-written" in {one["rule"] for one in run["findings"]}
    monkeypatch.undo()
    monkeypatch.chdir(shared.folder)
    mend[0]()
    unlock(shared)
    ends_well(shared, service)


def test_a_remote_that_hangs_before_the_first_save_refuses_the_run(shared, remote, service, monkeypatch):
    hang(remote)
    monkeypatch.setattr(shared_ref, "REMOTE_SECONDS", 0.5)
    code, run = shared.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["no-ledger"], [])
    assert "git did not end within" in run["refusals"][0]["message"]


def test_what_only_asks_needs_no_right_to_push_and_moves_nothing(shared, server, remote, service, tmp_path):
    assert shared("apply", "--yes").code == 0
    git(tmp_path, "remote", "set-url", "origin", f"{server.url}/deny/remote.git")
    before = git(remote, "for-each-ref")
    service.jobs["acme", "1"][0]["cronexpression"] = "0 0 5 * * ?"
    del service.jobs["acme", "2"]
    for number in range(2):
        code, drift = shared.json("drift")
        assert (code, [one["verdict"] for one in drift["keys"]]) == (2, ["drifted", "vanished"]), number
        for command in (("plan",), ("status",), ("runs",), ("runs", "show", run_ids(shared)[0])):
            assert shared(*command).code == 0
    assert (server.pushes, git(remote, "for-each-ref")) == ([], before)
    assert shared("apply", "--yes", "--recreate").code == 3
    assert saved(service) == KEYS


@pytest.mark.parametrize("known_by, rule", [("name", "ledger-gone"), ("note", "ledger-behind"), ("", "no-ledger")])
def test_a_ledger_that_the_host_hides_is_not_begun_anew(shared, remote, service, declare, tmp_path, known_by, rule):
    _, run = shared.json("apply", "--yes")
    if known_by == "name":
        declare(more=f"ledger: git\nlineage: {lineage_of(run)}\n")
    if known_by != "note":
        git(tmp_path, "update-ref", "-d", SEEN)  # as in a clone that has seen no ledger yet
    git(remote, "config", "transfer.hideRefs", "refs/reconcile")
    service.jobs.clear()
    code, run = shared.json("apply", "--yes")
    assert (code, rules(run), saved(service)) == (3, [rule], KEYS)
    assert known_by or "hidden ref" in run["refusals"][0]["message"]


# A mirror that somebody pushes.


@pytest.fixture
def mirror(shared, remote, tmp_path):
    """Makes a mirror of the remote, and gives what pushes it back."""

    def make():
        git(tmp_path, "clone", "--quiet", "--mirror", f"file://{remote}", "mirror.git")
        return lambda: git(tmp_path / "mirror.git", "push", "--quiet", "--mirror", f"file://{remote}")

    return make


def test_a_mirror_without_the_ref_deletes_the_ledger_and_no_run_begins_it_anew(
    shared, service, mirror, declare, remote
):
    push = mirror()
    _, run = shared.json("apply", "--yes")
    declare(more=f"ledger: git\nlineage: {lineage_of(run)}\n")
    newest = git(remote, "rev-parse", REF)
    push()
    assert git(remote, "for-each-ref", REF) == ""
    service.jobs.clear()
    for _ in range(2):
        code, run = shared.json("apply", "--yes")
        assert (code, rules(run), len(service.saves)) == (3, ["ledger-gone"], 3)
    assert "ledger-gone" in {one["rule"] for one in shared.json("drift")[1]["findings"]}
    # The hint's way back: the newest ledger is pushed again. Here the server still has its commit.
    git(remote, "update-ref", REF, newest)
    code, run = shared.json("apply", "--yes")
    assert (code, {*rules(run)}) == (3, {"vanished"})


@pytest.mark.parametrize("is_older", [False, True], ids=["without-the-ref", "with-an-older-ref"])
def test_a_mirror_that_is_pushed_during_an_apply_stops_it(
    shared, remote, service, mirror, declare, at_first_save, is_older
):
    push = None if is_older else mirror()
    service.put("acme", "3", "0 0 4 * * ?")
    _, run = shared.json("apply", "--yes", "--code", "3")
    declare(more=f"ledger: git\nlineage: {lineage_of(run)}\n")
    at_first_save(push or mirror())
    code, run = shared.json("apply", "--yes")
    assert (code, len(service.saves)) == (4, 1)
    assert "taken back" in str(run["findings"])


# What a checkout holds, and of which kind it is.


def test_a_token_of_a_checkout_is_used_where_that_is_allowed_and_never_shown(shared, server, remote, service, tmp_path):
    git(tmp_path, "remote", "set-url", "origin", f"{server.url}/auth/remote.git")
    git(tmp_path, "config", f"http.{server.url}/.extraheader", f"AUTHORIZATION: basic {TOKEN}")
    refused = shared("apply", "--yes", "-vv")
    assert (refused.code, service.saves) == (3, [])
    assert "RECONCILE_GIT_ALLOW=credentials" in refused.out
    applied = shared("apply", "--yes", "-vv", RECONCILE_GIT_ALLOW="credentials")
    assert applied.code == 0, applied.out
    git(tmp_path, "remote", "set-url", "origin", f"{server.url}/deny/remote.git")
    service.jobs.clear()
    failed = shared("apply", "--yes", "-vv", "--recreate", RECONCILE_GIT_ALLOW="credentials")
    assert failed.code == 3
    for ended in (refused, applied, failed):
        assert TOKEN not in ended.out + ended.err
    assert TOKEN not in git(remote, "log", "--patch", REF)


def in_header(url, folder):
    return {"http.extraHeader": f"AUTHORIZATION: basic {TOKEN}"}


def in_header_for_any_host(url, folder):
    return {f"http.{url.replace('127', '*')}/.extraHeader": f"AUTHORIZATION: basic {TOKEN}"}


def in_cookies(url, folder):
    file = folder / "cookies"
    file.write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\ttoken\t{TOKEN}\n", encoding="utf-8")
    return {"http.cookieFile": str(file)}


def in_helper(url, folder):
    return {"credential.helper": f"!echo username=x; echo password={TOKEN}; :"}


def in_helper_for_any_host(url, folder):
    return {f"credential.{url.partition('127')[0]}.helper": f"!echo username=x; echo password={TOKEN}; :"}


def in_question(url, folder):
    program = folder / "ask"
    program.write_text(f"#!/bin/sh\necho {TOKEN}\n", encoding="utf-8")
    program.chmod(0o755)
    return {"core.askPass": str(program)}


@pytest.mark.parametrize(
    "kept", [in_header, in_header_for_any_host, in_cookies, in_helper, in_helper_for_any_host, in_question]
)
def test_a_credential_without_a_host_is_sent_to_no_address_that_a_branch_brings(
    shared, server, service, tmp_path, declare, kept
):
    for key, value in kept(server.url, tmp_path).items():
        git(tmp_path, "config", key, value)
    address = f"{server.url}/auth/remote.git"
    # A host that asks for a credential, and one that only listens: there the old ref is looked for too.
    for brought in (address, f"{server.url}/remote.git"):
        declare(more=f"ledger: git+{brought}\n")
        planned = shared("plan", RECONCILE_GIT_ALLOW="credentials")
        assert (planned.code, server.calls > 0, server.secrets) == (0, True, []), planned.out
        server.calls = 0
    # For a remote of the checkout it is there, by its name as by its address.
    git(tmp_path, "remote", "set-url", "origin", address)
    for named in (f"git+{address}", "git"):
        server.secrets.clear()
        declare(more=f"ledger: {named}\n")
        shared("plan", RECONCILE_GIT_ALLOW="credentials")
        assert server.secrets != [], named


def shallow(folder, url, _):
    git(folder.parent, "clone", "--quiet", "--depth=1", "--branch=main", url, str(folder))


def partial(folder, url, _):
    git(folder.parent, "clone", "--quiet", "--filter=blob:none", "--branch=main", url, str(folder))


def one_commit(folder, url, commit):
    """As actions/checkout does."""
    git(folder.parent, "init", "--quiet", str(folder))
    git(folder, "remote", "add", "origin", url)
    options = ("--quiet", "--no-tags", "--prune", "--no-recurse-submodules", "--depth=1")
    git(folder, "fetch", *options, "origin", f"+{commit}:refs/remotes/origin/main")
    git(folder, "checkout", "--quiet", "--force", "--detach", commit)


def one_pipeline(folder, url, commit):
    """As the runner of GitLab does."""
    git(folder.parent, "init", "--quiet", str(folder))
    git(folder, "remote", "add", "origin", url)
    git(folder, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", f"+{commit}:refs/pipelines/1")
    git(folder, "checkout", "--quiet", "--force", commit)


def left_in(folder):
    """What tells another program of a checkout that the ledger was kept through it."""
    refs = [one for one in git(folder, "for-each-ref").split("\n") if not one.endswith(f"\t{SEEN}")]
    return refs, git(folder, "rev-parse", "--is-shallow-repository"), git(folder, "status", "--porcelain")


@pytest.mark.parametrize("checkout", [shallow, partial, one_commit, one_pipeline])
def test_a_checkout_of_every_kind_applies_and_is_left_as_it_was(shared, remote, service, tmp_path, checkout):
    git(remote, "config", "uploadpack.allowFilter", "true")
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "one more")
    git(tmp_path, "push", "--quiet", "origin", "main")
    other = tmp_path / "other"
    checkout(other, f"file://{remote}", git(tmp_path, "rev-parse", "HEAD"))
    before = left_in(other)
    assert shared("apply", "--yes", "--dir", str(other / "schedules")).code == 0
    # All that is added is the note of which ledger was seen.
    assert left_in(other) == before
    assert git(other, "cat-file", "-t", SEEN) == "blob"
    assert saved(service) == KEYS
    _, plan = shared.json("plan")
    assert (plan["last_applied"], plan["changes"]) == ("ledger", [])


def test_a_repository_of_the_newer_object_format_keeps_a_ledger(program, server, service, tmp_path, declare):
    remote = server.bare("new.git", "--object-format=sha256")
    declare(more="ledger: git\n")
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    git(tmp_path, "remote", "add", "origin", f"file://{remote}")
    git(tmp_path, "add", "schedules")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    ends_well(program, service)
    assert len(git(remote, "rev-parse", REF)) == 64

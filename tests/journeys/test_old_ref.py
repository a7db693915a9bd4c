"""The ref of last applied that an older reconcile kept: the first ledger takes it over, once."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE, verdicts
from tests.journeys.test_git import commit, git

__all__ = ["commit", "git"]  # fixtures

REF = "refs/reconcile/applied/test"
ASKED = "taken over from refs/reconcile/applied/test"
TAKEN = "3 schedules of refs/reconcile/applied/test taken over into the ledger: it is not read any more"


def live_as_declared(service):
    for code, cron in (("1", "0 0 2 * * ?"), ("2", "0 0/30 * * * ?"), ("3", "0 0 4 * * ?")):
        service.put("acme", code, cron)


@pytest.fixture(
    params=[
        pytest.param(("file", "here"), id="file"),
        pytest.param(("file", "origin"), id="file-and-the-ref-at-origin"),
        pytest.param(("git", "origin"), marks=pytest.mark.slow, id="git"),
        pytest.param(("git+{url}", "origin"), marks=pytest.mark.slow, id="git-and-the-ref-at-origin"),
        pytest.param(("git+{url}", "here"), marks=pytest.mark.slow, id="git-and-the-ref-here"),
    ]
)
def place(request, git, write, service, tmp_path):
    """Where the ref is, with a ledger in one of the homes."""
    home, place = request.param
    git("remote", "add", "origin", "./remote.git")
    git("init", "-q", "--bare", "ledgers.git")
    (tmp_path / ".gitignore").write_text("*.git\n", encoding="utf-8")
    write(
        "reconcile.yaml",
        WORKSPACE.format(url=service.url) + f"ledger: {home.format(url=f'file://{tmp_path}/ledgers.git')}\n",
    )
    return place


@pytest.fixture
def noted(git, commit, service, place):
    """What is declared is live, and the ref says that its commit was applied."""
    first = commit()
    live_as_declared(service)
    if place == "origin":
        git("push", "-q", "origin", f"{first}:{REF}")
    else:
        git("update-ref", REF, first)
    return first


def test_an_orphan_and_a_change_by_hand_are_known_from_it_by_what_reads_and_recorded_by_the_next_apply(
    program, git, commit, service, noted, place
):
    commit(TENANT.replace(FIRST, ""))
    service.put("acme", "2", "0 0 * * * ?")
    _, plan = program.json("plan")
    assert (plan["last_applied"], verdicts(plan)) == ("ledger", {"1": "orphan", "2": "drifted"})
    assert any(ASKED in said and noted[:12] in said for said in plan["assumptions"])
    assert program("drift").code == 2
    ended = program("apply", "--yes")
    assert (ended.code, ended.err.count(TAKEN)) == (0, 1)
    where = ("--git-dir=remote.git",) if place == "origin" else ()
    assert git(*where, "rev-parse", REF) == noted  # it was not moved
    empty = git(*where, "hash-object", "-t", "tree", "-w", "/dev/null")
    git(*where, "update-ref", REF, git(*where, "commit-tree", "-m", "nothing is declared", empty))
    _, plan = program.json("plan")
    assert (plan["last_applied"], verdicts(plan)) == ("ledger", {"1": "orphan"})
    assert not any(ASKED in said for said in plan["assumptions"])
    assert program("apply", "--yes", "--park-removed").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 0 1 1 ? 2099"


def test_what_vanished_since_is_refused_again_and_again(program, git, service, noted):
    service.jobs.clear()
    assert [program("apply", "--yes").code for _ in range(3)] == [3, 3, 3]
    assert service.saves == []


def test_without_a_ledger_it_is_not_read(program, git, commit, write, service, noted):
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + "ledger: none\n")
    assert program.json("plan")[1]["last_applied"] == "none"


def test_it_is_taken_over_in_a_partial_clone_as_docs_pipelines_md_makes_it(
    program, git, commit, write, service, tmp_path, monkeypatch
):
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    first = commit()
    live_as_declared(service)
    commit(TENANT.replace(FIRST, ""))
    git("--git-dir=remote.git", "config", "uploadpack.allowFilter", "true")
    git("push", "-q", "./remote.git", f"{first}:{REF}", "main")
    git("--git-dir=remote.git", "symbolic-ref", "HEAD", "refs/heads/main")
    git("clone", "-q", "--filter=blob:none", f"file://{tmp_path}/remote.git", "runner")
    monkeypatch.chdir(tmp_path / "runner")
    ended = program("apply", "--yes")
    assert (ended.code, ended.err.count(TAKEN)) == (0, 1)
    assert verdicts(program.json("plan")[1]) == {"1": "orphan"}


@pytest.fixture
def unreachable(git, commit, write, service):
    """A file ledger that no run has begun, in a repository whose `origin` does not answer; what is declared is live."""
    git("remote", "add", "origin", "./nowhere.git")
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    commit()
    live_as_declared(service)


def test_that_an_origin_could_not_be_asked_is_said_until_it_was_or_a_run_has_ended(program, git, service, unreachable):
    said = "no older reconcile left last applied at origin, which could not be asked"
    code, plan = program.json("plan")
    assert (code, [said in one for one in plan["assumptions"]].count(True)) == (0, 1)
    git("init", "-q", "--bare", "remote.git")
    git("remote", "set-url", "origin", "./remote.git")
    assert said not in program("plan").out
    git("remote", "set-url", "origin", "./nowhere.git")
    del service.jobs["acme", "1"]
    assert said in program("apply", "--yes").out
    assert len(service.saves) == 1
    assert said not in program("apply", "--yes").out


BROKEN = "tenant: acme\nschedules: [\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"


@pytest.mark.parametrize("text", [pytest.param(BROKEN, id="broken"), pytest.param(POINTER, id="a-pointer-of-lfs")])
def test_a_commit_that_cannot_be_read_whole_is_an_error_that_names_commit_and_file(
    program, git, commit, write, service, text
):
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    bad = commit(text)
    git("update-ref", REF, bad)
    commit()
    for words in (["plan"], ["drift"], ["apply", "--yes"]):
        ended = program(*words)
        assert (ended.code, f"{bad[:12]}:schedules/tenants/acme.yaml:" in ended.err) == (1, True), ended.err
        assert f"git update-ref -d {REF}" in ended.err
    assert service.saves == []
    git("update-ref", "-d", REF)
    assert program("apply", "--yes").code == 0


def test_a_commit_that_does_not_know_the_environment_is_an_error_and_one_without_the_folder_is_of_another_workspace(
    program, git, commit, write, service
):
    git("commit", "-q", "--allow-empty", "-m", "nothing yet")
    git("update-ref", REF, "HEAD")
    write("reconcile.yaml", WORKSPACE.format(url=service.url).replace("  test:", "  other:"))
    other = commit()
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    commit()
    assert program.json("plan")[1]["last_applied"] == "none"
    git("update-ref", REF, other)
    ended = program("plan")
    assert (
        ended.code,
        f"{other[:12]}:schedules/reconcile.yaml has no environment test; it may be other there" in ended.err,
    ) == (1, True)


@pytest.mark.parametrize(
    "words, instead",
    [
        pytest.param(["plan", "--applied-rev", "HEAD"], "`ledger: git`", id="applied-rev"),
        pytest.param(["drift", "--applied-rev=HEAD"], "`ledger: git`", id="applied-rev-of-drift"),
        pytest.param(["plan", "--fetch-applied", "origin"], "`ledger: git`", id="fetch-applied"),
        pytest.param(["apply", "--yes", "--push-applied", "origin"], "`ledger: git`", id="push-applied"),
        pytest.param(["apply", "--yes", "--no-ledger"], "`ledger: none`", id="no-ledger"),
        pytest.param(["rollback", "20", "--no-ledger"], "`ledger: none`", id="no-ledger-of-rollback"),
    ],
)
def test_an_option_that_is_gone_is_an_error_that_names_what_to_write(program, service, words, instead):
    ended = program(*words)
    (option,) = (word.partition("=")[0] for word in words if word.partition("=")[0] in ended.err)
    assert (ended.code, f"error: there is no {option} any more\n" in ended.err, service.saves) == (1, True, [])
    assert instead in ended.err

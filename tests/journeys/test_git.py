"""What Git says of declarations: revisions that are named, and files that no commit holds."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import TENANT, WORKSPACE, rules


@pytest.fixture
def git(tmp_path, write, service):
    """Commit the declarations, of a workspace without a ledger, and give what runs git there."""
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + "ledger: none\n")

    def run(*arguments):
        command = ["git", "-c", "user.name=李伟", "-c", "user.email=li@example.com", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    run("init", "-q", "--bare", "remote.git")
    (tmp_path / ".gitignore").write_text("remote.git\n", encoding="utf-8")
    return run


@pytest.fixture
def commit(program, git, write):
    """Write the file of tenant acme, commit everything, and return the commit."""

    def one(text=TENANT):
        write("tenants/acme.yaml", text)
        git("add", "--all")
        git("commit", "-q", "--allow-empty", "-m", "x")
        return git("rev-parse", "HEAD")

    return one


def test_a_revision_that_is_not_there_is_an_error(program, git, commit):
    commit()
    ended = program("plan", "--base", "nowhere")
    assert (ended.code, "'nowhere'" in ended.err) == (1, True)


def test_what_a_revision_did_not_have_was_not_declared(program, git, commit):
    git("commit", "-q", "--allow-empty", "-m", "nothing yet")
    empty = git("rev-parse", "HEAD")
    commit()
    assert program.json("plan", "--base", empty)[1]["summary"]["create"] == 3


@pytest.mark.parametrize("more", ["", "ledger: none\n"], ids=["first-run", "no-memory"])
def test_where_nothing_is_remembered_no_orphan_is_known_but_those_of_a_revision(program, commit, declare, more):
    declare(more=more)
    commit()
    alone, based = (program("plan", *words).out for words in ((), ("--base", "HEAD")))
    assert "two-way, no orphans" in alone
    assert "no orphans but" not in alone
    assert "two-way, no orphans but those of --base" in based


def test_only_committed_declarations_are_applied_where_that_is_asked_for(program, git, commit, write, service):
    commit()
    write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 3"))
    code, refused = program.json("apply", "--yes", "--require-git-clean")
    assert (code, rules(refused), service.saves) == (3, ["git-not-clean"], [])
    assert "schedules/tenants/acme.yaml" in refused["errors"][0]["message"]
    git("checkout", "-q", ".")
    write("tenants/.gitignore", "more.yaml\n")
    commit()
    write("tenants/more.yaml", "tenant: more\nschedules: []\n")  # ignored by Git, and read all the same
    assert "tenants/more.yaml" in program("apply", "--yes", "--require-git-clean").err
    (program.folder / "schedules" / "tenants" / "more.yaml").unlink()
    assert program("apply", "--yes", "--require-git-clean").code == 0


def test_outside_git_nothing_is_clean(program, service):
    code, refused = program.json("apply", "--yes", "--require-git-clean")
    assert (code, rules(refused), service.saves) == (3, ["git-not-clean"], [])

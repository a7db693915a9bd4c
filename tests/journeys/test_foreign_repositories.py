"""A branch that brings a repository of its own, and checkouts whose configuration names programs."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import TENANT, WORKSPACE
from tests.journeys.test_git import commit, git

__all__ = ["commit", "git"]  # fixtures

EVIL = """\
[core]
	repositoryformatversion = 0
	bare = false
	worktree = .
	sshCommand = "env > {stolen}; false"
	fsmonitor = "env > {stolen}; false"
[filter "x"]
	clean = "env > {stolen}; cat"
[remote "origin"]
	url = ssh://x/y
"""
COMMANDS = [
    ("validate",),
    ("plan",),
    ("plan", "--base", "HEAD"),
    ("apply", "--yes", "--require-git-clean"),
    ("drift",),
    ("status",),
    ("runs",),
    ("history", "acme", "1"),
    ("rollback", "x", "--yes"),
    ("release", "acme/1"),
    ("unlock", "1a2b3c4d"),
    ("ledger", "rebuild"),
]


@pytest.fixture
def stolen(program, git, commit, tmp_path):
    """The branch of a stranger is checked out; this file appears when a program of it is run."""
    commit()
    place = tmp_path / "schedules"
    for folder in ("objects", "refs/heads"):
        (place / folder).mkdir(parents=True)
        (place / folder / "keep").touch()
    (place / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (place / "config").write_text(EVIL.format(stolen=tmp_path / "stolen"), encoding="utf-8")
    (place / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    commit()
    return tmp_path / "stolen"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_branch_cannot_have_a_repository_of_its_own_taken_for_the_checkouts(program, stolen, service, arguments):
    ended = program(*arguments)
    assert (ended.code, stolen.exists(), service.saves) == (1, False, [])
    assert "foreign-repository" in f"{ended.out}{ended.err}"
    assert "schedules holds HEAD, objects and refs" in f"{ended.out}{ended.err}"


def test_the_document_says_so_too(program, stolen):
    code, document = program.json("plan")
    assert (code, [finding["rule"] for finding in document["findings"]]) == (1, ["foreign-repository"])
    assert document["git_revision"] is None


@pytest.mark.parametrize("at", ["tenants/inner", "."], ids=["below-the-declarations", "of-another-folder"])
def test_one_below_the_declarations_is_refused_too(program, stolen, at):
    ended = program("plan", "--dir", "schedules/tenants") if at == "." else program("validate", "schedules/tenants")
    assert ended.code == 1
    assert "foreign-repository" in f"{ended.out}{ended.err}"


# What forges leave in a checkout.


def named(ended):
    return [line for line in ended.err.split("\n") if "names programs or credentials" in line]


def test_a_checkout_whose_configuration_names_programs_goes_on_working(program, git, commit, tmp_path, service, write):
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + "ledger: git\n")
    git("remote", "add", "origin", "remote.git")
    commit()
    program("apply", "--yes")
    (tmp_path / "included").write_text(f'[core]\n\tsshCommand = "touch {tmp_path}/ran"\n', encoding="utf-8")
    git("config", "include.path", str(tmp_path / "included"))
    git("config", "http.https://example.com/.extraheader", "AUTHORIZATION: basic c2VjcmV0")
    git("config", "filter.lfs.process", f"touch {tmp_path}/ran")
    git("config", "filter.lfs.required", "true")
    (tmp_path / ".gitattributes").write_text("*.yaml filter=lfs\n", encoding="utf-8")
    without = ("-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")
    git(*without, "add", ".gitattributes")
    git(*without, "commit", "-q", "-m", "x")
    for arguments in (
        ("plan",),
        ("apply", "--yes", "--require-git-clean"),
        ("drift",),
    ):
        ended = program(*arguments)
        assert (ended.code, (tmp_path / "ran").exists()) == (0, False), ended.err
        (line,) = named(ended)
        assert "core.sshCommand, filter.lfs.process, filter.lfs.required, http.https://example.com/.extraHeader" in line
        assert "RECONCILE_GIT_ALLOW=credentials,filters" in line
        assert "c2VjcmV0" not in f"{ended.out}{ended.err}"


def test_a_filter_of_the_checkout_is_run_where_that_is_allowed_only(program, git, commit, tmp_path, write):
    git("config", "filter.upper.clean", f"touch {tmp_path}/ran; tr a-z A-Z")
    (tmp_path / ".gitattributes").write_text("beta.yaml filter=upper\n", encoding="utf-8")
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    commit()  # git holds TENANT: BETA
    (tmp_path / "ran").unlink()
    ended = program("apply", "--yes", "--require-git-clean")
    assert (ended.code, "schedules/tenants/beta.yaml" in ended.err, (tmp_path / "ran").exists()) == (3, True, False)
    ended = program("apply", "--yes", "--require-git-clean", RECONCILE_GIT_ALLOW="filters")
    assert (ended.code, named(ended), (tmp_path / "ran").exists()) == (0, [], True), ended.err


def test_what_is_allowed_must_be_known(program, git, commit):
    commit()
    ended = program("plan", RECONCILE_GIT_ALLOW="credential")
    assert (ended.code, "RECONCILE_GIT_ALLOW: 'credential' is unknown" in ended.err) == (1, True)


def test_no_file_allows_anything(program, git, commit, write):
    git("config", "core.sshCommand", "x")
    write("tenants/acme.yaml", TENANT)
    commit()
    assert named(program("plan"))
    (program.folder / ".env").write_text("RECONCILE_GIT_ALLOW=credentials\n", encoding="utf-8")
    assert named(program("plan"))


def test_a_checkout_of_another_user_is_read_all_the_same(program, git, commit, monkeypatch):
    commit()
    program("apply", "--yes")
    git("config", "core.autocrlf", "true")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to try it
    code, plan = program.json("plan")
    assert (code, plan["summary"]["unchanged"]) == (0, 3)
    assert program("apply", "--yes", "--require-git-clean").code == 0
    file = program.folder / "schedules/tenants/acme.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    ended = program("apply", "--yes", "--require-git-clean")
    assert (ended.code, "dubious ownership" in ended.err) == (1, True)  # git would convert as the user


@pytest.mark.parametrize("remote", ["an-address", "origin"])
@pytest.mark.parametrize("name", ["applied", "applied.git"])
def test_a_branch_cannot_have_a_folder_of_its_own_taken_for_the_remote(
    program, git, commit, write, service, tmp_path, remote, name
):
    git("init", "-q", "--bare", name)
    git("remote", "add", "origin", f"{tmp_path.as_uri()}/%61pplied")  # git reads it as applied
    home = "git" if remote == "origin" else f"git+{tmp_path.as_uri()}/{name}"
    hook = tmp_path / name / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    for empty in ("refs", "objects"):
        (tmp_path / name / empty / "keep").touch()
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + f"ledger: {home}\n")
    commit()
    for arguments, code in ((("apply", "--yes"), 3), (("ledger", "rebuild"), 1)):
        ended = program(*arguments)
        assert (ended.code, (tmp_path / "ran").exists()) == (code, False), ended.err
        assert f"foreign-repository: {name} is in Git" in ended.err
        assert "hint: name a remote that `git remote -v` shows" in ended.err

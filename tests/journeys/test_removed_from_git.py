"""Removed means removed from Git: what another file declares, or one that is not on disk, is never parked."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE, verdicts

BETA = 'tenant: beta\nschedules:\n  - code: "9"\n    name: 报表\n    cron: "0 0 5 * * ?"\n'
PARKED = "0 0 0 1 1 ? 2099"
OTHERS = "  other:\n    url: {url}\n    paths: [elsewhere/*.yaml]\n"


@pytest.fixture
def git(tmp_path):
    """Run git beside the declarations."""

    def run(*arguments, folder="."):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always", *arguments]
        subprocess.run(command, cwd=tmp_path / folder, capture_output=True, check=True)

    run("init", "-q", "-b", "main")
    return run


@pytest.fixture
def commit(git):
    """Commit all that is there."""

    def one():
        git("add", "--all")
        git("commit", "-q", "--allow-empty", "-m", "x")

    return one


@pytest.fixture
def beta(program, write, commit):
    """Two tenants were committed and applied."""
    write("tenants/beta.yaml", BETA)
    write("../.gitignore", "/.reconcile/\n/sub/\n")
    commit()
    assert program("apply", "--yes").code == 0
    return program


def assert_kept(program, service, *, rule, place):
    """Assert that the key of beta is told with *rule* and *place*, in each command, and parked by none."""
    for _ in range(2):
        for options in ((), ("--park-removed",)):
            code, plan = program.json("plan", *options)
            assert (code, verdicts(plan), plan["changes"]) == (0, {"9": "orphan"}, [])
            (told,) = plan["attention"]
            assert told["rule"] == rule
            assert f"{rule}: {place}" in told["message"]
            code, run = program.json("apply", "--yes", *options)
            assert (code, [one["rule"] for one in run["attention"]]) == (0, [rule])
    (key,) = program.json("drift")[1]["keys"]
    assert (key["verdict"], key["desired"]["origin"]) == ("orphan", rule)
    assert f"{rule} {place}" in program("drift").out
    assert program("drift", "--strict").code == 2
    assert service.jobs["beta", "9"][0]["cronexpression"] == "0 0 5 * * ?"


def assert_parked(program, service):
    """Assert that the key of beta is parked when asked."""
    assert [one.get("rule") for one in program.json("plan")[1]["attention"]] == [None]
    assert program("apply", "--yes", "--park-removed").code == 0
    assert service.jobs["beta", "9"][0]["cronexpression"] == PARKED


def move(tmp_path, before, after):
    target = tmp_path / "schedules" / after
    target.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "schedules" / before).rename(target)


def test_a_key_that_a_commit_deleted_is_parked_when_asked(beta, service, tmp_path, commit):
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    commit()
    assert_parked(beta, service)


def test_a_key_deleted_from_a_file_that_stays_is_parked_when_asked(beta, service, write):
    write("tenants/beta.yaml", BETA.replace('"9"', '"10"'))
    assert beta("apply", "--yes", "--park-removed").code == 0
    assert service.jobs["beta", "9"][0]["cronexpression"] == PARKED


def test_narrowed_paths_park_nothing(beta, service, write, commit):
    workspace = WORKSPACE.format(url=service.url).replace("    timeout", "    paths: [tenants/acme.yaml]\n    timeout")
    write("reconcile.yaml", workspace)
    commit()
    assert_kept(beta, service, rule="outside-paths", place="schedules/tenants/beta.yaml:3")


def test_a_file_moved_to_an_archive_parks_nothing(beta, service, tmp_path, commit):
    move(tmp_path, "tenants/beta.yaml", "archive/beta.yaml")
    commit()
    assert_kept(beta, service, rule="outside-paths", place="schedules/archive/beta.yaml:3")


def test_a_file_moved_to_another_environment_parks_nothing(beta, service, tmp_path, write, commit):
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + OTHERS.format(url=service.url))
    move(tmp_path, "tenants/beta.yaml", "elsewhere/beta.yaml")
    commit()
    program = beta
    _, plan = program.json("plan", "--env", "test", "--park-removed")
    assert [one["rule"] for one in plan["attention"]] == ["outside-paths"]
    assert "schedules/elsewhere/beta.yaml:3" in plan["attention"][0]["message"]
    assert program("apply", "--env", "test", "--yes", "--park-removed").code == 0
    assert service.jobs["beta", "9"][0]["cronexpression"] == "0 0 5 * * ?"


OWN_FOLDERS = """\
format_version: "1"
workspace: test
default_environment: test
environments:
  test:
    url: {url}
    timeout: 60s
    paths: [a/*.yaml]
    service: {{save: upsert}}
  other:
    url: {other}
    paths: [b/*.yaml]
"""


@pytest.fixture
def folders(program, service, write, commit):
    """Return what declares two environments with a folder each, the other one at an address, and applies the first."""

    def one(other):
        write("reconcile.yaml", OWN_FOLDERS.format(url=service.url, other=other))
        write("a/acme.yaml", TENANT)
        write("a/beta.yaml", BETA)
        write("b/acme.yaml", TENANT)
        write("../.gitignore", "/.reconcile/\n/schedules/tenants/\n")
        commit()
        assert program("apply", "--yes").code == 0
        return program

    return one


@pytest.mark.parametrize("other", ["{url}", "{url}/", "http://${{SCHEDULER}}:8001"])
def test_a_key_moved_to_the_folder_of_another_environment_of_the_service_is_not_parked(
    folders, service, tmp_path, commit, other
):
    program = folders(other.format(url=service.url))
    move(tmp_path, "a/beta.yaml", "b/beta.yaml")
    commit()
    assert_kept(program, service, rule="outside-paths", place="schedules/b/beta.yaml:3")


@pytest.mark.parametrize("how", ["moved", "still-declared-there", "not-checked-out-there"])
def test_a_key_that_only_an_environment_of_another_service_declares_is_removed_here(
    folders, service, tmp_path, write, commit, git, how
):
    program = folders("http://127.0.0.1:9")
    if how != "moved":
        write("b/beta.yaml", BETA)
        (tmp_path / "schedules/a/beta.yaml").unlink()
    else:
        move(tmp_path, "a/beta.yaml", "b/beta.yaml")
    commit()
    if how == "not-checked-out-there":
        git("sparse-checkout", "set", "--no-cone", "/*", "!/schedules/b/")
    assert_parked(program, service)


def test_what_neither_of_two_environments_reads_is_a_finding_of_both(folders, write, commit):
    program = folders("http://127.0.0.1:9")
    write("archive/old.yaml", BETA)
    write("inner/reconcile.yaml", WORKSPACE.format(url="http://127.0.0.1:9"))
    write("inner/c/other.yaml", BETA)
    for environment in ("test", "other"):
        _, document = program.json("validate", "--env", environment)
        told = [one["place"]["file"] for one in document["findings"] if one["rule"] == "unread-file"]
        assert told == ["schedules/archive/old.yaml"]


def test_a_set_moved_to_an_archive_parks_nothing(program, service, tmp_path, write, commit):
    core = BETA.replace("tenant: beta", "set: core")
    write(
        "tenants/beta.yaml",
        'tenant: beta\ninclude: [core]\nschedules:\n  - code: "8"\n    name: x\n    cron: "0 0 1 * * ?"\n',
    )
    write("sets/core.yaml", core)
    commit()
    assert program("apply", "--yes").code == 0
    move(tmp_path, "sets/core.yaml", "archive/core.yaml")
    write("sets/core.yaml", core.replace('"9"', '"7"'))
    commit()
    program("apply", "--yes", "--park-removed")
    _, plan = program.json("plan", "--park-removed")
    assert [one["rule"] for one in plan["attention"]] == ["outside-paths"]
    assert "schedules/archive/core.yaml:3" in plan["attention"][0]["message"]
    assert service.jobs["beta", "9"][0]["cronexpression"] == "0 0 5 * * ?"


def test_a_broken_file_in_an_archive_may_declare_what_it_holds(beta, service, tmp_path, write):
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    write("archive/beta.yaml", BETA + "  - [\n")
    assert_kept(beta, service, rule="outside-paths", place="schedules/archive/beta.yaml")


@pytest.mark.parametrize("name", ["ignored/beta.yaml", "inner/archive/beta.yaml"], ids=["ignored", "other-workspace"])
def test_ignored_files_and_other_workspaces_declare_nothing_here(beta, service, tmp_path, write, commit, name):
    write("inner/reconcile.yaml", WORKSPACE.format(url=service.url))
    write(".gitignore", "ignored/\n")
    move(tmp_path, "tenants/beta.yaml", name)
    commit()
    assert_parked(beta, service)


def test_a_sparse_checkout_parks_nothing(beta, service, git):
    git("sparse-checkout", "set", "--no-cone", "/*", "!/schedules/tenants/beta.yaml")
    assert_kept(beta, service, rule="missing", place="schedules/tenants/beta.yaml:3")


def test_a_file_that_git_skips_and_that_is_gone_parks_nothing(beta, service, tmp_path, git):
    git("update-index", "--skip-worktree", "schedules/tenants/beta.yaml")
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    assert_kept(beta, service, rule="missing", place="schedules/tenants/beta.yaml:3")


def test_a_file_deleted_on_disk_alone_parks_nothing(beta, service, tmp_path):
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    assert_kept(beta, service, rule="missing", place="schedules/tenants/beta.yaml:3")


def test_an_empty_submodule_parks_nothing(program, service, tmp_path, git, commit):
    inner = tmp_path / "sub"
    inner.mkdir()
    git("init", "-q", folder="sub")
    (inner / "beta.yaml").write_text(BETA, encoding="utf-8")
    git("add", "--all", folder="sub")
    git("commit", "-q", "-m", "x", folder="sub")
    (tmp_path / ".gitignore").write_text("/.reconcile/\n/sub/\n", encoding="utf-8")
    git("submodule", "add", "-q", str(inner), "schedules/tenants/beta")
    commit()
    assert program("apply", "--yes").code == 0
    git("submodule", "deinit", "-q", "--force", "--all")
    assert_kept(program, service, rule="missing", place="schedules/tenants/beta/ (a submodule)")


def test_a_file_that_this_clone_does_not_hold_parks_nothing(beta, service, tmp_path):
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    blob = subprocess.run(
        ["git", "rev-parse", "HEAD:schedules/tenants/beta.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (tmp_path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert_kept(beta, service, rule="missing", place="schedules/tenants/beta.yaml")


def test_outside_git_what_is_not_on_disk_is_removed(program, service, write, tmp_path):
    write("tenants/beta.yaml", BETA)
    assert program("apply", "--yes").code == 0
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    assert_parked(program, service)


def test_a_set_that_no_tenant_includes_declares_nothing(program, service, write, declare):
    declare(TENANT)
    assert program("apply", "--yes").code == 0
    write("archive/old.yaml", f"set: old\nschedules:\n{FIRST}")
    declare(TENANT.replace(FIRST, ""))
    assert program("apply", "--yes", "--park-removed").code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == PARKED


def test_declarations_that_no_environment_reads_are_a_finding_of_each_command(beta, write):
    write("archive/beta.yaml", BETA)
    write("notes/other.yaml", "settings:\n  tenant: beta\n")
    for command in (("validate",), ("plan",), ("apply", "--yes"), ("drift",)):
        code, document = beta.json(*command)
        told = [(one["rule"], one["severity"], one["place"]["file"]) for one in document["findings"]]
        assert (code, told) == (0, [("unread-file", "warning", "schedules/archive/beta.yaml")])

"""`--require-git-clean`: what is applied is what the commit holds, whatever the index says of it."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import TENANT, WORKSPACE, rules

OTHER = TENANT.replace("0 0 2", "0 0 3")
ACME = "schedules/tenants/acme.yaml"


@pytest.fixture
def git(tmp_path, write, service):
    """Commit the declarations, and give what runs git there."""
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    write("tenants/acme.yaml", TENANT)
    (tmp_path / ".gitignore").write_text("/inner/\n", encoding="utf-8")

    def run(*arguments, folder="."):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=tmp_path / folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    run("add", "--all")
    run("commit", "-q", "-m", "one")
    return run


def commit(git):
    git("add", "--all")
    git("commit", "-q", "-m", "next")


@pytest.fixture
def apply(program):
    """Apply what must be committed; a refused one gives what its message names."""

    def one(**environ):
        code, document = program.json("apply", "--yes", "--require-git-clean", **environ)
        if code == 0:
            return None
        assert (code, rules(document)) == (3, ["git-not-clean"])
        return document["errors"][0]["message"].partition("not as in the commit: ")[2]

    return one


def test_what_is_committed_is_applied(git, apply, service):
    assert apply() is None
    assert len(service.jobs) == 3


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("file, text", [("tenants/acme.yaml", OTHER), ("reconcile.yaml", None)], ids=["tenant", "own"])
def test_a_change_that_the_index_hides_is_not_applied(git, apply, write, service, flag, file, text):
    git("update-index", flag, f"schedules/{file}")
    write(file, text or WORKSPACE.format(url=service.url) + "limits: {max_changes: 9}\n")
    assert git("status", "--porcelain") == ""
    assert (apply(), service.saves) == (f"schedules/{file}", [])


def test_a_change_that_is_only_staged_is_not_applied(git, apply, write, service):
    write("tenants/acme.yaml", OTHER)
    git("add", "--all")
    assert (apply(), service.saves) == (ACME, [])
    write("tenants/acme.yaml", TENANT)  # what is staged is not what is read
    assert apply() is None


@pytest.mark.parametrize("is_staged", [False, True], ids=["untracked", "staged"])
def test_a_new_file_below_paths_is_not_applied(git, apply, write, service, is_staged):
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    if is_staged:
        git("add", "--all")
    assert (apply(), service.saves) == ("schedules/tenants/beta.yaml", [])


def test_a_deleted_file_is_not_as_committed(git, apply, write, tmp_path, service):
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    commit(git)
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    assert apply() == "schedules/tenants/beta.yaml"
    git("add", "--all")
    assert (apply(), service.saves) == ("schedules/tenants/beta.yaml", [])


def test_what_is_no_declaration_may_lie_there(git, apply, tmp_path):
    (tmp_path / "schedules/plan.json").write_text("{}", encoding="utf-8")
    (tmp_path / "schedules/tenants/README.md").write_text("x", encoding="utf-8")
    assert apply() is None


@pytest.mark.parametrize("how", ["core.autocrlf", "core.eol", "attributes"])
def test_line_ends_of_a_checkout_are_as_committed(git, apply, write, tmp_path, how):
    if how == "core.autocrlf":
        git("config", "core.autocrlf", "true")
    else:
        git("config", "core.eol", "crlf")
        rule = "* text=auto" if how == "core.eol" else "*.yaml text eol=crlf"
        (tmp_path / ".gitattributes").write_text(f"{rule}\n", encoding="utf-8")
        commit(git)
    (tmp_path / ACME).unlink()
    git("checkout", "-q", "--", ".")
    assert b"\r\n" in (tmp_path / ACME).read_bytes()
    assert apply() is None
    (tmp_path / ACME).write_bytes(OTHER.replace("\n", "\r\n").encode())
    assert apply() == ACME


def test_a_link_is_as_committed_where_it_leads_as_committed(git, apply, write, tmp_path):
    write("shared/beta.yaml", TENANT.replace("acme", "beta"))
    (tmp_path / "schedules/tenants/beta.yaml").symlink_to("../shared/beta.yaml")
    commit(git)
    assert apply() is None
    write("shared/more.yaml", TENANT.replace("acme", "more"))
    commit(git)
    (tmp_path / "schedules/tenants/beta.yaml").unlink()
    (tmp_path / "schedules/tenants/beta.yaml").symlink_to("../shared/more.yaml")
    git("update-index", "--assume-unchanged", "schedules/tenants/beta.yaml")
    assert apply() == "schedules/tenants/beta.yaml"


def test_a_sparse_checkout_must_have_what_the_environment_reads(git, apply, write):
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    write("archive/old.yaml", TENANT.replace("acme", "old"))
    commit(git)
    git("sparse-checkout", "set", "--no-cone", "/*", "!/schedules/archive/")
    assert apply() is None
    git("sparse-checkout", "set", "--no-cone", "/*", "!/schedules/tenants/beta.yaml")
    assert apply() == "schedules/tenants/beta.yaml"


def test_a_submodule_counts_as_the_commit_names_it(git, apply, program, write, tmp_path):
    (tmp_path / "inner").mkdir()
    git("init", "-q", folder="inner")
    beta = tmp_path / "schedules/tenants/beta/beta.yaml"
    (tmp_path / "inner/beta.yaml").write_text(TENANT.replace("acme", "beta"), encoding="utf-8")
    git("add", "--all", folder="inner")
    git("commit", "-q", "-m", "x", folder="inner")
    git("submodule", "add", "-q", str(tmp_path / "inner"), "schedules/tenants/beta")
    assert apply() == "schedules/tenants/beta/beta.yaml"
    commit(git)
    assert apply() is None
    beta.write_text(OTHER.replace("acme", "beta"), encoding="utf-8")
    git("commit", "-q", "-a", "-m", "x", folder="schedules/tenants/beta")
    assert apply() == "schedules/tenants/beta/beta.yaml"
    git("submodule", "deinit", "-q", "--force", "--all")
    assert apply() == "schedules/tenants/beta"


def test_a_filter_of_the_repository_counts_where_it_is_allowed(git, apply, program, tmp_path):
    git("config", "filter.x.clean", "sed s/0.0.2/0.0.3/")
    (tmp_path / ".gitattributes").write_text("*.yaml filter=x\n", encoding="utf-8")
    git("add", "--renormalize", ".")
    commit(git)
    assert apply() == ACME
    assert (
        "RECONCILE_GIT_ALLOW=filters uses the repository's own filters"
        in program("apply", "--yes", "--require-git-clean").err
    )
    assert apply(RECONCILE_GIT_ALLOW="filters") is None

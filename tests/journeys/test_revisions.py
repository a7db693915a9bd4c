"""A file of a revision that cannot be read is an error that names `commit:file`; what was not there yet is none."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT, WORKSPACE, verdicts

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
ACME = "schedules/tenants/acme.yaml"
SETTINGS = "schedules/reconcile.yaml"


@pytest.fixture
def git(tmp_path):
    def run(*arguments, folder="."):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=tmp_path / folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    return run


@pytest.fixture
def commit(git, write, service):
    """Write the workspace and the file of tenant acme, each as given, and return the commit."""

    def one(tenant=TENANT, workspace=WORKSPACE):
        write("reconcile.yaml", workspace.format(url=service.url))
        write("tenants/acme.yaml", tenant)
        git("add", "schedules")
        git("commit", "-q", "--allow-empty", "-m", "x")
        return git("rev-parse", "HEAD")

    return one


BROKEN = [
    pytest.param({"tenant": LFS}, f"{ACME}:1:1", "pointer of Git LFS", id="a-pointer-of-lfs"),
    pytest.param({"tenant": "\0GITCRYPT\0\1\2"}, f"{ACME}:1:1", "encrypted by git-crypt", id="git-crypt"),
    pytest.param({"tenant": "tenant: acme\nschedules: [\n"}, f"{ACME}:2:12", "", id="broken-yaml"),
    pytest.param({"tenant": TENANT.replace("tenant:", "later: 1\ntenant:")}, f"{ACME}:1:1", "later", id="a-newer-key"),
    pytest.param({"tenant": TENANT.replace("acme", "acme\ninclude: [x]")}, f"{ACME}:2:", "no set x", id="a-set-less"),
    pytest.param({"tenant": ""}, f"{ACME}:1:1", "", id="an-empty-file"),
    pytest.param({"workspace": WORKSPACE.replace('"1"', '"99"')}, f"{SETTINGS}:1:17", "", id="a-newer-format"),
    pytest.param({"workspace": LFS}, f"{SETTINGS}:1:1", "pointer of Git LFS", id="the-workspace-in-lfs"),
]


@pytest.mark.parametrize("broken, place, why", BROKEN)
def test_what_a_revision_holds_and_cannot_be_read_is_named(program, commit, broken, place, why):
    bad = commit(**broken)
    commit()
    code, document = program.json("plan", "--base", bad)
    assert code == 1
    assert f"{bad[:12]}:{place}" in document["errors"][0]["message"]
    (found,) = document["findings"]
    assert (found["place"]["file"], why in found["message"]) == (f"{bad[:12]}:{place.partition(':')[0]}", True)


@pytest.mark.parametrize("command", [("plan",), ("drift",), ("apply", "--yes")], ids=" ".join)
def test_each_command_that_reads_a_revision_names_it(program, commit, service, command):
    bad = commit(LFS)
    commit()
    ended = program(*command, "--base", bad)
    assert (ended.code, f"{bad[:12]}:{ACME}:1:1" in ended.err, service.saves) == (1, True, [])


def test_all_that_cannot_be_read_is_named(program, commit, write):
    write("tenants/beta.yaml", LFS)
    bad = commit(LFS)
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    commit()
    _, document = program.json("plan", "--base", bad)
    assert [one["place"]["file"] for one in document["findings"]] == [
        f"{bad[:12]}:{ACME}",
        f"{bad[:12]}:schedules/tenants/beta.yaml",
    ]


def test_a_file_that_this_clone_does_not_hold_is_named(program, commit, git, tmp_path):
    first = commit()
    blob = git("rev-parse", f"HEAD:{ACME}")
    commit(TENANT.replace(FIRST, ""))
    (tmp_path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    code, document = program.json("plan", "--base", first)
    assert (code, f"{first[:12]}:{ACME}" in document["errors"][0]["message"]) == (1, True)
    assert "this clone does not hold it" in document["findings"][0]["message"]


@pytest.fixture
def partial(git, commit, tmp_path, monkeypatch):
    """Two commits, and a clone as docs/pipelines.md makes it: all commits, and the files of the newest one alone."""
    first = commit()
    commit(TENANT.replace(FIRST, ""))
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "--quiet", "--filter=blob:none", f"file://{tmp_path}", "partial")
    monkeypatch.chdir(tmp_path / "partial")
    return first


def test_what_a_partial_clone_does_not_hold_is_fetched_for_a_revision_that_is_read(program, service, git, partial):
    service.put("acme", "1", "0 0 2 * * ?")
    for _ in range(2):
        code, plan = program.json("plan", "--base", partial)
        assert (code, verdicts(plan)["1"]) == (0, "orphan")
        git("remote", "set-url", "origin", "file:///nowhere", folder="partial")  # the second time nothing is missing


def test_without_its_remote_a_partial_clone_says_what_to_do(program, git, partial):
    git("remote", "set-url", "origin", "file:///nowhere", folder="partial")
    code, document = program.json("plan", "--base", partial)
    (error,) = document["errors"]
    assert (code, "1 file of " + partial[:12] in error["message"]) == (1, True), document
    assert "which this partial clone does not hold, cannot be fetched: git fetch origin: fatal:" in error["message"]
    assert "see why `git fetch origin` fails here" in error["hint"]


def test_in_a_partial_clone_the_folder_of_then_is_looked_for_too(program, git, partial):
    git("mv", "schedules", "deploy", folder="partial")
    git("commit", "--quiet", "--message", "moved", folder="partial")
    code, document = program.json("plan", "--dir", "deploy", "--base", partial)
    assert (code, "schedules/reconcile.yaml had the workspace test" in document["errors"][0]["message"]) == (1, True)


def test_a_file_whose_object_is_broken_is_named(program, commit, git, tmp_path):
    first = commit()
    blob = git("rev-parse", f"HEAD:{ACME}")
    commit(TENANT.replace(FIRST, ""))
    (tmp_path / ".git/objects" / blob[:2] / blob[2:]).chmod(0o644)
    (tmp_path / ".git/objects" / blob[:2] / blob[2:]).write_bytes(b"garbage")
    code, document = program.json("plan", "--base", first)
    assert (code, f"{first[:12]}:{ACME}" in document["errors"][0]["message"]) == (1, True)


def test_a_submodule_of_a_revision_is_named(program, commit, git, tmp_path):
    (tmp_path / "inner").mkdir()
    git("init", "-q", folder="inner")
    (tmp_path / "inner/beta.yaml").write_text(TENANT.replace("acme", "beta"), encoding="utf-8")
    git("add", "--all", folder="inner")
    git("commit", "-q", "-m", "x", folder="inner")
    git("submodule", "add", "-q", str(tmp_path / "inner"), "schedules/tenants/beta")
    bad = commit()
    git("rm", "-q", "-f", "schedules/tenants/beta")
    commit()
    code, document = program.json("plan", "--base", bad)
    assert (code, f"{bad[:12]}:schedules/tenants/beta" in document["errors"][0]["message"]) == (1, True)


@pytest.mark.parametrize("how", ["missing", "moved"])
def test_a_missing_workspace_file_is_named(program, commit, git, tmp_path, how):
    commit()
    if how == "moved":
        git("mv", "schedules", "crons")
    else:
        git("rm", "-q", "--cached", SETTINGS)
    git("commit", "-q", "-m", "x")
    bad = git("rev-parse", "HEAD")
    if how == "moved":
        git("mv", "crons", "schedules")
    commit()
    code, document = program.json("plan", "--base", bad)
    message = document["errors"][0]["message"]
    assert (code, f"{bad[:12]}:{SETTINGS} is not there" in message) == (1, True)
    assert (f"{bad[:12]}:crons/reconcile.yaml had the workspace test" in message) is (how == "moved")


def test_an_environment_of_another_name_is_an_error(program, commit):
    bad = commit(workspace=WORKSPACE.replace("  test:", "  production:"))
    commit()
    code, document = program.json("plan", "--base", bad)
    message = f"{bad[:12]}:{SETTINGS} has no environment test; it may be production there"
    assert (code, document["errors"][0]["message"]) == (1, message)


def test_a_new_name_beside_the_old_one_is_an_error_where_the_address_is_the_same(program, commit):
    old = commit()
    commit(workspace=WORKSPACE + "  prod:\n    url: {url}\n")
    code, document = program.json("plan", "--env", "prod", "--base", old)
    assert (code, "it may be test there" in document["errors"][0]["message"]) == (1, True)


def test_an_environment_that_was_added_since_declared_nothing(program, commit):
    old = commit()
    commit(workspace=WORKSPACE + "  prod:\n    url: http://127.0.0.1:9\n    timeout: 1s\n")
    assert "no environment" not in program("plan", "--env", "prod", "--base", old).err


def test_what_was_added_since_declared_nothing(program, commit, git, write, tmp_path):
    git("commit", "-q", "--allow-empty", "-m", "x")
    nothing = git("rev-parse", "HEAD")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/reconcile.yaml").write_text('workspace: "test-2"\n', encoding="utf-8")
    git("add", "elsewhere")
    git("commit", "-q", "-m", "x")
    other = git("rev-parse", "HEAD")
    write("reconcile.yaml", WORKSPACE.format(url="http://127.0.0.1:9"))
    git("add", SETTINGS)
    git("commit", "-q", "-m", "x")
    without_tenants = git("rev-parse", "HEAD")
    first = commit()
    write("tenants/beta.yaml", TENANT.replace("acme", "beta"))
    commit()
    for base in (nothing, other, without_tenants, first):
        code, plan = program.json("plan", "--base", base)
        assert (code, plan["summary"]["create"], plan["attention"]) == (0, 6, [])


def test_a_cron_that_was_never_applied_so_hides_nothing_else(program, commit, service):
    service.put("acme", "2", "0 0/30 * * * ?")
    old = commit(TENANT.replace("0 0 2", "0 0 25"))
    commit(TENANT[: TENANT.index('  - code: "2"')])
    code, plan = program.json("plan", "--base", old)
    assert (code, verdicts(plan)) == (0, {"1": "never-applied", "2": "orphan"})


def test_the_status_claims_nothing_of_a_commit_that_cannot_be_read(program, commit, git, tmp_path):
    commit()
    assert program("apply", "--yes").code == 0
    assert program.json("status")[1]["environments"][0]["revision"] == git("rev-parse", "HEAD")
    blob = git("rev-parse", f"HEAD:{ACME}")
    (tmp_path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    code, status = program.json("status")
    assert (code, status["environments"][0]["revision"]) == (0, None)

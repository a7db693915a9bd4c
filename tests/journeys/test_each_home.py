"""What each home remembers: the rows of the table in docs/remembering.md, one journey each, in every home."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.conftest import FIRST, TENANT, rules, verdicts

FEWER = TENANT.replace(FIRST, "")


class Repository:
    """The repository of the program, with a remote. It gives checkouts of other runners."""

    def __init__(self, folder, home):
        self.folder, self._home = folder, home
        self.remote = f"file://{folder / 'remote.git'}"
        if home != "git":  # where the ledger is in Git, there is a remote already
            self.git("init", "--quiet", "--bare", "remote.git")
            self.git("init", "--quiet", "--initial-branch=main")
            self.git("remote", "add", "origin", self.remote)

    def git(self, *arguments, folder="."):
        who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
        command = ["git", *who, *arguments]
        done = subprocess.run(command, cwd=self.folder / folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self):
        """Commit all declarations and push them; return the commit."""
        self.git("add", "--all", "schedules")
        self.git("commit", "--quiet", "--allow-empty", "--message", "x")
        self.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
        return self.git("rev-parse", "HEAD")

    def runner(self, name, commit="HEAD"):
        """Return the folder of the declarations on another runner: a file is shared by work trees, the rest by clones.

        A clone holds the commit that it checks out, and no other.
        """
        commit = self.git("rev-parse", commit)
        if self._home == "file":
            self.git("worktree", "add", "--quiet", "--detach", name, commit)
        else:
            self.git("init", "--quiet", name)
            self.git("remote", "add", "origin", self.remote, folder=name)
            self.git("fetch", "--quiet", "--depth=1", "origin", commit, folder=name)
            self.git("checkout", "--quiet", "--detach", commit, folder=name)
        return str(self.folder / name / "schedules")


@pytest.fixture
def repository(home, setting, program, tmp_path):
    return Repository(tmp_path, home)


@pytest.fixture
def merged(repository, declare, setting):
    """Declare the tenant anew, and commit it."""

    def one(text=TENANT):
        declare(text, more=setting)
        return repository.commit()

    return one


@pytest.fixture
def applied(merged, program):
    """Three schedules were merged and applied."""
    merged()
    assert program("apply", "--yes").code == 0
    return program


def test_jobs_that_the_service_lost_are_not_made_again_by_typing_the_command_twice(applied, repository, service):
    service.jobs.clear()
    other = repository.runner("other")
    for _ in range(2):
        code, run = applied.json("apply", "--yes", "--dir", other)
        assert (code, rules(run)) == (3, ["vanished"] * 3)
    assert len(service.saves) == 3
    assert applied("apply", "--yes", "--recreate", "--dir", other).code == 0
    assert len(service.saves) == 6


def test_the_commit_of_last_applied_need_not_be_readable(applied, merged, repository, service):
    blob = repository.git("rev-parse", "HEAD:schedules/tenants/acme.yaml")
    merged(FEWER)
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    del service.jobs["acme", "2"]
    other = repository.runner("other")
    _, plan = applied.json("plan", "--dir", other)
    assert verdicts(plan) == {"1": "orphan", "2": "vanished"}
    code, run = applied.json("apply", "--yes", "--dir", other)
    assert (code, rules(run), len(service.saves)) == (3, ["vanished"], 3)


def test_what_the_same_commit_declares_elsewhere_is_not_parked(applied, repository, service, tmp_path, write):
    write("tenants/acme.yaml", FEWER)
    write("archive/acme.yaml", "tenant: acme\nschedules:\n" + FIRST)
    repository.commit()
    other = repository.runner("other")
    code, run = applied.json("apply", "--yes", "--park-removed", "--dir", other)
    assert (code, [one["rule"] for one in run["attention"]], len(service.saves)) == (0, ["outside-paths"], 3)
    write("archive/acme.yaml", "tenant: acme\nschedules: []\n")
    repository.commit()
    other = repository.runner("another")
    assert applied("apply", "--yes", "--park-removed", "--dir", other).code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 0 1 1 ? 2099"


def test_what_was_merged_before_does_not_come_back_by_a_late_run(applied, merged, repository, service):
    first = repository.git("rev-parse", "HEAD")
    merged(TENANT.replace("0 0 2 * * ?", "0 0 3 * * ?"))
    assert applied("apply", "--yes").code == 0
    late = repository.runner("late", first)
    for _ in range(2):
        code, run = applied.json("apply", "--yes", "--dir", late)
        assert (code, rules(run), len(service.saves)) == (3, ["older-commit"], 4)
    assert applied("drift", "--dir", repository.runner("nightly")).code == 0
    code, run = applied.json("apply", "--yes", "--allow-older", "--dir", late)
    assert (code, len(service.saves), service.jobs["acme", "1"][0]["cronexpression"]) == (0, 5, "0 0 2 * * ?")
    assert applied("apply", "--yes", "--dir", repository.runner("again", first)).code == 0  # it is the live one now


def test_a_branch_that_was_never_merged_does_not_take_back_what_was(applied, merged, repository, service):
    first = repository.git("rev-parse", "HEAD")
    merged(TENANT.replace("0 0 2 * * ?", "0 0 3 * * ?"))
    assert applied("apply", "--yes").code == 0
    repository.git("checkout", "--quiet", "-b", "branch", first)
    merged(TENANT.replace("0 0 4 * * ?", "0 0 5 * * ?"))
    code, run = applied.json("apply", "--yes", "--dir", repository.runner("other"))
    assert (code, rules(run), len(service.saves)) == (3, ["not-merged"], 4)


@pytest.mark.parametrize("mark", ["assume-unchanged", "skip-worktree"])
def test_what_no_commit_holds_is_not_applied_though_the_index_hides_it(applied, repository, service, write, mark):
    other = repository.runner("other")
    file = "schedules/tenants/acme.yaml"
    repository.git("update-index", f"--{mark}", file, folder="other")
    write("../other/" + file, FEWER + FIRST.replace("0 0 2", "0 0 3"))
    ended = applied("apply", "--yes", "--require-git-clean", "--dir", other)
    assert (ended.code, len(service.saves)) == (3, 3)
    assert "tenants/acme.yaml" in ended.err

"""What each home remembers: the rows of the table in docs/remembering.md, one journey each, in every home."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from reconcile.session import saving
from tests import postgres
from tests.journeys.conftest import FIRST, IN_GIT, TENANT, WORKSPACE, rules, run_ids, verdicts
from tests.journeys.homes import TABLES
from tests.journeys.service import nothing

FEWER = TENANT.replace(FIRST, "")
LATER = TENANT.replace("0 0 2", "0 0 3").replace("0 0/30", "0 0/15").replace("0 0 4", "0 0 5")
GIT_LEDGER = "refs/reconcile/ledger/test/test"


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


def file_removed(repository, _):
    (repository.folder / IN_GIT).unlink()


def another_file_moved_over_it(repository, _):
    for ending in ("-wal", "-shm"):  # else the other file gets what they hold
        (repository.folder / f"{IN_GIT}{ending}").unlink()
    (repository.folder / "earlier.db").replace(repository.folder / IN_GIT)


def rows_deleted(_, url):
    postgres.execute(url, f"TRUNCATE {', '.join(f'reconcile_{table}' for table in TABLES)}")


def tables_dropped(_, url):
    found = postgres.execute(url, "SELECT tablename FROM pg_tables WHERE starts_with(tablename, 'reconcile_')")
    postgres.execute(url, f"DROP TABLE {', '.join(name for (name,) in found)} CASCADE")


def ref_deleted(repository, _):
    repository.git("update-ref", "-d", GIT_LEDGER, folder="remote.git")


def ref_taken_back(repository, _):
    repository.git("update-ref", GIT_LEDGER, "refs/earlier", folder="remote.git")


HARMS = [
    pytest.param(home, harm, id=harm.__name__)
    for home, harms in {
        "file": (file_removed, another_file_moved_over_it),
        "postgresql": (rows_deleted, tables_dropped),
        "git": (ref_deleted, ref_taken_back),
    }.items()
    for harm in harms
]


@pytest.fixture
def harmed(applied, merged, repository, home, setting, service, monkeypatch):
    """Do harm to the ledger during the second save of an apply with three changes, each a wave of its own."""
    if home == "file":
        shutil.copy(repository.folder / IN_GIT, repository.folder / "earlier.db")
    if home == "git":
        repository.git("update-ref", "refs/earlier", GIT_LEDGER, folder="remote.git")
    monkeypatch.setattr(saving, "CHANGES_PER_REQUEST", 1)
    merged(LATER)
    service.saves.clear()

    def one(harm, *arguments):
        def hook(tenant, body):
            if body.get("xw_quartz", {}).get("opttype") == "save" and len(service.saves) == 1:
                service.hook = nothing
                harm(repository, setting.partition('"')[2].rstrip('"\n'))

        service.hook = hook
        return applied("apply", "--yes", "--parallelism", "1", *arguments)

    return one


@pytest.mark.parametrize("home, harm", HARMS, indirect=["home"])
def test_a_ledger_that_goes_away_during_an_apply_ends_it_and_no_report_says_that_the_run_is_recorded(
    harmed, harm, applied, service
):
    ended = harmed(harm)
    assert (ended.code, len(service.saves)) == (4, 2)
    assert "ledger-gone" in ended.out
    assert "Recorded" not in ended.out
    assert "reconcile rollback" not in ended.out


@pytest.mark.parametrize("home, harm", HARMS, indirect=["home"])
def test_after_a_ledger_went_away_nothing_is_saved_until_it_is_rebuilt_and_then_nothing_twice(
    harmed, harm, applied, service
):
    run = harmed(harm, "--format", "json").document
    assert sorted(one["outcome"]["result"] for one in run["changes"]) == ["skipped", "verified", "verified"]
    assert [one["rule"] for one in run["findings"] if one["rule"].startswith("ledger-gone")] == ["ledger-gone"]
    for _ in range(2):
        code, refused = applied.json("apply", "--yes")
        assert (code, rules(refused), len(service.saves)) == (3, ["ledger-behind"], 2)
    assert applied("ledger", "rebuild").code == 0
    for saves in (3, 3):
        assert (applied("apply", "--yes").code, len(service.saves)) == (0, saves)
    assert [len(rows) for rows in service.jobs.values()] == [1, 1, 1]


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_a_fresh_runner_of_a_pipeline_does_not_begin_a_file(applied, repository, service):
    """The other homes are found by every runner."""
    repository.git("clone", "--quiet", "--branch=main", repository.remote, "fresh")
    fresh = str(repository.folder / "fresh" / "schedules")
    for _ in range(2):
        code, refused = applied.json("apply", "--yes", "--dir", fresh, CI="true")
        assert (code, rules(refused), len(service.saves)) == (3, ["no-ledger"], 3)
    hint = refused["errors"][0]["hint"]
    assert [way in hint for way in ("postgresql://", "git", "`reconcile ledger begin`")] == [True] * 3
    assert not (repository.folder / "fresh" / IN_GIT).exists()


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_after_a_change_of_the_home_the_hint_carries_the_ledger_and_no_hold_is_lost(
    applied, merged, declare, repository, service
):
    merged(TENANT.replace("0 0 2", "0 0 3"))
    assert applied("apply", "--yes").code == 0
    assert applied("rollback", run_ids(applied)[0], "--yes").code == 0
    declare(TENANT.replace("0 0 2", "0 0 3"), more="ledger: git\n")
    repository.commit()
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["ledger-behind"])
    assert "reconcile ledger take --from file --env test" in refused["errors"][0]["hint"]
    assert applied("ledger", "accept").code == 1  # nothing is there
    assert applied("ledger", "begin").code == 1
    assert applied("ledger", "take", "--from", "file").code == 0
    assert applied("apply", "--yes").code == 3
    assert service.jobs["acme", "1"][0]["cronexpression"] == "0 0 2 * * ?"


@pytest.mark.parametrize("home", ["git"], indirect=True)
def test_a_renamed_environment_is_told_though_lineage_names_the_ledger(applied, write, service, repository, setting):
    lineage = applied.json("status")[1]["environments"][0]["lineage"]["id"]
    renamed = WORKSPACE.format(url=service.url).replace("  test:\n", "  prod:\n")
    write("reconcile.yaml", f"{renamed}{setting}lineage: {lineage}\n")
    repository.commit()
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["known-elsewhere"])
    assert "reconcile ledger take --from test --env prod" in refused["errors"][0]["hint"]
    code, drift = applied.json("drift")
    assert (code, [one["rule"] for one in drift["findings"]]) == (1, ["known-elsewhere"])
    assert applied("ledger", "take", "--from", "test").code == 0


def test_a_drift_check_without_its_ledger_is_not_green(applied, harm_all, service):
    service.jobs.clear()
    harm_all()
    for _ in range(2):
        assert applied("drift").code in (1, 2)
        assert applied("drift", CI="true").code in (1, 2)


@pytest.fixture
def harm_all(home, repository, setting):
    """Take the ledger away."""

    def one():
        if home == "file":
            (repository.folder / IN_GIT).write_text("garbage", encoding="utf-8")
        elif home == "git":
            repository.git("update-ref", "-d", GIT_LEDGER, folder="remote.git")
        else:
            postgres.empty(setting.split('"')[1])

    return one


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_a_drift_check_of_a_pipeline_that_has_no_ledger_is_not_green(applied, repository, service):
    del service.jobs["acme", "1"]
    repository.git("clone", "--quiet", "--branch=main", repository.remote, "fresh")
    fresh = str(repository.folder / "fresh" / "schedules")
    code, drift = applied.json("drift", "--dir", fresh, CI="true")
    assert (code, [one["rule"] for one in drift["findings"]]) == (1, ["ledger-unreadable"])

"""The order of commits: an apply does not bring back what a newer commit took away, unless it is asked to."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from reconcile.model.change import Change
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from tests.builders import row, schedule
from tests.journeys.conftest import IN_GIT, TENANT, WORKSPACE, rules

REF = "refs/reconcile/applied/test"
LIVE_AT_TWO, LIVE_AT_THREE, LIVE_AT_FIVE = ("0 0 2 * * ?", "0 0 3 * * ?", "0 0 5 * * ?")


@pytest.fixture
def git(tmp_path):
    """Git in the folder of the program, or in another one."""

    def run(*words, folder=tmp_path):
        config = ("-c", "user.name=li", "-c", "user.email=li@example.com", "-c", "init.defaultBranch=main")
        done = subprocess.run(["git", *config, *words], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


@pytest.fixture
def ledger():
    """What the workspace says of its ledger: nothing, so that it is a file."""
    return ""


@pytest.fixture
def commit(write, git, service, ledger):
    """Commit that the first schedule fires at an hour, or other text, and return the commit."""

    def one(hour=2, *, text=None, subject=None):
        write("tenants/acme.yaml", text or TENANT.replace("0 0 2", f"0 0 {hour}"))
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + ledger)
        git("add", "schedules")
        git("commit", "--quiet", "--allow-empty", "--message", subject or f"Begin at {hour}")
        return git("rev-parse", "HEAD")

    return one


@pytest.fixture
def history(program, git, commit):
    """Three commits, each with another hour, of which the newest is applied."""
    git("init", "--quiet")
    commits = [commit(2), commit(3), commit(5)]
    assert program("apply", "--yes").code == 0
    return commits


@pytest.fixture
def killed(ledger_of):
    """Record a run of a commit that was killed as it began to save the first schedule with a cron."""

    def one(revision, cron):
        start = RunStart("r", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x", revision, desired_digest="d")
        before = (row(LIVE_AT_FIVE, job_id="1-0"),)
        with ledger_of(IN_GIT) as ledger, ledger.lock("r", "x", timeout_seconds=0):
            ledger.begin(start).record_intents([Intent(Change(schedule("1", cron), None, before))])

    return one


def live(service):
    return service.jobs["acme", "1"][0]["cronexpression"]


def refused_alike(program, rule, *more):
    """Three times the same refusal, which is returned."""
    found = []
    for _ in range(3):
        code, run = program.json("apply", "--yes", *more)
        assert (code, rules(run)) == (3, [rule])
        found.append(run["refusals"])
    assert found[0] == found[1] == found[2]
    return found[0][0]


class TestOlder:
    def test_the_late_pipeline_of_an_older_commit_is_refused(self, program, history, git, service):
        git("checkout", "--quiet", history[1])
        refusal = refused_alike(program, "older-commit")
        assert refusal["message"] == (
            f'commit {history[1][:12]} "Begin at 3" is older than {history[2][:12]} "Begin at 5", which is live; '
            "1 schedule (acme/1) would go back"
        )
        assert (refusal["override"], live(service)) == ("--allow-older", LIVE_AT_FIVE)
        assert program("plan").code == 0
        git("checkout", "--quiet", "main")
        assert (program("drift").code, program("apply", "--yes").code) == (0, 0)

    def test_last_weeks_job_that_is_run_again_is_refused(self, program, git, commit, service):
        git("init", "--quiet")
        last_week = commit(2)
        assert program("apply", "--yes").code == 0
        commit(3)
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", last_week)
        refused_alike(program, "older-commit")
        assert live(service) == LIVE_AT_THREE

    def test_it_is_refused_also_where_it_would_save_nothing(self, program, git, commit):
        git("init", "--quiet")
        fewer = commit(text=TENANT.partition('  - code: "3"')[0])
        commit(2)
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", fewer)
        assert "1 schedule (acme/3) would go back" in refused_alike(program, "older-commit")["message"]

    def test_it_is_refused_after_a_run_that_was_only_partly_verified(self, program, history, git, commit, service):
        text = TENANT.replace("0 0 2", "0 0 6").replace("0 0 4", "0 0 7")
        commit(text=text)
        service.hook = lambda _, body: (
            (403, b"{}") if body.get("xw_quartz", {}).get("cronexpression") == "0 0 7 * * ?" else None
        )
        assert program("apply", "--yes").code == 4
        service.hook = lambda *_: None
        git("checkout", "--quiet", history[2])
        refused_alike(program, "older-commit")

    def test_a_saved_plan_of_it_is_refused(self, program, history, git, commit, tmp_path):
        git("checkout", "--quiet", history[1])
        assert program("plan", "--out", str(tmp_path / "plan.json")).code == 0
        code, run = program.json("apply", str(tmp_path / "plan.json"), "--yes")
        assert (code, rules(run)) == (3, ["older-commit"])

    def test_a_selection_of_a_newer_commit_makes_that_commit_the_live_one(self, program, history, git, commit):
        commit(text=TENANT.replace("0 0 2", "0 0 6").replace("0 0 4", "0 0 7"))
        assert program("apply", "--yes", "--code", "3").code == 0
        git("checkout", "--quiet", history[2])
        refused_alike(program, "older-commit")
        git("checkout", "--quiet", "main")
        assert program("apply", "--yes").code == 0

    def test_what_differs_from_its_commit_lies_on_top_of_it(self, program, history, git, write, service):
        write("tenants/acme.yaml", TENANT.replace("0 0 2", "0 0 6"))
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", "--force", history[1])
        refused_alike(program, "older-commit")
        git("checkout", "--quiet", "main")
        assert (program("apply", "--yes").code, live(service)) == (0, LIVE_AT_FIVE)

    def test_a_run_that_was_killed_counts_where_its_save_is_live(self, program, history, git, commit, service, killed):
        killed(commit(6), "0 0 6 * * ?")
        service.put("acme", "1", "0 0 6 * * ?")
        git("checkout", "--quiet", history[2])
        refused_alike(program, "older-commit")

    def test_a_run_that_was_killed_before_its_save_does_not_count(self, program, history, git, commit, service, killed):
        killed(commit(6), "0 0 6 * * ?")
        git("checkout", "--quiet", history[2])
        assert [program("apply", "--yes").code for _ in range(3)] == [0, 0, 0]

    def test_a_run_that_was_refused_does_not_make_its_commit_live(self, program, history, git, commit, service):
        service.put("acme", "1", LIVE_AT_FIVE, status="disable")
        commit(6)
        assert program("apply", "--yes").code == 3
        git("checkout", "--quiet", history[2])
        service.put("acme", "1", LIVE_AT_FIVE)
        assert program("apply", "--yes").code == 0


class TestAllowed:
    def test_it_is_lifted_once_and_the_commit_is_then_the_live_one(self, program, history, git, service):
        git("checkout", "--quiet", history[1])
        code, _ = program.json("apply", "--yes", "--allow-older")
        assert (code, live(service)) == (0, LIVE_AT_THREE)
        (newest, *_) = program.json("runs")[1]["runs"]
        assert newest["overrides"] == ["--allow-older"]
        git("checkout", "--quiet", history[0])
        refused_alike(program, "older-commit")
        git("checkout", "--quiet", "main")
        assert (program("apply", "--yes").code, live(service)) == (0, LIVE_AT_FIVE)

    def test_git_revert_needs_no_option(self, program, history, git, service):
        git("revert", "--no-edit", "HEAD")
        assert (program("apply", "--yes").code, live(service)) == (0, LIVE_AT_THREE)
        git("checkout", "--quiet", history[2])
        refused_alike(program, "older-commit")

    def test_a_commit_that_declares_the_same_has_no_order(self, program, history, git, commit, tmp_path):
        (tmp_path / "README").write_text("x")
        git("add", "README")
        git("commit", "--quiet", "--message", "Say more")
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", history[2])
        assert [program("apply", "--yes").code for _ in range(3)] == [0, 0, 0]

    def test_it_brings_back_nothing_of_the_commits_in_between(self, program, git, commit, service):
        git("init", "--quiet")
        good, bad, again = commit(2), commit(3), commit(2, subject="Take that back")
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", good)
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", bad)
        assert again[:12] in refused_alike(program, "older-commit")["message"]
        assert live(service) == LIVE_AT_TWO

    def test_the_same_declarations_as_a_selection_left_them_have_no_order(self, program, history, git, commit):
        git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
        assert program("apply", "--yes", "--code", "1").code == 0
        git("checkout", "--quiet", history[2])
        assert program("apply", "--yes").code == 0

    @pytest.mark.parametrize("words", [["plan"], ["rollback", "x", "--yes"]], ids=["plan", "rollback"])
    def test_a_command_that_does_not_judge_it_does_not_take_the_option(self, program, words):
        done = program(*words, "--allow-older")
        assert (done.code, "--allow-older" in done.err) == (1, True)

    def test_outside_git_nothing_is_judged(self, program, declare):
        assert program("apply", "--yes").code == 0
        declare(TENANT.replace("0 0 2", "0 0 3"))
        assert program("apply", "--yes").code == 0


class TestParted:
    def test_a_branch_that_was_never_merged_is_refused(self, program, history, git, commit, service):
        git("checkout", "--quiet", "-b", "other", history[0])
        commit(7)
        refusal = refused_alike(program, "not-merged")
        assert (refusal["override"], live(service)) == ("--allow-older", LIVE_AT_FIVE)
        git("merge", "--quiet", "--strategy", "ours", "--message", "Merge", "main")
        assert program("apply", "--yes").code == 0

    def test_a_squashed_branch_is_followed_by_what_comes_after_the_squash(self, program, history, git, commit):
        git("checkout", "--quiet", "-b", "other")
        commit(7)
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", "main")
        commit(7, subject="Squashed")
        assert program("apply", "--yes").code == 0
        commit(8)
        assert program("apply", "--yes").code == 0


@pytest.fixture
def origin(git, tmp_path, history):
    """A repository that all commits were pushed to."""
    git("init", "--quiet", "--bare", "origin.git")
    git("config", "uploadpack.allowFilter", "true", folder=tmp_path / "origin.git")
    git("remote", "add", "origin", f"file://{tmp_path}/origin.git")
    git("push", "--quiet", "origin", "main")
    return tmp_path / "origin.git"


@pytest.fixture
def shallow_at(git, tmp_path, origin):
    """Leave one commit and nothing of its history, as a checkout with a depth of 1 does; the ledger stays."""

    def one(commit):
        git("checkout", "--quiet", "--detach", commit)
        for ref in git("for-each-ref", "--format=%(refname)").split():
            git("update-ref", "-d", ref)
        (tmp_path / git("rev-parse", "--git-path", "shallow")).write_text(f"{commit}\n")
        git("reflog", "expire", "--expire=now", "--all")
        git("gc", "--quiet", "--prune=now")
        assert git("rev-list", "--all", "HEAD") == commit

    return one


@pytest.mark.slow
class TestShallow:
    def test_a_clone_of_depth_one_is_deepened_for_a_newer_commit(self, program, history, git, commit, shallow_at):
        newer = commit(6)
        git("push", "--quiet", "origin", "main")
        shallow_at(newer)
        assert program("apply", "--yes").code == 0
        assert git("for-each-ref", "--format=%(refname)") == "refs/reconcile/seen/test/test"  # fetching made none

    def test_a_clone_of_depth_one_is_deepened_for_an_older_commit(self, program, history, shallow_at):
        shallow_at(history[0])
        assert history[2][:12] in refused_alike(program, "older-commit")["message"]

    def test_a_branch_that_was_never_merged_is_told_from_a_shallow_clone(
        self, program, history, git, commit, shallow_at
    ):
        git("checkout", "--quiet", "-b", "other", history[0])
        parted = commit(7)
        git("push", "--quiet", "origin", "other")
        shallow_at(parted)
        refused_alike(program, "not-merged")
        assert git("rev-parse", "--is-shallow-repository") == "false"

    def test_history_is_fetched_only_where_the_order_cannot_be_told_without(self, program, history, git, shallow_at):
        shallow_at(history[2])
        assert program("apply", "--yes").code == 0
        assert git("rev-parse", "--is-shallow-repository") == "true"

    def test_a_shallow_clone_whose_remote_is_gone_is_refused(self, program, history, git, shallow_at, origin):
        shallow_at(history[0])
        origin.rename(origin.with_name("gone.git"))
        refusal = refused_alike(program, "live-unknown")
        assert "this clone is shallow, and origin does not give what is missing" in refusal["message"]
        assert history[2][:12] in refusal["message"]
        assert "git fetch --unshallow origin" in refusal["hint"]
        assert program("apply", "--yes", "--allow-older").code == 0

    def test_a_shallow_clone_without_a_remote_is_refused(self, program, history, git, shallow_at):
        shallow_at(history[0])
        git("remote", "remove", "origin")
        assert "no remote" in refused_alike(program, "live-unknown")["message"]

    def test_a_partial_clone_holds_all_commits(self, program, history, git, commit, origin, tmp_path, monkeypatch):
        git("push", "--quiet", "origin", "main")
        runner = tmp_path / "runner"
        git("clone", "--quiet", "--filter=blob:none", f"file://{origin}", str(runner))
        monkeypatch.chdir(runner)
        assert program("apply", "--yes").code == 0
        git("checkout", "--quiet", history[0], folder=runner)
        refused_alike(program, "older-commit")


@pytest.mark.slow
class TestUnknown:
    def test_a_live_commit_that_was_taken_out_of_the_history_is_unknown(self, program, history, git, commit, origin):
        git("reset", "--quiet", "--hard", history[0])
        commit(7)
        git("push", "--quiet", "--force", "origin", "main")
        for folder in (origin.parent, origin):
            git("reflog", "expire", "--expire=now", "--all", folder=folder)
            git("gc", "--quiet", "--prune=now", folder=folder)
        refusal = refused_alike(program, "live-unknown")
        assert history[2][:12] in refusal["message"]
        assert "1 schedule (acme/1) would differ from last applied" in refusal["message"]
        assert program("apply", "--yes", "--allow-older").code == 0
        commit(8)
        assert program("apply", "--yes").code == 0

    def test_a_history_that_was_written_anew_and_declares_the_same_has_no_order(self, program, history, git, origin):
        git("commit", "--quiet", "--amend", "--message", "Say it better")
        git("push", "--quiet", "--force", "origin", "main")
        for folder in (origin.parent, origin):
            git("reflog", "expire", "--expire=now", "--all", folder=folder)
            git("gc", "--quiet", "--prune=now", folder=folder)
        assert [program("apply", "--yes").code for _ in range(3)] == [0, 0, 0]

    def test_a_live_commit_that_was_never_fetched_is_fetched(self, program, history, git, commit, origin, tmp_path):
        commit(6)
        git("push", "--quiet", "origin", "main")
        assert program("apply", "--yes").code == 0
        git("reset", "--quiet", "--hard", history[2])
        git("update-ref", "-d", "refs/remotes/origin/main")
        git("reflog", "expire", "--expire=now", "--all")
        git("gc", "--quiet", "--prune=now")
        refused_alike(program, "older-commit")


@pytest.mark.slow
class TestLedgerInGit:
    @pytest.fixture
    def ledger(self, git, tmp_path):
        git("init", "--quiet")
        git("init", "--quiet", "--bare", "origin.git")
        git("remote", "add", "origin", f"file://{tmp_path}/origin.git")
        return "ledger: git\n"

    def test_another_clone_is_refused_the_older_commit(self, program, history, git, service, tmp_path):
        git("push", "--quiet", "origin", "main")
        git("clone", "--quiet", f"file://{tmp_path}/origin.git", "other")
        git("checkout", "--quiet", history[1], folder=tmp_path / "other")
        there = ("--dir", str(tmp_path / "other" / "schedules"))
        refused_alike(program, "older-commit", *there)
        assert program("apply", "--yes", "--allow-older", *there).code == 0
        assert (program("apply", "--yes").code, live(service)) == (0, LIVE_AT_FIVE)


class TestWithoutLedger:
    @pytest.fixture
    def ledger(self):
        return "ledger: none\n"

    def test_nothing_is_judged(self, program, history, git):
        git("checkout", "--quiet", history[1])
        assert program("apply", "--yes").code == 0


@pytest.mark.slow
class TestTakenOver:
    """No run of this ledger applied anything yet: the ref of an older reconcile says which commit is live."""

    @pytest.fixture
    def history(self, git, commit, service):
        git("init", "--quiet")
        commits = [commit(2), commit(3), commit(5)]
        for code, cron in (("1", LIVE_AT_FIVE), ("2", "0 0/30 * * * ?"), ("3", "0 0 4 * * ?")):
            service.put("acme", code, cron)
        git("update-ref", REF, commits[2])
        return commits

    def test_an_older_commit_is_refused_also_once_it_is_taken_over(self, program, history, git, service):
        git("checkout", "--quiet", history[1])
        refused_alike(program, "older-commit")
        git("update-ref", "-d", REF)
        refused_alike(program, "older-commit")
        git("checkout", "--quiet", "main")
        assert (program("apply", "--yes").code, live(service)) == (0, LIVE_AT_FIVE)

"""`ledger take`: a ledger is carried to another home, environment name, workspace or folder, and is then one memory."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from reconcile.ledger import carry
from reconcile.ledger.address import ledger_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from tests import postgres
from tests.builders import HOURLY, NIGHTLY, row, schedule
from tests.journeys.conftest import CLOCK, FIRST, IN_GIT, TENANT, rules, run_ids, verdicts
from tests.journeys.homes import HOMES

ELSEWHERE = ["postgresql", pytest.param("git", marks=pytest.mark.slow)]
BAD = TENANT.replace("0 0 2 * * ?", "0 0 3 * * ?")


def git(folder, *arguments):
    who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path, program):
    """A repository with a remote, in which the declarations are committed."""
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "remote", "add", "origin", f"file://{tmp_path / 'remote.git'}")
    git(tmp_path, "add", "schedules")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    return tmp_path / "remote.git"


@pytest.fixture
def setting(request, remote):
    """Gives the setting `ledger` of each home, and an address for --from that names it."""

    def one(home):
        if home == "postgresql":
            return request.getfixturevalue("database")
        return home

    return one


@pytest.fixture
def database(server):
    with postgres.database(server) as url:
        yield url


def remember_everything(program, service, declare, more):
    """Make a ledger with a hold, a vanished job and two runs; and return the ids of its runs."""
    declare(TENANT, more=more)
    assert program("apply", "--yes").code == 0
    declare(BAD, more=more)
    assert program("apply", "--yes").code == 0
    runs = run_ids(program)
    assert program("rollback", runs[0], "--yes").code == 0
    del service.jobs["acme", "3"]
    return run_ids(program)


def status_of(program):
    return program.json("status")[1]["environments"][0]


def knows_everything(program, runs, parent):
    """Whether the ledger of *program* is the one of these *runs*, carried here once."""
    status = status_of(program)
    assert [(one["code"], one["run"]) for one in status["holds"]] == [("1", runs[0])]
    assert status["keys"] == 3
    listed = program.json("runs")[1]["runs"]
    assert [one["run"] for one in listed[1:]] == runs
    assert (listed[0]["kind"], listed[0]["serial"]) == ("take", parent["serial"] + 1)
    lineage = status["lineage"]
    assert lineage["id"] != parent["id"]
    assert lineage["parents"] == [f"{parent['id']}@{parent['serial']}"]
    assert verdicts(program.json("plan")[1])["3"] == "vanished"


@pytest.mark.parametrize(
    "old, new",
    [
        ("file", "postgresql"),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (("file", "git"), ("git", "file"), ("git", "postgresql"), ("postgresql", "git"))
        ),
    ],
)
def test_a_ledger_is_carried_to_another_home_with_all_that_it_holds(program, service, declare, setting, old, new):
    runs = remember_everything(program, service, declare, f"ledger: {setting(old)}\n")
    parent = status_of(program)["lineage"]
    declare(BAD, more=f"ledger: {setting(new)}\n")
    code, said = program.json("ledger", "take", "--from", setting(old))
    assert (code, said["action"]) == (0, "take")
    assert said["message"].startswith("Took the ledger ")
    assert "4 runs, 3 schedules, 1 hold." in said["message"]
    assert [one["rule"] for one in said["findings"]] == (["ledger-lineage"] if new == "git" else [])
    knows_everything(program, runs, parent)
    saves = len(service.saves)
    for _ in range(2):
        code, again = program.json("ledger", "take", "--from", setting(old))
        assert (code, again["message"].partition(":")[0]) == (0, "Already taken")
        assert [one["rule"] for one in again["findings"]] == (["ledger-lineage"] if new == "git" else [])
    knows_everything(program, runs, parent)
    assert program("apply", "--yes").code == 3  # the held one, and the vanished one
    assert len(service.saves) == saves


@pytest.mark.parametrize("home", HOMES)
def test_a_ledger_that_was_taken_is_used_no_more_and_says_where_it_went(program, service, declare, setting, home):
    other = "git" if home == "file" else "file"
    remember_everything(program, service, declare, f"ledger: {setting(home)}\n")
    declare(BAD, more=f"ledger: {setting(other)}\n")
    assert program("ledger", "take", "--from", setting(home)).code == 0
    declare(BAD.replace(FIRST, ""), more=f"ledger: {setting(home)}\n")
    service.saves.clear()
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    assert "is not used any more: it was taken to " in refused["errors"][0]["message"]
    assert "environment test of workspace test" in refused["errors"][0]["message"]
    for command in (["release", "acme/1"], ["unlock", "x"], ["runs"], ["ledger", "rebuild"]):
        ended = program(*command)
        assert (ended.code, "was taken to" in ended.err) == (1, True), command
    _, plan = program.json("plan")
    assert "was taken to" in {one["rule"]: one["message"] for one in plan["findings"]}["ledger-unreadable"]


@pytest.mark.slow
@pytest.mark.parametrize("home", HOMES)
def test_a_ledger_is_taken_back_with_what_was_recorded_since(program, service, declare, setting, home):
    other = "git" if home == "file" else "file"
    declare(more=f"ledger: {setting(home)}\n")
    assert program("apply", "--yes").code == 0
    declare(more=f"ledger: {setting(other)}\n")
    assert program("ledger", "take", "--from", setting(home)).code == 0
    declare(BAD, more=f"ledger: {setting(other)}\n")
    assert program("apply", "--yes").code == 0
    runs, between = run_ids(program), status_of(program)["lineage"]
    declare(BAD, more=f"ledger: {setting(home)}\n")
    assert program("ledger", "take", "--from", setting(other)).code == 0
    assert run_ids(program)[1:] == runs
    assert status_of(program)["lineage"]["parents"] == [f"{between['id']}@{between['serial']}", *between["parents"]]
    assert program("apply", "--yes").code == 0


@pytest.mark.parametrize("home", HOMES)
def test_a_ledger_that_was_taken_there_and_back_is_the_one_that_was_seen(program, declare, setting, home):
    """No run was in between: what this repository has seen is the lineage before both."""
    other = "git" if home == "file" else "file"
    declare(more=f"ledger: {setting(home)}\n")
    assert program("apply", "--yes").code == 0
    for at, old in ((other, home), (home, other)):
        declare(more=f"ledger: {setting(at)}\n")
        assert program("ledger", "take", "--from", setting(old)).code == 0
    assert program("apply", "--yes").code == 0
    assert "nothing was to be done" in program.json("ledger", "accept")[1]["message"]


def renamed(service, more, *, workspace="test", environment="production"):
    return (
        f'format_version: "1"\nworkspace: {workspace}\nenvironments:\n  {environment}:\n    url: {service.url}\n'
        f"    timeout: 60s\n    service:\n      save: upsert\n{more}"
    )


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("what", ["environment", "workspace"])
def test_a_ledger_follows_a_renamed_environment_or_workspace(program, service, declare, write, setting, home, what):
    more = f"ledger: {setting(home)}\n"
    runs = remember_everything(program, service, declare, more)
    parent = status_of(program)["lineage"]
    if what == "environment":
        write("reconcile.yaml", renamed(service, more))
        words = ("--from", "test")
    else:
        write("reconcile.yaml", renamed(service, more, workspace="shop", environment="test"))
        words = ("--from-workspace", "test")
    assert verdicts(program.json("plan")[1])["3"] == "never-applied"  # nothing is known yet
    for began in ("Took the ledger", "Already taken", "Already taken"):
        code, said = program.json("ledger", "take", *words)
        assert (code, said["message"].startswith(began)) == (0, True), said
    knows_everything(program, runs, parent)
    declare(TENANT, more=more)
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["no-ledger"])
    assert "it was taken to" in refused["errors"][0]["message"]


@pytest.mark.parametrize("is_in_git", [True, False], ids=["another-clone", "outside-git"])
def test_a_folder_that_moved_takes_the_file_that_it_left(program, service, declare, tmp_path, is_in_git, monkeypatch):
    if is_in_git:
        git(tmp_path, "init", "--quiet")
    runs = remember_everything(program, service, declare, "")
    parent = status_of(program)["lineage"]
    new = tmp_path.parent / f"{tmp_path.name}-moved"
    new.mkdir()
    (tmp_path / "schedules").rename(new / "schedules")
    if is_in_git:
        git(new, "init", "--quiet")
    monkeypatch.chdir(new)
    old = tmp_path / (IN_GIT if is_in_git else ".reconcile/test/ledger.db")
    assert program("ledger", "take", "--from", str(old)).code == 0
    knows_everything(program, runs, parent)
    shutil.rmtree(new)


@pytest.mark.parametrize("home", ELSEWHERE)
def test_a_folder_that_moved_keeps_a_ledger_that_is_no_file(program, service, declare, tmp_path, setting, home):
    runs = remember_everything(program, service, declare, f"ledger: {setting(home)}\n")
    (tmp_path / "deploy").mkdir()
    (tmp_path / "schedules").rename(tmp_path / "deploy" / "schedules")
    _, listed = program.json("runs", "--dir", "deploy/schedules")
    assert [one["run"] for one in listed["runs"]] == runs
    ended = program("ledger", "take", "--from", setting(home), "--dir", "deploy/schedules")
    assert (ended.code, "names the ledger of test itself" in ended.err) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("new", ELSEWHERE)
def test_a_save_in_doubt_is_settled_from_the_new_place(program, service, declare, tmp_path, setting, new):
    declare(more="ledger: file\n")
    assert program("apply", "--yes").code == 0
    address = ledger_address("file", tmp_path / IN_GIT, {})
    with open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False) as ledger:
        start = RunStart("20260101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
        with ledger.lock(start.id, "x", timeout_seconds=0):
            entry = ledger.begin(start)
            change = Change(schedule("1", HOURLY, tenant="acme"), None, (row(NIGHTLY),))
            entry.record_intents([Intent(change)])
        assert [record.key for _, record in ledger.open_changes()] == [Key("acme", "1")]
    declare(more=f"ledger: {setting(new)}\n")
    _, said = program.json("ledger", "take", "--from", "file")
    assert "1 save in doubt" in said["message"]
    assert [(one["run"], one["code"]) for one in status_of(program)["open"]] == [(start.id, "1")]
    program("apply", "--yes")
    assert status_of(program)["open"] == []


def test_where_something_is_already_nothing_is_put_over_it(program, service, declare, setting):
    remember_everything(program, service, declare, "")
    declare(more="ledger: git\n")
    assert program("ledger", "rebuild").code == 0
    runs = run_ids(program)
    ended = program("ledger", "take", "--from", "file")
    assert ended.code == 1
    assert "holds 1 run, 2 schedules already" in ended.err
    assert "nothing is put over it" in ended.err
    assert run_ids(program) == runs
    declare(more="")
    assert program("runs").code == 0  # the old one is as it was


@pytest.mark.parametrize(
    "words, said",
    [
        pytest.param([], "--from names 0 addresses and 0 environments", id="nothing"),
        pytest.param(["--from", "a", "--from", "b"], "--from names 0 addresses and 2 environments", id="two-names"),
        pytest.param(["--from", "file"], "--from names the ledger of test itself", id="itself"),
        pytest.param(["--from", "./none.db"], "there is no ledger none.db", id="no-file"),
        pytest.param(["--from", "none"], "--from none names no ledger", id="none"),
        pytest.param(["--from", "git+%"], "--from names no Git remote", id="no-remote"),
        pytest.param(["--from", "sqlite:///x.db"], "--from names a SQLite file by its path", id="sqlite-url"),
        pytest.param(
            ["--from", "postgresql://${GEHEIM}@h/d"],
            "GEHEIM, which --from needs, is not set",
            id="unset-variable",
        ),
        pytest.param(["--from", "staging"], "holds nothing of environment staging", id="unknown-environment"),
        pytest.param(["--from-workspace", "shop"], "there is no ledger .git/reconcile/shop/ledger.db", id="no-such"),
    ],
)
def test_what_names_no_ledger_is_an_error_that_says_so(program, remote, declare, words, said):
    declare(more="")
    assert program("apply", "--yes").code == 0
    ended = program("ledger", "take", *words)
    assert (ended.code, said in ended.err) == (1, True), ended.err


def test_there_is_nothing_to_take_a_ledger_to_where_none_is_kept(program, remote, declare):
    declare(more="ledger: none\n")
    for former in ("git", "staging"):
        ended = program("ledger", "take", "--from", former)
        assert (ended.code, "ledger in reconcile.yaml is none" in ended.err) == (1, True), ended.err


@pytest.mark.parametrize(
    "words", [["--from", "staging"], ["--from-workspace", "shop"], ["--from", "./none.db"], ["--from", "git"]]
)
def test_a_take_of_nothing_makes_no_file_that_a_pipeline_would_begin(program, service, remote, declare, words):
    declare(more="")
    assert program("ledger", "take", *words, CI="true").code == 1
    assert program("apply", "--yes", CI="true").code == 3
    assert service.saves == []


def test_an_accept_of_nothing_makes_no_file_that_a_pipeline_would_begin(program, service, declare):
    declare(more="")
    assert program("ledger", "accept", CI="true").code == 1
    assert program("apply", "--yes", CI="true").code == 3
    assert service.saves == []


def test_the_ledger_of_an_environment_that_is_declared_is_its_own(program, service, write, remote):
    both = renamed(service, "").replace("environments:\n", f"environments:\n  test:\n    url: {service.url}\n")
    write("reconcile.yaml", both)
    assert program("apply", "--yes", "--env", "test").code == 0
    ended = program("ledger", "take", "--env", "production", "--from", "test")
    assert (ended.code, "environment test is declared: its ledger is its own" in ended.err) == (1, True)


def test_no_secret_of_an_address_is_shown(program, declare, remote):
    declare(more="")
    address = "postgresql://u:${GEHEIM}@127.0.0.1:1/d"
    trusted = {"GEHEIM": "hunter2", "RECONCILE_TRUSTED_HOSTS": "127.0.0.1"}
    for words in ((), ("--format", "json"), ("-vv",)):
        ended = program("ledger", "take", "--from", address, *words, **trusted)
        assert ended.code == 1
        assert "hunter2" not in ended.out + ended.err
    ended = program("ledger", "take", "--from", address, GEHEIM="hunter2", RECONCILE_TRUSTED_HOSTS="db.example.com")
    assert (ended.code, "RECONCILE_TRUSTED_HOSTS" in ended.err) == (1, True)


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_ledger_that_a_run_is_using_is_not_taken(program, declare, database, remote, side):
    declare(more="ledger: file\n" if side == "old" else f"ledger: {database}\n")
    assert program("apply", "--yes").code == 0
    old, new = ("file", database) if side == "old" else (database, "file")
    address = ledger_address("file", remote.parent / IN_GIT, {})
    declare(more=f"ledger: {new}\n")
    with (
        open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=True) as ledger,
        ledger.lock("run-1", "wang", timeout_seconds=0),
    ):
        code, refused = program.json("ledger", "take", "--from", old)
        assert (code, rules(refused)) == (3, ["locked"])
    assert program("ledger", "take", "--from", old).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("new", ELSEWHERE)
def test_what_broke_off_after_the_note_is_completed_by_the_same_command(
    program, service, declare, setting, new, monkeypatch
):
    runs = remember_everything(program, service, declare, "ledger: file\n")
    parent = status_of(program)["lineage"]
    declare(BAD, more=f"ledger: {setting(new)}\n")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(carry, "put", killed)
        assert program("ledger", "take", "--from", "file").code != 0
    declare(BAD, more="ledger: file\n")
    assert program.json("apply", "--yes")[0] == 3  # it is not used any more
    declare(BAD, more=f"ledger: {setting(new)}\n")
    assert program("ledger", "take", "--from", "file").code == 0
    knows_everything(program, runs, parent)

"""Since when a drift check has found a key so: it is remembered in each home, best effort, and no lock hangs on it."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from reconcile.ledger import database
from reconcile.ledger.address import file_address, ledger_address
from tests import postgres
from tests.journeys.conftest import CLOCK, LEDGER, begin_at
from tests.ledger.conftest import open_at

FIRST_NIGHT = datetime(2026, 11, 27, 18, 0, 5, 250_000, tzinfo=UTC)
NIGHTS = [f"2026-11-{day}T18:00:05Z" for day in (27, 28, 29)]
NINE = "0 0 9 * * ?"
LEDGER_REF, OBSERVED_REF = (f"refs/reconcile/{kind}/test/test" for kind in ("ledger", "observed"))


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def night(monkeypatch):
    """Let what begins from now on begin in a night; a run that writes the ledger has its own clock."""

    return lambda number: begin_at(monkeypatch, lambda *_: FIRST_NIGHT + timedelta(days=number))


@pytest.fixture
def applied(at_home):
    program, _ = at_home
    assert program("apply", "--yes").code == 0
    return program


@pytest.fixture
def ledger_is(home, setting, tmp_path):
    """Return what the ledger holds, but for what drift checks noted."""

    def one():
        if home == "git":
            return git(tmp_path / "remote.git", "rev-parse", LEDGER_REF)
        tables = [f"reconcile_{name}" for name in ("runs", "changes", "applied", "holds", "ledgers")]
        if home == "postgresql":
            return [postgres.execute(setting.split('"')[1], f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]
        with contextlib.closing(sqlite3.connect(tmp_path / LEDGER)) as connection:
            return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]

    return one


@pytest.fixture
def noted(home, setting, tmp_path):
    """Return what is noted, as it is written."""

    def one():
        columns = "SELECT code, verdict, live, first_seen FROM reconcile_observed ORDER BY code"
        if home == "git":
            found = git(tmp_path / "remote.git", "for-each-ref", "--format=%(objectname)", OBSERVED_REF)
            return found and [found, git(tmp_path / "remote.git", "cat-file", "blob", f"{found}:observed.ndjson")]
        if home == "postgresql":
            return postgres.execute(setting.split('"')[1], columns)
        with contextlib.closing(sqlite3.connect(tmp_path / LEDGER)) as connection:
            return connection.execute(columns).fetchall()

    return one


def seen(program, *words, code=2):
    ended, drift = program.json("drift", *words)
    assert ended == code
    return {one["code"]: one["first_seen"] for one in drift["keys"]}


def test_a_check_shows_since_when_each_key_has_been_so_until_that_changes(applied, service, night, ledger_is):
    before = ledger_is()
    assert seen(applied, code=0) == {}
    service.put("acme", "1", NINE)
    night(0)
    assert seen(applied) == {"1": NIGHTS[0]}
    night(1)
    service.put("acme", "1", "0 0 9 ? * * *")  # the same fires
    del service.jobs["acme", "2"]
    assert seen(applied) == {"1": NIGHTS[0], "2": NIGHTS[1]}
    assert "first seen 2026-11-27 18:00+00:00" in applied("drift").out
    night(2)
    service.put("acme", "1", "0 0 10 * * ?")
    assert seen(applied) == {"1": NIGHTS[2], "2": NIGHTS[1]}
    service.put("acme", "1", "0 0 2 * * ?")
    assert seen(applied) == {"2": NIGHTS[1]}
    service.put("acme", "1", NINE)
    assert seen(applied) == {"1": NIGHTS[2], "2": NIGHTS[1]}
    assert ledger_is() == before


def test_a_check_that_is_repeated_writes_nothing_and_neither_does_what_is_no_drift_check(
    applied, service, night, noted
):
    assert seen(applied, code=0) == {}
    assert not noted()  # in Git there is no ref
    service.put("acme", "1", NINE)
    for words in (["plan"], ["status"], ["runs"]):
        assert applied(*words).code == 0
    assert not noted()
    night(0)
    assert seen(applied) == {"1": NIGHTS[0]}
    once = noted()
    night(1)
    for words in (["plan"], ["status"], ["drift"], ["drift"], ["drift", "--code", "3"]):
        applied(*words)
    assert noted() == once


def test_a_selection_says_nothing_of_what_it_left_out(applied, service, night):
    service.put("acme", "1", NINE)
    service.put("acme", "2", NINE)
    night(0)
    assert seen(applied) == {"1": NIGHTS[0], "2": NIGHTS[0]}
    night(1)
    service.put("acme", "1", "0 0 2 * * ?")
    service.put("acme", "2", "0 0/30 * * * ?")
    assert seen(applied, "--code", "1", code=0) == {}
    service.put("acme", "1", NINE)
    service.put("acme", "2", NINE)
    assert seen(applied) == {"1": NIGHTS[1], "2": NIGHTS[0]}


def test_a_run_that_holds_the_lock_hinders_no_check_and_keeps_it(applied, home, setting, service, night, tmp_path):
    named = f"git+file://{tmp_path / 'remote.git'}" if home == "git" else setting.partition(": ")[2].strip().strip('"')
    address = file_address(tmp_path / LEDGER) if home == "file" else ledger_address(named, tmp_path / LEDGER, {})
    ledger = open_at(address, workspace="test", environment="test", clock=CLOCK)
    service.put("acme", "1", NINE)
    night(0)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0):
        ledger.secure()
        assert seen(applied) == {"1": NIGHTS[0]}
        assert applied.json("status")[1]["environments"][0]["lock"]["run"] == "20260101T000000Z-aaaaaa"
        with ledger.step("still held"):
            pass
    night(1)
    assert seen(applied) == {"1": NIGHTS[0]}


def test_without_a_ledger_nothing_is_begun_and_nothing_said(at_home, home, service, noted, tmp_path):
    program, _ = at_home
    service.put("acme", "1", NINE)
    assert seen(program)["1"] is None
    if home == "file":
        assert not (tmp_path / LEDGER).exists()
    elif home == "git":
        assert not noted()
    else:
        with pytest.raises(Exception, match="does not exist"):
            noted()


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_a_ledger_that_another_program_keeps_busy_is_not_waited_for(applied, service, night, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BRIEF_SECONDS", 0)
    service.put("acme", "1", NINE)
    night(0)
    with contextlib.closing(sqlite3.connect(tmp_path / LEDGER, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert seen(applied) == {"1": None}
        said = applied("drift", "-v")
        assert "what this check saw could not be noted: the ledger" in said.err
        assert applied("drift").err == ""
    assert seen(applied) == {"1": NIGHTS[0]}


@pytest.mark.parametrize("damage", ["DROP TABLE reconcile_observed", "UPDATE reconcile_observed SET live = '[7]'"])
@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_notes_that_cannot_be_read_change_nothing_else(applied, service, tmp_path, damage):
    service.put("acme", "1", NINE)
    assert seen(applied)["1"]
    with contextlib.closing(sqlite3.connect(tmp_path / LEDGER)) as other, other:
        other.execute(damage)
    for _ in range(2):
        code, drift = applied.json("drift")
        assert (code, drift["keys"][0]["first_seen"], drift["findings"]) == (2, None, [])


@pytest.mark.parametrize("home", ["none"], indirect=True)
def test_where_no_ledger_is_kept_nothing_is_remembered(at_home, service, tmp_path):
    program, _ = at_home
    service.put("acme", "1", NINE)
    assert [seen(program)["1"] for _ in range(2)] == [None, None]
    assert not (tmp_path / ".reconcile").exists()


REFUSES = 'case $1 in refs/reconcile/observed/*) echo "no $1 here" >&2; exit 1;; esac'


@pytest.mark.slow
@pytest.mark.parametrize("home", ["git"], indirect=True)
def test_a_remote_that_refuses_the_ref_changes_nothing_else(applied, service, night, noted, ledger_is, tmp_path):
    hook = tmp_path / "remote.git" / "hooks" / "update"
    hook.write_text(f"#!/bin/sh\n{REFUSES}\n", encoding="utf-8")
    hook.chmod(0o755)
    service.put("acme", "1", NINE)
    before = ledger_is()
    ended = applied("drift", "-v")
    assert (ended.code, "could not be noted: " in ended.err, f"no {OBSERVED_REF} here" in ended.err) == (2, True, True)
    assert (seen(applied), applied("drift").err, noted(), ledger_is()) == ({"1": None}, "", "", before)
    hook.unlink()
    night(0)
    assert seen(applied) == {"1": NIGHTS[0]}
    hook.write_text(f"#!/bin/sh\n{REFUSES}\n", encoding="utf-8")
    hook.chmod(0o755)
    night(1)
    del service.jobs["acme", "2"]
    assert seen(applied) == {"1": NIGHTS[0], "2": None}  # what was noted is known still


@pytest.mark.slow
@pytest.mark.parametrize("home", ["git"], indirect=True)
def test_the_ref_does_not_grow(applied, service, night, tmp_path, noted):
    for number, cron in enumerate((NINE, "0 0 10 * * ?", "0 0 2 * * ?")):
        service.put("acme", "1", cron)
        night(number)
        assert seen(applied, code=0 if number == 2 else 2) == ({} if number == 2 else {"1": NIGHTS[number]})
        assert git(tmp_path / "remote.git", "rev-list", "--count", OBSERVED_REF) == "1"
    assert noted()[1] == ""


@pytest.mark.slow
@pytest.mark.parametrize("home", ["git"], indirect=True)
def test_a_ref_that_holds_something_else_is_left_alone(applied, service, noted, tmp_path):
    remote = tmp_path / "remote.git"
    git(remote, "update-ref", OBSERVED_REF, LEDGER_REF)
    before = git(remote, "rev-parse", OBSERVED_REF)
    service.put("acme", "1", NINE)
    assert seen(applied) == {"1": None}
    assert "holds what no drift check writes" in applied("drift", "-v").err
    assert git(remote, "rev-parse", OBSERVED_REF) == before


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_a_person_reads_the_instant_on_the_clocks_of_the_environment(applied, declare, service, night):
    service.put("acme", "1", NINE)
    night(0)
    declare(more="    timezone: Asia/Shanghai\n")
    assert "first seen 2026-11-28 02:00+08:00" in applied("drift").out
    assert seen(applied) == {"1": NIGHTS[0]}

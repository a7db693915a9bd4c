"""The `-wal` that a killed run left belongs to one file: under another one it is an error, and nothing is mixed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reconcile.errors import LedgerError
from reconcile.ledger.address import file_address
from reconcile.ledger.readable_file import readable_file
from reconcile.ledger.tied_wal import refuse_mixture, tie
from tests.builders import HOURLY
from tests.ledger.run_builders import applied, end, run_in
from tests.ledger.test_open_ledger import opening

WITH = ("", "-wal", "-shm")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "here" / "ledger.db"


def whole_run(path, number):
    with opening(file_address(path)) as ledger, run_in(ledger, f"r{number}") as entry:
        entry.record_applied(applied(str(number)))
        end(entry)


def killed_run(path, number):
    """Leave what a run leaves that is killed once it has given its lock back."""
    left = path.parent.with_name(f"left-{number}")
    with opening(file_address(path)) as ledger:
        with run_in(ledger, f"r{number}") as entry:
            entry.record_applied(applied(str(number)))
            end(entry)
        shutil.copytree(path.parent, left)
    shutil.rmtree(path.parent)
    left.rename(path.parent)


def known(path):
    with opening(file_address(path), create=False) as ledger:
        return {one.code for one in ledger.last_applied()}


def kept(path, name):
    """Keep a copy of the file at *path*, and return it."""
    return shutil.copy(path, path.parent.with_name(f"{name}.db"))


def test_a_file_into_which_its_wal_was_put_in_part_only_is_read(path, tmp_path):
    killed_run(path, 0)
    shutil.copytree(path.parent, tmp_path / "whole")
    with contextlib.closing(sqlite3.connect(tmp_path / "whole" / "ledger.db")) as connection:
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # As a kill or a full disk leaves it: the first page is new, and says how many there are.
    path.write_bytes((tmp_path / "whole" / "ledger.db").read_bytes()[:page])
    assert known(path) == {"0"}
    killed_run(path, 1)
    assert known(path) == {"0", "1"}


def test_what_killed_runs_left_is_read_however_often_one_is_killed(path):
    for number in range(9):
        (whole_run if number in (3, 6) else killed_run)(path, number)
        assert known(path) == {str(each) for each in range(number + 1)}
        with opening(file_address(path)) as one, opening(file_address(path)) as other:
            assert one.last_applied() == other.last_applied()


@pytest.mark.parametrize("which", ["older", "much-older", "newer"])
def test_another_file_put_under_it_is_an_error_as_often_as_it_is_opened(path, which):
    whole_run(path, 1)
    much_older = kept(path, "much-older")
    whole_run(path, 2)
    older = kept(path, "older")
    whole_run(path, 3)
    killed_run(path, 4)
    beside = [path.with_name(path.name + ending) for ending in WITH[1:]]
    left = {each: each.read_bytes() for each in beside}
    for number in (5, 6):
        whole_run(path, number)
    newer = kept(path, "newer")
    for each, content in left.items():
        each.write_bytes(content)
    shutil.copy({"older": older, "much-older": much_older, "newer": newer}[which], path)
    for _ in range(2):
        with pytest.raises(LedgerError, match="-wal beside it holds changes to another file"):
            known(path)
        with pytest.raises(LedgerError, match="cannot be believed"):
            whole_run(path, 7)
    for each in beside:
        each.unlink()
    assert known(path) == {str(each) for each in range(1, {"older": 3, "much-older": 2, "newer": 7}[which])}


def test_a_backup_whose_pages_lie_elsewhere_is_not_mixed_with_it(path):
    for number in range(9):
        whole_run(path, number)
    backup = path.with_name("backup.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(backup)])
    killed_run(path, 9)
    content = (path.parent / "backup.db").read_bytes()
    shutil.copy(backup, path)
    with pytest.raises(LedgerError, match="changes to another file"):
        known(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("how", ["VACUUM", "CREATE TABLE of_another_program (id)", "REINDEX"])
def test_what_a_person_did_to_the_file_with_sqlite_is_no_mixture(path, how):
    whole_run(path, 1)
    for number in (2, 3):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(how.replace("program", f"program_{number}"))
        killed_run(path, number)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(how)
    assert known(path) == {"1", "2", "3"}


def test_who_may_only_read_is_told_too(path, monkeypatch):
    whole_run(path, 1)
    older = kept(path, "older")
    whole_run(path, 2)
    killed_run(path, 3)
    shutil.copy(older, path)
    monkeypatch.setattr("reconcile.ledger.readable_file.may_write", lambda _: False)
    with pytest.raises(LedgerError, match="changes to another file"), readable_file(file_address(path)):
        pass


def test_the_file_that_it_belongs_to_may_be_put_back(path):
    whole_run(path, 1)
    older = kept(path, "older")
    killed_run(path, 2)
    shutil.copy(older, path)  # as it was when that run began
    assert known(path) == {"1", "2"}


def test_a_run_of_many_writes_leaves_a_wal_that_is_tied_to_the_file(path):
    """SQLite puts it into the file on the way, and begins it anew."""
    whole_run(path, 1)
    older = kept(path, "older")
    left = path.parent.with_name("left") / path.name
    with opening(file_address(path)) as ledger, run_in(ledger, "r2") as entry:
        entry.record_applied(applied("2"))
        with contextlib.closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        entry.record_applied(applied("2", HOURLY))
        shutil.copytree(path.parent, left.parent)
    shutil.copy(older, left)
    with pytest.raises(LedgerError, match="changes to another file"):
        known(left)


def test_the_look_at_the_file_takes_no_lock_of_this_process_away(path):
    whole_run(path, 1)
    script = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=0).execute('PRAGMA journal_mode=DELETE'))"
    with opening(file_address(path)) as ledger, run_in(ledger, "r2") as entry:
        entry.record_applied(applied("2"))
        asked = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
        assert "database is locked" in asked.stderr
        end(entry)
    assert known(path) == {"1", "2"}


def test_a_wal_that_another_run_puts_away_just_then_is_no_error(path, monkeypatch):
    whole_run(path, 1)
    monkeypatch.setattr(Path, "exists", lambda _: True)  # as it was a moment ago
    refuse_mixture(path, "ledger.db")


def test_a_file_that_went_away_just_then_is_tied_to_nothing(path):
    whole_run(path, 1)
    gone = path.with_name("gone.db")
    with opening(file_address(path)) as ledger, ledger._database.writing() as connection:
        tie(connection, gone)
    assert (known(path), gone.exists()) == ({"1"}, False)

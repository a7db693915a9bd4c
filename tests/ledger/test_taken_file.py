"""A ledger file is taken to its place whole, once, and a kill at any step loses nothing."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from pathlib import Path

import pytest

from reconcile.ledger import taken_file
from reconcile.ledger.address import file_address
from reconcile.ledger.taken_file import is_same, take, workspaces_in
from tests.ledger.run_builders import applied, end, run_in
from tests.ledger.test_open_ledger import opening


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def found(tmp_path):
    """A ledger that was left by a killed run: its last writes are beside the file, in its `-wal`."""
    path = tmp_path / "old" / "ledger.db"
    with opening(file_address(path)) as ledger, run_in(ledger) as run:
        run.record_applied(applied("1"))
        end(run)
        for ending in ("", "-wal"):
            source = path.with_name(path.name + ending)
            (tmp_path / f"left{ending}").write_bytes(source.read_bytes())
    for ending in ("", "-wal"):
        (tmp_path / f"left{ending}").rename(path.with_name(path.name + ending))
    return path


def known(path):
    with opening(file_address(path), create=False) as ledger:
        return ledger.last_applied()


def another_disk(monkeypatch):
    """Let the place be on another disk."""

    def rename(self, target):
        if self.name.endswith(".coming"):
            return Path(self).replace(target)
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("is_another_disk", [False, True], ids=["same-disk", "another-disk"])
def test_a_ledger_is_taken_with_what_lies_beside_it(found, tmp_path, monkeypatch, is_another_disk):
    if is_another_disk:
        another_disk(monkeypatch)
    place = tmp_path / "new" / "ledger.db"
    take(found, place)
    assert known(place) == applied("1")
    assert list(found.parent.glob("ledger.db*")) == []
    assert [path.name for path in place.parent.iterdir()] == ["ledger.db"]


def test_killed_after_the_copy_both_are_the_same(found, tmp_path, monkeypatch):
    another_disk(monkeypatch)

    def killed(_):
        raise Killed

    place = tmp_path / "new" / "ledger.db"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(Killed):
            take(found, place)
    assert is_same(found, place)
    assert known(found) == known(place) == applied("1")


def test_killed_in_the_copy_the_ledger_is_where_it_was(found, tmp_path, monkeypatch):
    another_disk(monkeypatch)
    place = tmp_path / "new" / "ledger.db"

    def killed(_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(taken_file.os, "fsync", killed)
        with pytest.raises(Killed):
            take(found, place)
    assert (known(found), place.exists()) == (applied("1"), False)
    take(found, place)
    assert (known(place), found.exists()) == (applied("1"), False)


def test_a_ledger_that_a_run_has_open_is_not_taken(found, tmp_path, monkeypatch):
    monkeypatch.setattr(taken_file, "BUSY_SECONDS", 0.1)
    place = tmp_path / "new" / "ledger.db"
    with opening(file_address(found)) as ledger:
        ledger.last_applied()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            take(found, place)
    assert not place.exists()


def test_what_another_run_took_meanwhile_stays_at_its_place(found, tmp_path):
    place = tmp_path / "new" / "ledger.db"
    take(found, place)
    take(found, place)
    assert known(place) == applied("1")


def test_a_ledger_says_whose_it_is(found, tmp_path):
    assert workspaces_in(found) == {"shop"}
    (tmp_path / "other").write_bytes(b"no ledger" * 100)
    assert workspaces_in(tmp_path / "other") == frozenset()


def test_two_that_differ_are_not_the_same(found, tmp_path):
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    assert not is_same(found, other)

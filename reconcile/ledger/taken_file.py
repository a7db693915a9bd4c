"""Takes a ledger file from an earlier place to its own. A kill at any step leaves a ledger that the next run finds.

Other programs are kept out of the file while it is taken. What SQLite keeps beside it is written into it first, so that
one rename takes all. To another file system it is copied under another name, which is then renamed: killed after that,
there are two files with the same bytes, and the next run removes the one at the earlier place.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

BUSY_SECONDS = 30
# What SQLite keeps beside a file: changes that are not in it yet, or that it would take back.
_COMPANIONS = ("-wal", "-journal")


def take(found: Path, place: Path) -> None:
    """Take the ledger file at *found* to *place*, unless another run has taken it already.

    Raises:
        sqlite3.Error, OSError: it cannot be taken. It is then still at *found*.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(found):
        if place.exists() or not found.exists():
            return
        try:
            found.rename(place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(found, place)
            found.unlink()
        _sync_folder(place.parent)


def is_same(one: Path, other: Path) -> bool:
    """Return whether two ledger files hold the same: a run was killed after it had copied one."""
    beside = [path.with_name(path.name + ending) for path in (one, other) for ending in _COMPANIONS]
    if any(path.exists() and path.stat().st_size for path in beside):
        return False
    return filecmp.cmp(one, other, shallow=False)


def workspaces_in(path: Path) -> frozenset[str]:
    """Return the workspaces that wrote the ledger file at *path*; empty where it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(_uri(path, "ro"), uri=True, timeout=BUSY_SECONDS)) as connection:
            rows = connection.execute(
                "SELECT workspace FROM reconcile_runs UNION SELECT workspace FROM reconcile_applied"
            ).fetchall()
    except sqlite3.Error:
        return frozenset()
    return frozenset(str(row[0]) for row in rows)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other programs out of the file at *path*, which then holds all; without a file there is nothing to do."""
    if not path.exists():
        yield
        return
    connection = sqlite3.connect(_uri(path, "rw"), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    with contextlib.closing(connection):
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != "delete":
            raise sqlite3.OperationalError("database is locked")
        connection.execute("BEGIN EXCLUSIVE")
        yield


def _copy(found: Path, place: Path) -> None:
    coming = place.with_name(f"{place.name}.coming")
    with found.open("rb") as source, coming.open("wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    coming.rename(place)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _uri(path: Path, mode: str) -> str:
    return f"{path.resolve().as_uri()}?mode={mode}"

"""Whether a ledger file and the `-wal` beside it belong together.

In the `-wal` is what the file does not hold yet; a killed run leaves it there. SQLite would put it into any file that
lies there by then: an older ledger, from a backup, would become a mixture of two. So the two are tied by a number that
both hold, `user_version`. A transaction that finds them equal adds one, and that is in the `-wal` until SQLite puts it
into the file. So the `-wal` is never more than one ahead.

`VACUUM INTO` keeps that number in a backup whose pages lie elsewhere, and adds one to `schema_version`. So the file is
never ahead in that.

SQLite itself reads the number of the file alone, with `immutable=1`: if the process closed a descriptor that SQLite
does not know, it would lose its locks on the file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from reconcile.errors import LedgerError

_ASK = "PRAGMA user_version"
_ASK_LAYOUT = "PRAGMA schema_version"


def refuse_mixture(path: Path, shown: str) -> None:
    """Raise where the `-wal` beside the file at *path* is that of another one. Nothing is put into the file.

    Raises:
        LedgerError: it is.
        sqlite3.Error: the file cannot be read.
    """
    beside = path.with_name(f"{path.name}-wal")
    if not _size(beside):
        return
    # A connection that may write puts the `-wal` into the file when it is closed.
    with contextlib.closing(sqlite3.connect(_uri(path, "mode=ro"), uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        ahead, layout = _numbers(connection)
        of_file = _of_file(path)
        if of_file is None or (of_file[0] in (ahead - 1, ahead) and of_file[1] <= layout):
            return
    raise LedgerError(
        f"the ledger {shown} cannot be believed: {beside.name} beside it holds changes to another file: a ledger from "
        "a backup was put in the place of one whose run was killed",
        hint=f"put back the {path.name} that lay there; if it is lost, move {beside.name} and {path.name}-shm away: "
        "then this one is as it was backed up, and `ledger-behind` says what to do",
    )


def tie(connection: Connection, path: Path) -> None:
    """Let the `-wal` be one ahead of the file at *path*, by the transaction that writes on *connection*."""
    ahead = connection.exec_driver_sql(_ASK).scalar_one()
    of_file = _of_file(path)
    if of_file is not None and of_file[0] == ahead:
        connection.exec_driver_sql(f"{_ASK} = {ahead + 1}")


def _size(path: Path) -> int:
    """Return how much is in the file at *path*: nothing, where another run has just put it away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _of_file(path: Path) -> tuple[int, int] | None:
    """Return the numbers of the file alone.

    None: it is not whole without its `-wal`, since what puts that into it broke off (a kill, a full disk); a backup is
    whole. Or it went away, or is no database: the ledger finds that out.
    """
    try:
        with contextlib.closing(sqlite3.connect(_uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
            return _numbers(connection)
    except sqlite3.DatabaseError:
        return None


def _numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    number, layout = (int(connection.execute(ask).fetchone()[0]) for ask in (_ASK, _ASK_LAYOUT))
    return number, layout


def _uri(path: Path, how: str) -> str:
    return f"{path.absolute().as_uri()}?{how}"

"""A ledger file for a command that only reads, also where this user may not write the file or its folder.

SQLite needs to write to read: the `-shm` beside a file, and the tables of an older version, which each command brings
up to date. Where it may not, the command reads a copy of its own. That is made with `mode=ro`. Where this fails and no
`-wal` lies beside the file, no other program has it open for writing, and it is made with `immutable=1`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.database_errors import ledger_errors
from reconcile.ledger.tied_wal import refuse_mixture

BUSY_SECONDS = 30
_COMPANIONS = ("-wal", "-shm")


@contextlib.contextmanager
def readable_file(address: LedgerAddress) -> Iterator[LedgerAddress]:
    """Give the address of what a command may open that only reads: *address* itself, or that of a copy of its file.

    Raises:
        LedgerError: the file can be neither written nor copied.
    """
    if address.path is None or may_write(address.path):
        yield address
        return
    with contextlib.ExitStack() as stack:
        with ledger_errors(address, "read"):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reconcile-ledger-"))
            copy = Path(folder) / "ledger.db"
            _copy(address.path, copy, shown=address.shown)
        yield replace(address, path=copy, is_copy=True)


def may_write(path: Path) -> bool:
    """Return whether this user may write the file at *path*, what SQLite keeps beside it, and its folder."""
    beside = [path.with_name(path.name + ending) for ending in _COMPANIONS]
    return all(_is_writable(each) for each in (path, path.parent, *filter(Path.exists, beside)))


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _copy(path: Path, copy: Path, *, shown: str) -> None:
    try:
        refuse_mixture(path, shown)
        _back_up(path, copy, "mode=ro")
    except sqlite3.OperationalError as error:
        if _has_changes_beside(path):
            raise _unreadable(shown, path, error) from None
        _back_up(path, copy, "immutable=1")
        if _has_changes_beside(path):
            raise _unreadable(shown, path, error) from None


def _has_changes_beside(path: Path) -> bool:
    return os.path.lexists(path.with_name(f"{path.name}-wal"))


def _unreadable(shown: str, path: Path, error: sqlite3.OperationalError) -> LedgerError:
    name = path.name
    return LedgerError(
        f"the ledger {shown} cannot be read: this user may not write it, and {name}-wal lies beside it, whose changes "
        f"cannot be read so ({error})",
        hint=f"let this user read {name}, {name}-wal and {name}-shm, or wait for the run that writes them; if it was "
        "killed, run status as the user who applies",
    )


def _back_up(path: Path, copy: Path, how: str) -> None:
    source = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)

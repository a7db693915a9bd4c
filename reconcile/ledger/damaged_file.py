"""Moves a ledger file that cannot be read out of the way. It is never deleted: it may hold what is needed later."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress
from reconcile.times import instant_name

# The files that SQLite keeps beside a database file: changes that are not in it yet, and their index.
_COMPANIONS = ("-wal", "-shm")


def move_away(address: LedgerAddress, *, now: datetime) -> Path:
    """Rename the SQLite ledger at *address* and return its new path, as in ``ledger.db.20261125T013500Z.bad``.

    The files that SQLite keeps beside it are renamed too, so that SQLite finds them again.

    Raises:
        LedgerError: the ledger is on a server, does not exist, or cannot be moved.
    """
    path = address.path
    if path is None:
        raise LedgerError(
            f"the ledger {address.shown} is on a server: reconcile does not move it away",
            hint="rename its tables (reconcile_...) there, or name another database in ledger",
        )
    new = path.with_name(f"{path.name}.{instant_name(now)}.bad")
    try:
        if new.exists():
            raise FileExistsError(17, "the new name is taken", str(new))
        # The companions first: SQLite would take them for those of a new ledger.
        for ending in _COMPANIONS:
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(new.with_name(new.name + ending))
        path.rename(new)
    except OSError as error:
        raise LedgerError(
            f"the ledger {address.shown} cannot be moved away: {error.strerror}", hint="move the file away by hand"
        ) from None
    return new

"""A ledger that cannot be read is put aside, never deleted: somebody may want to look into it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress
from reconcile.times import instant_name

# What SQLite keeps beside a file: changes that are not in it yet, and their index.
_COMPANIONS = ("-wal", "-shm")


def set_aside(address: LedgerAddress, *, now: datetime) -> Path:
    """Move the SQLite ledger at *address* out of the way and return its new path: ``ledger.db.20261125T013500Z.bad``.

    What SQLite keeps beside the file goes along, under names by which SQLite finds it again.

    Raises:
        LedgerError: it is on a server, is not there, or cannot be moved.
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
            raise FileExistsError(17, "there is one of this second already", str(new))
        # The companions first: beside a new ledger they would be taken for its own.
        for ending in _COMPANIONS:
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(new.with_name(new.name + ending))
        path.rename(new)
    except OSError as error:
        raise LedgerError(
            f"the ledger {address.shown} cannot be put aside: {error.strerror}", hint="move the file away by hand"
        ) from None
    return new

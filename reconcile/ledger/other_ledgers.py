"""Other ledgers than that of a run, which may know its keys: files beside its own, and refs beside its own."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reconcile.ledger import queries
from reconcile.ledger.address import file_address
from reconcile.ledger.database import Database
from reconcile.ledger.git_home import GitHome, load
from reconcile.ledger.migrations import SCHEMA_VERSION, schema_version
from reconcile.model.keys import Key
from reconcile.model.ledger_records import Elsewhere

_NOT_OURS = queries.Owner("", "")


def in_file(path: Path, service: str, keys: Collection[Key]) -> tuple[Elsewhere, ...]:
    """Return the ledgers in the file at *path* that know some of *keys* as applied to *service*.

    A file of another version tells nothing.

    Raises:
        LedgerError: it cannot be read.
    """
    database = Database(file_address(path))
    try:
        with database.reading() as connection:
            if schema_version(connection) != SCHEMA_VERSION:
                return ()
            return queries.elsewhere(connection, _NOT_OURS, service, keys)
    finally:
        database.close()


def in_ref(home: GitHome, service: str, keys: Collection[Key]) -> tuple[Elsewhere, ...]:
    """Return the ledgers in the ref of *home* that know some of *keys* as applied to *service*.

    Raises:
        LedgerError: it cannot be read.
    """
    loaded = load(home, create=False)
    if loaded is None:
        return ()
    try:
        with loaded.database.reading() as connection:
            return queries.elsewhere(connection, _NOT_OURS, service, keys)
    finally:
        loaded.database.close()

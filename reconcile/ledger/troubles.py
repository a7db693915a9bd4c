"""What a database says went wrong → `LedgerError`: in which ledger, why, and what to do about it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.migrations import NoLedgerError

REBUILD = "look whether `ledger` names the right file; if so, `reconcile ledger rebuild` puts it aside and adopts live"
_WITHOUT = "apply without one by --no-ledger"

# What SQLite says (there are no codes for all of it below Python 3.11's API), with what it means and what to do.
_OF_SQLITE = (
    ("file is not a database", "it is no SQLite file, or a damaged one", REBUILD),
    ("malformed", "the file is damaged", REBUILD),
    ("disk is full", "there is no space left", "make room"),
    ("readonly database", "it cannot be written", "let this user write the file and its folder"),
    ("unable to open", "it cannot be opened", "let this user read and write the file and its folder"),
    ("disk i/o error", "the disk failed, or is full", "look at the disk"),
    ("locked", "another program keeps it locked", "wait for that program, or end it"),
)


@contextlib.contextmanager
def told(address: LedgerAddress, doing: str) -> Iterator[None]:
    """Raise what goes wrong inside as a `LedgerError`: the ledger at *address* cannot be *doing* (opened, read, …)."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError, NoLedgerError, ImportError) as error:
        reason, hint = _reason(error, address)
        message = f"the ledger {address.shown} cannot be {doing}: {address.hide(reason)}"
        raise LedgerError(message, hint=f"{hint}; or {_WITHOUT}") from None


def _reason(error: Exception, address: LedgerAddress) -> tuple[str, str]:
    if isinstance(error, ImportError | NoSuchModuleError):
        return "psycopg is not installed", "install the extra: pip install 'reconcile[postgres]'"
    if isinstance(error, NoLedgerError):
        return str(error), REBUILD
    if isinstance(error, ValueError):
        return f"a row holds what no ledger writes ({error})", REBUILD
    if isinstance(error, OSError):
        return error.strerror or str(error), "let this user write the folder, and look for space on the disk"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = " ".join(str(cause).split())
    if address.path is None:
        return text or type(cause).__name__, "look whether the server is up, and lets this user in"
    for said, meaning, hint in _OF_SQLITE:
        if said in text.lower():
            return f"{meaning} ({text})", hint
    return text, REBUILD

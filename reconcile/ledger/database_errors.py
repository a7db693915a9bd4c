"""Errors of a database → `LedgerError`: which ledger, why, and what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from reconcile.errors import LedgerError, LedgerGoneError
from reconcile.ledger.address import WITHOUT_LEDGER, LedgerAddress
from reconcile.ledger.migrations import NoLedgerError

REBUILD = "`reconcile ledger rebuild` moves it away and adopts live"

_UNDEFINED_TABLE = "42P01"
"""What PostgreSQL calls a table that is not there."""

# A part of SQLite's message, what it means, and what to do. SQLite has no error code for each of these.
_SQLITE_ERRORS = (
    ("file is not a database", "it is not a SQLite file, or it is damaged", REBUILD),
    ("malformed", "the file is damaged", REBUILD),
    ("disk is full", "there is no space left", "make room"),
    ("readonly database", "it cannot be written", "let this user write the file and its folder"),
    ("unable to open", "it cannot be opened", "let this user read and write the file and its folder"),
    ("disk i/o error", "the disk failed, or is full", "look at the disk"),
    ("locked", "another program keeps it locked", "wait for that program, or end it"),
)


@contextlib.contextmanager
def ledger_errors(address: LedgerAddress, action: str) -> Iterator[None]:
    """Raise errors from inside as `LedgerError`: the ledger at *address* cannot be *action* (`opened`, `read`, …).

    Raises:
        LedgerGoneError: it was to be written, and a table is not there: opening had made sure of each.
        LedgerError: anything else.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError, NoLedgerError, ImportError) as error:
        if action == "written" and _lacks_a_table(error):
            message = f"the ledger {address.shown} has lost a table while it was open"
            hint = "see who dropped it, and put the newest ledger back"
            raise LedgerGoneError(message, hint=hint) from None
        reason, hint = _reason(error, address)
        message = f"the ledger {address.shown} cannot be {action}: {address.hide(reason)}"
        raise LedgerError(message, hint=f"{hint}; or {WITHOUT_LEDGER}") from None


def _lacks_a_table(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == _UNDEFINED_TABLE or "no such table" in str(cause)


def _reason(error: Exception, address: LedgerAddress) -> tuple[str, str]:
    if isinstance(error, ImportError | NoSuchModuleError):
        return "psycopg is not installed", "install the extra: pip install 'reconcile[postgres]'"
    if isinstance(error, NoLedgerError):
        return str(error), REBUILD
    if isinstance(error, ValueError):
        return f"a row holds a value that no ledger writes ({error})", REBUILD
    if isinstance(error, OSError):
        return error.strerror or str(error), "let this user write the folder, and look for space on the disk"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = " ".join(str(cause).split())
    if address.path is None:
        return text or type(cause).__name__, "look whether the server is up, and lets this user in"
    for phrase, meaning, hint in _SQLITE_ERRORS:
        if phrase in text.lower():
            return f"{meaning} ({text})", hint
    return text, REBUILD

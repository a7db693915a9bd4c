"""The ledger of the chosen environment, for the commands that are about a ledger and need no service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconcile.errors import LedgerError, NoLedgerYetError
from reconcile.session.declared import Checkout, open_checkout
from reconcile.session.known_elsewhere import known_elsewhere_to
from reconcile.session.ledger_home import LedgerHome, locate_ledger
from reconcile.session.runtime import Runtime
from reconcile.session.seen_ledger import behind

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


@contextlib.contextmanager
def ledger_to_change(runtime: Runtime) -> Iterator[tuple[SqlLedger, Checkout]]:
    """Open the ledger of the chosen environment to write it while the block runs. Raises what `chosen_ledger` does."""
    checkout = open_checkout(runtime)
    home = locate_ledger(checkout, checkout.environment)
    with _told_if_gone(checkout, home), home.existing_to_write() as ledger:
        yield ledger, checkout


@contextlib.contextmanager
def chosen_ledger(runtime: Runtime) -> Iterator[tuple[SqlLedger, Checkout]]:
    """Open the ledger of the chosen environment to read it while the block runs: for the commands that are about it.

    Raises:
        LedgerError: it cannot be opened, or there is none yet.
        SettingError: the workspace says that there is none, or there is no such environment.
    """
    checkout = open_checkout(runtime)
    home = locate_ledger(checkout, checkout.environment)
    with _told_if_gone(checkout, home), home.existing() as ledger:
        for found in behind(home, ledger):
            runtime.log("warning", f"{found.rule}: {found.message}")
        yield ledger, checkout


@contextlib.contextmanager
def _told_if_gone(checkout: Checkout, home: LedgerHome) -> Iterator[None]:
    """Say that a ledger which is not there is no first run, where one was seen here, or is there by another name."""
    try:
        yield
    except NoLedgerYetError:
        for found in (*behind(home, None), *known_elsewhere_to(checkout, home, None)):
            raise LedgerError(found.message, hint=found.hint) from None
        raise

"""An open ledger, for the commands that are about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconcile.commands.declarations import environment_of, opened
from reconcile.commands.invocation import Invocation
from reconcile.commands.remembered import address_of, ledger_at
from reconcile.errors import LedgerError, SettingError
from reconcile.model.workspace import Environment, Workspace

if TYPE_CHECKING:
    from reconcile.ledger.book import SqlLedger


@contextlib.contextmanager
def ledger_of(invocation: Invocation) -> Iterator[tuple[SqlLedger, Environment]]:
    """Open the ledger of the chosen environment.

    Raises:
        LedgerError: it cannot be opened, or there is none yet.
        SettingError: the workspace says that there is none, or there is no such environment.
    """
    workspace, _, _ = opened(invocation)
    environment = environment_of(workspace, invocation.options.environment)
    with existing_ledger(invocation, workspace, environment) as ledger:
        yield ledger, environment


@contextlib.contextmanager
def existing_ledger(
    invocation: Invocation, workspace: Workspace, environment: Environment, *, create: bool = False
) -> Iterator[SqlLedger]:
    """Open the ledger of *environment*, which is made where that is asked for.

    Raises:
        LedgerError: it cannot be opened, or there is none yet.
        SettingError: the workspace says that there is none.
    """
    address = address_of(invocation, workspace, environment)
    if address is None:
        raise SettingError("this workspace keeps no ledger", hint="ledger in reconcile.yaml is none: name one there")
    ledger = ledger_at(address, invocation, workspace, environment, create=create)
    if ledger is None:
        raise LedgerError(
            f"there is no ledger {address.shown} yet", hint="the first apply makes it, or reconcile ledger rebuild"
        )
    with ledger:
        yield ledger

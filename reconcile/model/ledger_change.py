"""What a command did to a ledger, beside the runs that save."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.ledger_records import LockHolder


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """What the command *action* did to the ledger of *environment*, said in the sentences of *message*.

    *keys* are those whose rows it changed, *lock* is the lock that it freed.
    """

    environment: str
    action: str
    message: str
    keys: tuple[Key, ...] = ()
    lock: LockHolder | None = None
    findings: tuple[Finding, ...] = ()

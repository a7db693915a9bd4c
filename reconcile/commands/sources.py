"""Where last applied is looked for, besides the ledger."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look besides the ledger: *applied_rev* instead of it, *base* for what used to be declared.

    *fetch* names the remote to get the ref of last applied from first; None: it is taken as it is here.
    """

    applied_rev: str | None = None
    base: str | None = None
    fetch: str | None = None

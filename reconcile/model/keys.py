"""The key of a schedule: a tenant and a behaviour code."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """A schedule key. *tenant* goes into the header ``tecode``; *code* is the service's ``bizcode``. Keys sort by both.

    >>> str(Key("acme", "1085431505565651039"))
    'acme/1085431505565651039'
    """

    tenant: str
    code: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.code}"

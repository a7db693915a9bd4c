"""The live side of a key: the rows that the service holds for it, or why it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from reconcile.model.rules import Rule


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One row of a status query. *job_id*, *cron* and *status* are the service's own text.

    *active* is how the environment's ``active_status`` reads *status*.
    """

    job_id: str
    cron: str
    status: str
    active: bool = True

    @property
    def may_be_active(self) -> bool:
        """Whether it is inactive for a number or a boolean, which ``active_status`` may merely not name."""
        return not self.active and (self.status in ("true", "false") or self.status.isdecimal())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a key could not be read. It is never the same as absent. *rule* says why, and *message* in full."""

    rule: Rule
    message: str
    hint: str | None = None


Rows: TypeAlias = tuple[LiveRow, ...]
"""The rows that the service holds for a key: none when it is absent, several when it is `duplicate`."""

Live: TypeAlias = Rows | Unreadable
"""What is known of the live side of a key."""

"""The circuit breaker of one query: when to stop asking for a tenant, or for all."""

from __future__ import annotations

from collections import Counter

from reconcile.model.live import Unreadable
from reconcile.model.rules import ReplyRule
from reconcile.service.diagnostics import unreadable

# After so many batches of one tenant given up in a row, the rest of that tenant is not asked for.
TENANT_LOST_AFTER = 4


class CircuitBreaker:
    """Counts the batches that were given up. It opens for a tenant after `TENANT_LOST_AFTER` of it in a row, and for
    all tenants when *most_tenants* of them failed in a row.

    Not safe from several threads.
    """

    def __init__(self, most_tenants: int) -> None:
        self._most_tenants = most_tenants
        self._failures: Counter[str] = Counter()
        self._tenants: set[str] = set()

    def add_failure(self, tenant: str) -> None:
        """Record that a batch of *tenant* was given up."""
        self._failures[tenant] += 1
        self._tenants.add(tenant)

    def add_success(self, tenant: str) -> None:
        """Record that a batch of *tenant* was answered."""
        del self._failures[tenant]
        self._tenants.clear()

    def refusal(self, tenant: str) -> Unreadable | None:
        """Return why *tenant* is not asked for now, or None."""
        if self._failures[tenant] >= TENANT_LOST_AFTER:
            return unreadable(
                ReplyRule.NOT_ASKED, f"tenant {tenant}: not asked for: the batches before it got no answer"
            )
        if len(self._tenants) >= self._most_tenants:
            message = f"tenant {tenant}: not asked for: {len(self._tenants)} tenants in a row got no answer"
            return unreadable(ReplyRule.NOT_ASKED, message, "is the service up?")
        return None

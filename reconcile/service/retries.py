"""The retry budget, and the pause before a retry.

An outage must not be amplified: a service that is down because it is overloaded does not recover when it gets four
times the requests. So retries are limited. The run starts with a small reserve, and each answered call earns a part of
a retry: while most calls are answered, every failed call is retried, up to three times; when none is, the reserve is
the limit, however long the run (`RUN`). Each tenant has a budget of its own beside the run's, and a retry is taken from
both: a tenant that is down spends its reserve and then no more, and the answered calls of the others refill the run's
budget, so that they never run out (`TENANT`).

Pauses grow exponentially, and each is drawn at random between nothing and its longest ("full jitter"), so that calls
that failed together are not retried together. ``Retry-After`` is waited for, but never longer than
`LONGEST_PAUSE_SECONDS`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

ATTEMPTS = 4
BASE_PAUSE_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 8.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class BudgetTerms:
    """A budget starts with *reserve* retries, gains *earned* with each answered call, and never holds more than
    *ceiling*."""

    reserve: float
    earned: float
    ceiling: float


RUN = BudgetTerms(reserve=20, earned=0.5, ceiling=100)
TENANT = BudgetTerms(reserve=8, earned=0.5, ceiling=20)


class RetryBudget:
    """The retries that a run may still make. Safe from any thread."""

    def __init__(self, run: BudgetTerms = RUN, tenant: BudgetTerms = TENANT) -> None:
        self._run_terms, self._tenant_terms = run, tenant
        self._run = run.reserve
        self._tenants: dict[str, float] = {}
        self._lock = threading.Lock()

    def earn(self, tenant: str) -> None:
        """Count an answered call of *tenant*."""
        with self._lock:
            self._run = min(self._run + self._run_terms.earned, self._run_terms.ceiling)
            left = self._tenants.get(tenant, self._tenant_terms.reserve) + self._tenant_terms.earned
            self._tenants[tenant] = min(left, self._tenant_terms.ceiling)

    def spend(self, tenant: str) -> bool:
        """Take one retry for *tenant*, and return whether there was one."""
        with self._lock:
            left = self._tenants.get(tenant, self._tenant_terms.reserve)
            if min(self._run, left) < 1:
                return False
            self._run -= 1
            self._tenants[tenant] = left - 1
            return True


def backoff_seconds(retry: int, retry_after: float | None, random: Callable[[], float]) -> float:
    """Return the seconds to wait before *retry* (1 is the first). *random* returns a number from 0 to 1."""
    back_off = random() * min(LONGEST_BACK_OFF_SECONDS, BASE_PAUSE_SECONDS * 2.0 ** (retry - 1))
    # What the service asked for, with jitter on top.
    asked = 0.0 if retry_after is None else retry_after + random() * BASE_PAUSE_SECONDS
    return min(LONGEST_PAUSE_SECONDS, max(back_off, asked))


def retry_after_seconds(text: str | None, now: datetime) -> float | None:
    """Return how many seconds a ``Retry-After`` header asks for; None when it is missing or cannot be read.

    >>> retry_after_seconds("120", datetime(2026, 1, 1, tzinfo=UTC))
    120.0
    >>> retry_after_seconds("Thu, 01 Jan 2026 00:00:05 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    5.0
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        # Longer numbers than that are cut: the pause has a limit anyway.
        return float(text[:12])
    # Imported here: the import is slow, and the header rare.
    from email.utils import parsedate_to_datetime

    try:
        instant = parsedate_to_datetime(text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return max(0.0, (instant - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

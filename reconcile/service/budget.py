"""When a call is made again, how much later, and when it no longer is.

An outage must not be amplified: a service that is down because it is overloaded does not get well from being asked
four times as often. So a repeat has to be paid for. The run starts with a small reserve, and each answered call earns
a part of a repeat: while most calls are answered, every failed one is repeated, up to three times; when none is, the
reserve is all there is, however long the run (`RUN`). Each tenant holds an account of its own beside the run's, and a
repeat is paid from both: a tenant that is down spends its reserve and then no more, and the others, whose answered
calls refill the run's account, never miss it (`TENANT`).

Pauses grow exponentially and are drawn at random from nothing to the whole of it ("full jitter"), so that the calls
that failed together do not come back together. ``Retry-After`` is waited for, but never longer than
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
class Allowance:
    """An account's terms: it opens with *reserve* repeats, earns *earned* with each answered call, and never holds
    more than *ceiling*."""

    reserve: float
    earned: float
    ceiling: float


RUN = Allowance(reserve=20, earned=0.5, ceiling=100)
TENANT = Allowance(reserve=8, earned=0.5, ceiling=20)


class Budget:
    """The repeats that a run may still make. Safe from any thread."""

    def __init__(self, run: Allowance = RUN, tenant: Allowance = TENANT) -> None:
        self._run_terms, self._tenant_terms = run, tenant
        self._run = run.reserve
        self._tenants: dict[str, float] = {}
        self._lock = threading.Lock()

    def earn(self, tenant: str) -> None:
        """Note that a call of *tenant* was answered."""
        with self._lock:
            self._run = min(self._run + self._run_terms.earned, self._run_terms.ceiling)
            held = self._tenants.get(tenant, self._tenant_terms.reserve) + self._tenant_terms.earned
            self._tenants[tenant] = min(held, self._tenant_terms.ceiling)

    def spend(self, tenant: str) -> bool:
        """Take one repeat for *tenant* and return whether there was one."""
        with self._lock:
            held = self._tenants.get(tenant, self._tenant_terms.reserve)
            if min(self._run, held) < 1:
                return False
            self._run -= 1
            self._tenants[tenant] = held - 1
            return True


def pause(repeat: int, retry_after: float | None, random: Callable[[], float]) -> float:
    """Return the seconds to wait before the given *repeat* (from 1). *random* returns a number from 0 to 1."""
    back_off = random() * min(LONGEST_BACK_OFF_SECONDS, BASE_PAUSE_SECONDS * 2.0 ** (repeat - 1))
    # What the service asked for, and then not all at the same moment.
    asked = 0.0 if retry_after is None else retry_after + random() * BASE_PAUSE_SECONDS
    return min(LONGEST_PAUSE_SECONDS, max(back_off, asked))


def retry_after_seconds(text: str | None, now: datetime) -> float | None:
    """Return how many seconds a ``Retry-After`` header asks for; None when there is none that can be read.

    >>> retry_after_seconds("120", datetime(2026, 1, 1, tzinfo=UTC))
    120.0
    >>> retry_after_seconds("Thu, 01 Jan 2026 00:00:05 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    5.0
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        # More digits than a float can hold are as good as "very long".
        return float(text[:12])
    # Here, as the import takes longer than all else in this package and the header is rare.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

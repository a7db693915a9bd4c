"""The lease of a lock: how long it lasts without being renewed. Holder and waiter count it, each by its own clock.

No instant of one machine is compared with an instant of another. A waiter sees only *whether* the record of the lock
changes: each taking has a new nonce, each renewal adds one to a counter (a `Mark`). The waiter takes the lock over when
the mark has not changed for the whole lease, counted from the moment *after* the answer in which it first saw it. The
holder counts from the moment *before* its last successful renewal, and stops saving a margin earlier::

    holder   s: begins to renew ── renewed ─────────── stops saving: s + lease - margin
    waiter               sees the mark: t >= s ─────────────────────────── takes over: t + lease

The two clocks need the same rate, and nothing else. They must go on while a machine sleeps (CLOCK_BOOTTIME).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a lock lasts without being renewed, how often its holder renews it, and how much earlier it stops."""

    seconds: float = 60.0
    renew_seconds: float = 10.0
    margin_seconds: float = 10.0

    @property
    def saving_seconds(self) -> float:
        """Return how long after the beginning of its last renewal a holder may save."""
        return self.seconds - self.margin_seconds


LEASE = Lease()


class Mark(NamedTuple):
    """What changes in the record of a lock as long as its holder lives."""

    nonce: str
    counter: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What a waiter has seen of a lock: *mark*, and since when, in seconds of the waiter's own clock."""

    mark: Mark | None = None
    since: float = 0.0

    def seeing(self, mark: Mark, *, at: float) -> Watch:
        """Return the watch after an answer that holds *mark*; *at* is the clock read after that answer."""
        return self if mark == self.mark else Watch(mark, at)

    def overdue(self, lease: Lease, *, at: float) -> Mark | None:
        """Return the mark that has not changed for the length of *lease*; None: the lock may not be taken over."""
        return self.mark if at - self.since >= lease.seconds else None

"""What the replies of one run say of the service's clock: the most certain of them counts.

Only a reply that the service itself made is believed: one with data. An error page or a redirect may be a proxy's.
"""

from __future__ import annotations

import threading
from datetime import datetime
from email.utils import parsedate_to_datetime

from reconcile.model.clock_skew import ClockSkew, skew_of, tolerated
from reconcile.model.finding import Finding
from reconcile.model.rules import ReplyRule
from reconcile.service.messages import Reply, SendResult

_DATA = b'"resp_data"'
_YEARS = range(1970, 9000)


class SkewWatch:
    """Keeps the narrowest measure; safe from any thread."""

    def __init__(self) -> None:
        self._best: ClockSkew | None = None
        self._is_taken = False
        self._lock = threading.Lock()

    def note(self, result: SendResult, *, began: datetime, ended: datetime) -> None:
        """Take note of what came back of a request; *began* and *ended* are the runner's clock before and after it."""
        if not isinstance(result, Reply) or result.status != 200 or result.flaw is not None or _DATA not in result.body:
            return
        told = told_instant(result.date)
        found = None if told is None else skew_of(told, began, ended)
        if found is None:
            return
        with self._lock:
            if self._best is None or found.width < self._best.width:
                self._best = found

    def skew(self) -> ClockSkew | None:
        """Return how far the two clocks are apart, if that is certainly more than is tolerated."""
        with self._lock:
            return self._best if self._best is not None and self._best.is_large else None

    def take(self) -> tuple[Finding, ...]:
        """Return what there is to say, once."""
        found = self.skew()
        if found is None or self._is_taken:
            return ()
        self._is_taken = True
        hint = f"set the clocks by NTP; more than {tolerated()} apart, they may disagree about a freeze or a fire"
        return (Finding(ReplyRule.CLOCK_SKEW, found.in_words, hint=hint),)


def told_instant(date: str | None) -> datetime | None:
    """Return the instant that the header `Date` tells; None where it is not there, or broken.

    >>> told_instant("Sun, 29 Nov 2026 09:00:00 GMT").isoformat(), told_instant("soon"), told_instant(None)
    ('2026-11-29T09:00:00+00:00', None, None)
    """
    if date is None or not date.rstrip().endswith("GMT"):
        return None
    try:
        found = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None and found.year in _YEARS else None

"""How far the clock of the service is from that of the runner, as one reply told it, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconcile.times import between, duration_text, instant_text, later

RESOLUTION = timedelta(seconds=1)
"""A `Date` has whole seconds: the clock was there, or up to one second later."""
TOLERATED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The service's clock is at least *least* and at most *most* ahead of the runner's; below zero it is behind.

    *service* is what its clock said, and *runner* what the runner's said when that reply had come.
    """

    least: timedelta
    most: timedelta
    service: datetime
    runner: datetime

    @property
    def width(self) -> timedelta:
        """Return how uncertain it is."""
        return self.most - self.least

    @property
    def is_large(self) -> bool:
        """Return whether the two are certainly further apart than is tolerated."""
        return self.least > TOLERATED or self.most < -TOLERATED

    def service_at(self, now: datetime) -> datetime:
        """Return what the service's clock says when the runner's says *now*."""
        return later(now, (self.least + self.most) / 2)

    @property
    def in_words(self) -> str:
        """Return which clock is ahead, by how much, and what both said."""
        ahead = self.least > timedelta()
        least, most = (self.least, self.most) if ahead else (-self.most, -self.least)
        seconds = f"{int(least.total_seconds())} to {-int(-most.total_seconds() // 1)} s"
        which = "the service is ahead of this runner's" if ahead else "this runner is ahead of the service's"
        return (
            f"the clock of {which} by {seconds}: the service said {instant_text(self.service)}, "
            f"this runner {instant_text(self.runner)}"
        )


def skew_of(told: datetime, began: datetime, ended: datetime) -> ClockSkew | None:
    """Return what a reply says that has *told* the service's time, to a request that *began* and *ended* then.

    None: the runner's own clock was set back meanwhile.
    """
    if between(began, ended) < timedelta():
        return None
    return ClockSkew(between(ended, told), between(began, told) + RESOLUTION, told, ended)


def tolerated() -> str:
    """Return how far two clocks may be apart, as messages say it."""
    return duration_text(TOLERATED)

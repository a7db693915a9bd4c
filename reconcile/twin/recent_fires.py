"""The newest fires of all jobs, for the page: kept apart, so that not every journal has to be read."""

from __future__ import annotations

from heapq import heappush, heappushpop

from reconcile.twin.jobs import Job

_KEPT = 100


class RecentFires:
    """Keeps the newest hundred fires; which of two at one instant is kept does not matter."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []

    def add(self, job: Job, fires: list[int], first_trigger: int) -> bool:
        """Add the *fires* of *job*, in order, whose rows are numbered from *first_trigger*.

        Return whether all were new enough.
        """
        for at in range(len(fires) - 1, -1, -1):
            entry = (fires[at], first_trigger + at, job)
            if len(self._heap) < _KEPT:
                heappush(self._heap, entry)
            elif entry[:2] > self._heap[0][:2]:
                heappushpop(self._heap, entry)
            else:
                return False
        return True

    def newest(self) -> list[tuple[int, int, Job]]:
        """Return instant, trigger id and job, newest first."""
        return sorted(self._heap, key=lambda entry: entry[:2], reverse=True)

    def clear(self) -> None:
        """Forget them all."""
        self._heap.clear()

    def forget(self, jobs: list[Job]) -> None:
        """Forget the fires of *jobs*."""
        self._heap = sorted(entry for entry in self._heap if entry[2] not in jobs)

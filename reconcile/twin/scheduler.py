"""The firing loop: a heap of next fires. What is due is popped, fired, and pushed back with its next fire.

A job that has changed since it was pushed is recognised by its `next_ms` and skipped, so the heap is never searched.
The fires of a leap of the clock are computed for one job after the other; that is why a week takes seconds.

A leap on request (`owe`) leaves the journal that the time would have left. Time in which the twin could not fire,
because it was stopped or its machine slept, does not: those fires have misfired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from reconcile.twin.clock import TwinClock
from reconcile.twin.fire_times import FireTimes
from reconcile.twin.jobs import Job

# Quartz forgives a trigger that is this late; a later one has misfired, and by default fires once, now.
MISFIRE_SECONDS = 60

# How many jobs are fired before requests are answered again.
_AT_ONCE = 200

Fire = Callable[[Job, list[int]], None]


class Scheduler:
    """Fires jobs on *clock* by calling *fire* with the job and the instants that are due, in order."""

    def __init__(self, clock: TwinClock, fire_times: FireTimes, fire: Fire) -> None:
        self._clock = clock
        self._fire_times = fire_times
        self._fire = fire
        self._heap: list[tuple[int, int, Job]] = []
        self._changed: asyncio.Event | None = None
        self._firing = asyncio.Lock()
        self.owed_ms = 0

    def plan(self, job: Job) -> None:
        """Plan the next fire of *job* after its base; none when it is disabled."""
        before = job.next_ms
        job.next_ms = self._fire_times.next_ms(job.cron, job.base_ms) if job.enabled else None
        if job.next_ms is None or job.next_ms == before:
            return
        is_first = not self._heap or job.next_ms < self._heap[0][0]
        heappush(self._heap, (job.next_ms, job.serial, job))
        if is_first:
            self.wake()

    def resume(self, jobs: Iterable[Job]) -> None:
        """Plan *jobs* after a restart; one that has missed fires fires once, now, as Quartz does by default."""
        now = self._clock.now_ms()
        for job in jobs:
            job.base_ms = min(job.base_ms, now)
            job.next_ms = self._fire_times.next_ms(job.cron, job.base_ms) if job.enabled else None
            if job.next_ms is not None and job.next_ms < now - MISFIRE_SECONDS * 1000:
                job.base_ms = now
                job.next_ms = self._fire_times.next_ms(job.cron, now)
                self._fire(job, [now])
            if job.next_ms is not None:
                self._heap.append((job.next_ms, job.serial, job))
        heapify(self._heap)

    def owe(self, until_ms: int) -> None:
        """Let every fire up to *until_ms* happen at its own time, however late that is now."""
        self.owed_ms = until_ms

    def clear(self) -> None:
        """Forget all jobs."""
        self._heap.clear()

    def wake(self) -> None:
        """Let the loop check again: the clock or the first fire has changed."""
        if self._changed is not None:
            self._changed.set()

    async def run(self) -> None:
        """Fire what is due, for ever."""
        self._changed = asyncio.Event()
        while True:
            await self.catch_up()
            self._changed.clear()
            pause = self._clock.seconds_until(self._heap[0][0]) if self._heap else None
            try:
                await asyncio.wait_for(self._changed.wait(), pause)
            except TimeoutError:
                continue

    async def catch_up(self) -> None:
        """Fire everything that is due by now."""
        async with self._firing:
            now = self._clock.now_ms()
            while self._fire_some(now):
                await asyncio.sleep(0)

    def _fire_some(self, now: int) -> bool:
        """Fire a number of the jobs that are due by *now*, and return whether more may be."""
        for _ in range(_AT_ONCE):
            if not self._heap or self._heap[0][0] > now:
                return False
            due, _serial, job = heappop(self._heap)
            if job.next_ms != due:
                continue
            has_misfired = due > self.owed_ms and self._clock.seconds_since(due) > MISFIRE_SECONDS
            fires = [now] if has_misfired else self._fire_times.fires_ms(job.cron, due, now)
            job.base_ms = fires[-1]
            job.next_ms = self._fire_times.next_ms(job.cron, job.base_ms)
            self._fire(job, fires)
            if job.next_ms is not None:
                heappush(self._heap, (job.next_ms, job.serial, job))
        return True

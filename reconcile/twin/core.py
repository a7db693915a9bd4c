"""The twin without its network: jobs, clock, scheduler, journal and store, put together.

Everything here runs in the thread of one event loop, and nothing between two awaits can be interrupted: two first saves
of one code are two saves of one job, without a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from reconcile.errors import SettingError
from reconcile.model.reading import reading_at
from reconcile.times import time_zone
from reconcile.twin.clock import TwinClock, check_instant, from_ms
from reconcile.twin.crons import Crons
from reconcile.twin.habits import Habits
from reconcile.twin.jobs import Job, RowStyle, Shelf
from reconcile.twin.recent import Recent
from reconcile.twin.runs import Called, Pretended
from reconcile.twin.scheduler import Scheduler
from reconcile.twin.seeds import read_seed, seeded_jobs
from reconcile.twin.settings import TwinSettings
from reconcile.twin.statistics import Statistics
from reconcile.twin.store import Store, row_of

_DAY_MS = 86_400_000


class Twin:
    """A scheduler with *settings*: `open` it, `start` it in a loop, `stop` it."""

    def __init__(self, settings: TwinSettings) -> None:
        self.settings = settings
        self.habits = settings.habits
        self.statistics = Statistics()
        self.recent = Recent()
        self.clock = TwinClock(settings.clock, settings.speed)
        self.zone = time_zone(settings.timezone)
        # As in Quartz, which takes its last year from the clock when it starts.
        self.crons = Crons(self.zone, reading_at(from_ms(self.clock.now_ms(), self.zone)))
        self.shelf = Shelf(_style(self.habits))
        self.scheduler = Scheduler(self.clock, self.crons, self._fire)
        self._pretended = Pretended(settings)
        self._called = Called(settings.run_url, settings.run_timeout_seconds) if settings.run_url else None
        self._store = Store(settings.db) if settings.db is not None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._firing: asyncio.Task[None] | None = None
        self._forgot_ms = 0
        self._leaping = asyncio.Lock()
        self._is_stopping = False

    def open(self) -> None:
        """Load the file and, when there is no job in it, the seed.

        Raises:
            SettingError: the seed cannot be read; the file is let go of.
        """
        try:
            self._load()
        except SettingError:
            if self._store is not None:
                self._store.close()
            raise

    def _load(self) -> None:
        if self._store is not None:
            self._store.load(self.shelf)
            for job in self.shelf:
                for fired, trigger in job.journal.newest() if job.journal is not None else ():
                    if not self.recent.add(job, [fired], trigger):
                        break
        if self.settings.seed is not None and not len(self.shelf):
            self.take_in(seeded_jobs(read_seed(self.settings.seed), self.shelf.ids, self.clock.now_ms()))
            if self._store is not None:
                self._store.hand_over()

    async def start(self) -> None:
        """Begin to fire; what was missed since the file was last written fires once, now."""
        self._loop = asyncio.get_running_loop()
        self.forget_old_rows()
        self.scheduler.resume(job for job in self.shelf if job.next_ms is None)
        self._firing = asyncio.create_task(self.scheduler.run())

    def hasten(self) -> None:
        """Break off a leap of the clock: the twin is about to be stopped."""
        self._is_stopping = True

    async def stop(self) -> None:
        """Fire no more, and write what is left to write."""
        if self._firing is not None:
            self._firing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._firing
        if self._called is not None:
            await asyncio.to_thread(self._called.close)
            await asyncio.sleep(0)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def now_ms(self) -> int:
        """Return the time on the twin's clock, in milliseconds since 1970 in UTC."""
        return self.clock.now_ms()

    async def advance(self, ms: int) -> None:
        """Move the clock *ms* milliseconds forward; all that is due in them has fired, and is on disk, afterwards.

        Raises:
            SettingError: it would then show a time that the twin does not know.
        """
        async with self._leaping:
            until = check_instant(self.now_ms() + ms)
            self.scheduler.owe(until)
            # By days, so that neither does what is to be written pile up, nor can a year keep the twin from ending.
            for step in [_DAY_MS] * (ms // _DAY_MS) + [ms % _DAY_MS]:
                if self._is_stopping:
                    break
                self.clock.advance(step)
                await self.scheduler.catch_up()
                await asyncio.sleep(0)
                await self.settled()
        self.scheduler.wake()

    def set_clock(self, now_ms: int | None, speed: float | None) -> None:
        """Put the clock to *now_ms*, let it run *speed* times as fast, or both.

        Jobs count their fires from the new time: nothing is made up for, and nothing waits for a time that has been.
        """
        self.scheduler.owe(self.now_ms())
        self.clock.change(now_ms=now_ms, speed=speed)
        if now_ms is not None:
            self.scheduler.clear()
            for job in self.shelf:
                job.base_ms, job.next_ms = now_ms, None
                self.scheduler.plan(job)
            if self._store is not None:
                self._store.put_jobs(self.shelf)
        self.scheduler.wake()

    async def settled(self) -> None:
        """Return when all that was changed is on disk, where there is one.

        Raises:
            ServiceError: the file could not be written.
        """
        if self._store is not None:
            await self._store.settled()

    def save(self, tenant: str, code: str, name: str, cron: str) -> str:
        """Save as the service does, and return the id that acknowledges it.

        Raises:
            CronSyntaxError: Quartz refuses the cron.
            NeverFiresError: it never fires from now on.
        """
        now = self.now_ms()
        self.crons.check(cron, now)
        if self.habits.normalise_cron:
            words = cron.upper().split()
            cron = " ".join([*words, "*"] if len(words) == 6 else words)
        jobs = self.shelf.find(tenant, code)
        enabled = not jobs or jobs[0].enabled or self.habits.save_enables
        if jobs and self.habits.save == "upsert":
            job = jobs[0]
            self.change(job, name=name, cron=cron, enabled=enabled)
        else:
            if self.habits.save == "replace":
                self.remove(jobs)
            enabled = enabled or self.habits.save == "append"
            job = self.make(tenant, code, name, cron, enabled=enabled)
        self.statistics.by_key[tenant, code] += 1
        return job.job_id if self.habits.group_job_id == "same" else str(self.shelf.ids.block())

    def make(
        self, tenant: str, code: str, name: str, cron: str, *, enabled: bool = True, job_id: str | None = None
    ) -> Job:
        """Return a new job, planned and told to the store."""
        serial = self.shelf.ids.block()
        job = Job(serial, tenant, code, job_id or str(serial), name, cron, enabled=enabled, base_ms=self.now_ms())
        self.take_in([job])
        return job

    def take_in(self, jobs: list[Job]) -> None:
        """Hold *jobs*, plan them, and tell the store."""
        for job in jobs:
            self.shelf.put(job)
            self.scheduler.plan(job)
        if self._store is not None:
            self._store.put_jobs(jobs)
            rows = [row_of(job, *row) for job in jobs if job.journal is not None for row in job.journal.rows()]
            self._store.add_rows(rows)

    def change(
        self, job: Job, *, name: str | None = None, cron: str | None = None, enabled: bool | None = None
    ) -> None:
        """Change what is given of *job*; its fires count from now."""
        job.name = job.name if name is None else name
        job.cron = job.cron if cron is None else cron
        job.enabled = job.enabled if enabled is None else enabled
        job.base_ms = self.now_ms()
        self.shelf.put(job)
        self.scheduler.plan(job)
        if self._store is not None:
            self._store.put_jobs([job])

    def remove(self, jobs: list[Job]) -> None:
        """Delete *jobs* and their journals."""
        for job in jobs:
            job.next_ms = None
            self.shelf.remove(job)
        self.recent.forget(jobs)
        if self._store is not None and jobs:
            self._store.remove_jobs(jobs)

    def clear(self) -> None:
        """Delete everything, and start counting anew."""
        self.shelf.clear()
        self.scheduler.clear()
        self.recent.clear()
        self.statistics.reset()
        if self._store is not None:
            self._store.clear()

    def add_row(self, job: Job, fired: int, took: int, text: str, extra: Mapping[str, object] | None = None) -> int:
        """Write one journal row, and return its trigger id; *extra* shows in place of the row's own fields."""
        trigger = self.shelf.ids.block()
        job.log().insert(trigger, fired, took, text, extra)
        self.recent.add(job, [fired], trigger)
        if self._store is not None:
            self._store.add_rows([row_of(job, trigger, fired, took, text, extra)])
        return trigger

    def history(self, tenant: str, job_id: str, page: int, size: int) -> tuple[int, list[dict[str, object]]]:
        """Return how many rows there are, and those of *page* (from 1), newest first."""
        job = self.shelf.by_id(tenant, job_id)
        if job is None or job.journal is None:
            return 0, []
        self._forget(job)
        total = job.journal.ended(self.now_ms())
        skew = int(self.habits.clock_skew * 1000)
        newest = total - 1 - (page - 1) * size
        return total, [job.journal.shown(at, job.job_id, skew) for at in range(newest, max(-1, newest - size), -1)]

    def behave(self, habits: Habits) -> None:
        """Have *habits* from now on."""
        before, self.habits = self.habits, habits
        self.shelf.write_as(_style(habits))
        if habits.retention != before.retention:
            self.forget_old_rows()

    def forget_old_rows(self) -> None:
        """Drop the journal rows that are older than the retention."""
        if self.habits.retention is None:
            return
        self._forgot_ms = self.now_ms()
        for job in self.shelf:
            self._forget(job)
        if self._store is not None:
            self._store.forget_before(self.now_ms() - int(self.habits.retention * 1000))

    def _forget(self, job: Job) -> None:
        if self.habits.retention is not None and job.journal is not None:
            job.journal.forget_before(self.now_ms() - int(self.habits.retention * 1000))

    def _forget_in_time(self) -> None:
        """Drop old rows also of jobs that fire seldom, and from the file, so that it does not grow for ever."""
        if self.habits.retention is not None:
            pause = max(int(self.habits.retention * 100), 60_000)
            if abs(self.now_ms() - self._forgot_ms) > pause:
                self.forget_old_rows()

    def _fire(self, job: Job, fires: list[int]) -> None:
        """Run *job* for each of *fires*. Of those that a leap of the clock passes over, only the last calls the URL."""
        self.statistics.fires += len(fires)
        self._forget_in_time()
        is_leap = job.next_ms is not None and job.next_ms <= self.scheduler.owed_ms
        if self._called is not None and not is_leap:
            fired, fires = fires[-1], fires[:-1]
            self._called.start(job, lambda took, text: self._ended(job, fired, took, text))
        if fires:
            took, texts = self._pretended.outcomes(job, fires, self.habits.random_seed)
            first = self.shelf.ids.block(len(fires))
            triggers = range(first, first + len(fires))
            job.log().extend(triggers, fires, took, texts)
            self.recent.add(job, fires, first)
            self._forget(job)
            if self._store is not None:
                rows = zip(triggers, fires, took, texts, strict=True)
                self._store.add_rows([(trigger, job.serial, at, ms, text, None) for trigger, at, ms, text in rows])
        if self._store is not None:
            self._store.put_jobs([job])

    def _ended(self, job: Job, fired: int, took: int, text: str) -> None:
        """Note, from another thread, that a run has ended."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, job, fired, took, text)

    def _note(self, job: Job, fired: int, took: int, text: str) -> None:
        """Write the row of a run that has ended; on a clock that stands or was put back it has taken no time."""
        if self.shelf.by_id(job.tenant, job.job_id) is job:
            self.add_row(job, fired, max(0, min(took, self.now_ms() - fired)), text)


def _style(habits: Habits) -> RowStyle:
    return RowStyle(habits.inactive_word, habits.ids, habits.jobstatus)

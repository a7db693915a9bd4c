"""The twin without its network: jobs, clock, scheduler, journal and store together.

Everything here runs in the thread of one event loop, and the code between two awaits is never interrupted. Two first
saves of one code at once therefore make one job, without a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from reconcile.errors import SettingError
from reconcile.model.reading import reading_at
from reconcile.times import time_zone
from reconcile.twin.clock import TwinClock, check_instant, from_ms
from reconcile.twin.fire_times import FireTimes
from reconcile.twin.habits import Habits
from reconcile.twin.job_runs import SimulatedRuns, UrlRuns
from reconcile.twin.jobs import Job, JobDefinition, JobTable, RowStyle
from reconcile.twin.recent_fires import RecentFires
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
        self.recent_fires = RecentFires()
        self.clock = TwinClock(settings.clock, settings.speed)
        self.zone = time_zone(settings.timezone)
        # As in Quartz, which takes its last year from the clock when it starts.
        self.fire_times = FireTimes(self.zone, reading_at(from_ms(self.clock.now_ms(), self.zone)))
        self.jobs = JobTable(_style(self.habits))
        self.scheduler = Scheduler(self.clock, self.fire_times, self._fire)
        self._simulated = SimulatedRuns(settings)
        self._url_runs = UrlRuns(settings.run_url, settings.run_timeout_seconds) if settings.run_url else None
        self._store = Store(settings.db) if settings.db is not None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._firing: asyncio.Task[None] | None = None
        self._forgotten_at_ms = 0
        self._leap = asyncio.Lock()
        self._is_stopping = False

    def open(self) -> None:
        """Load the file and, when there is no job in it, the seed.

        Raises:
            SettingError: the seed cannot be read; the file is closed.
        """
        try:
            self._load()
        except SettingError:
            if self._store is not None:
                self._store.close()
            raise

    def _load(self) -> None:
        if self._store is not None:
            self._store.load(self.jobs)
            for job in self.jobs:
                for fired, trigger in job.journal.newest() if job.journal is not None else ():
                    if not self.recent_fires.add(job, [fired], trigger):
                        break
        if self.settings.seed is not None and not len(self.jobs):
            self.add(seeded_jobs(read_seed(self.settings.seed), self.jobs.ids, self.clock.now_ms()))
            if self._store is not None:
                self._store.hand_over()

    async def start(self) -> None:
        """Begin to fire; a job that missed fires since the file was last written fires once, now."""
        self._loop = asyncio.get_running_loop()
        self.forget_old_rows()
        self.scheduler.resume(job for job in self.jobs if job.next_ms is None)
        self._firing = asyncio.create_task(self.scheduler.run())

    def hasten(self) -> None:
        """End a leap of the clock early: the twin is about to be stopped."""
        self._is_stopping = True

    async def stop(self) -> None:
        """Fire no more, and write what is left to write."""
        if self._firing is not None:
            self._firing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._firing
        if self._url_runs is not None:
            await asyncio.to_thread(self._url_runs.close)
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
        async with self._leap:
            until = check_instant(self.now_ms() + ms)
            self.scheduler.owe(until)
            # By days: writes do not pile up, and a leap of a year can be ended early.
            for step in [_DAY_MS] * (ms // _DAY_MS) + [ms % _DAY_MS]:
                if self._is_stopping:
                    break
                self.clock.advance(step)
                await self.scheduler.catch_up()
                await asyncio.sleep(0)
                await self.flushed()
        self.scheduler.wake()

    def set_clock(self, now_ms: int | None, speed: float | None) -> None:
        """Set the clock to *now_ms*, let it run *speed* times as fast, or both.

        Jobs count their fires from the new time: missed fires are not made up for.
        """
        self.scheduler.owe(self.now_ms())
        self.clock.change(now_ms=now_ms, speed=speed)
        if now_ms is not None:
            self.scheduler.clear()
            for job in self.jobs:
                job.base_ms, job.next_ms = now_ms, None
                self.scheduler.plan(job)
            if self._store is not None:
                self._store.put_jobs(self.jobs)
        self.scheduler.wake()

    async def flushed(self) -> None:
        """Return when every change is on disk; at once for a twin without a file.

        Raises:
            ServiceError: the file could not be written.
        """
        if self._store is not None:
            await self._store.flushed()

    def save(self, tenant: str, code: str, name: str, cron: str) -> str:
        """Save as the service does, and return the id that acknowledges it.

        Raises:
            CronSyntaxError: Quartz refuses the cron.
            NeverFiresError: it never fires from now on.
        """
        now = self.now_ms()
        self.fire_times.check(cron, now)
        if self.habits.normalise_cron:
            words = cron.upper().split()
            cron = " ".join([*words, "*"] if len(words) == 6 else words)
        jobs = self.jobs.find(tenant, code)
        enabled = not jobs or jobs[0].enabled or self.habits.save_enables
        if jobs and self.habits.save == "upsert":
            job = jobs[0]
            self.change(job, name=name, cron=cron, enabled=enabled)
        else:
            if self.habits.save == "replace":
                self.remove(jobs)
            enabled = enabled or self.habits.save == "append"
            job = self.create(JobDefinition(tenant, code, name, cron, enabled=enabled))
        self.statistics.by_key[tenant, code] += 1
        return job.job_id if self.habits.group_job_id == "same" else str(self.jobs.ids.block())

    def create(self, definition: JobDefinition) -> Job:
        """Add a job, and return it."""
        serial = self.jobs.ids.block()
        job = Job(serial, str(serial), definition, base_ms=self.now_ms())
        self.add([job])
        return job

    def add(self, jobs: list[Job]) -> None:
        """Add *jobs*, plan their fires, and write them to the store."""
        for job in jobs:
            self.jobs.put(job)
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
        self.jobs.put(job)
        self.scheduler.plan(job)
        if self._store is not None:
            self._store.put_jobs([job])

    def remove(self, jobs: list[Job]) -> None:
        """Delete *jobs* and their journals."""
        for job in jobs:
            job.next_ms = None
            self.jobs.remove(job)
        self.recent_fires.forget(jobs)
        if self._store is not None and jobs:
            self._store.remove_jobs(jobs)

    def clear(self) -> None:
        """Delete everything, and reset the counts."""
        self.jobs.clear()
        self.scheduler.clear()
        self.recent_fires.clear()
        self.statistics.reset()
        if self._store is not None:
            self._store.clear()

    def add_row(self, job: Job, fired: int, took: int, text: str, extra: Mapping[str, object] | None = None) -> int:
        """Write one journal row, and return its trigger id; *extra* shows in place of the row's own fields."""
        trigger = self.jobs.ids.block()
        job.log().insert(trigger, fired, took, text, extra)
        self.recent_fires.add(job, [fired], trigger)
        if self._store is not None:
            self._store.add_rows([row_of(job, trigger, fired, took, text, extra)])
        return trigger

    def history(self, tenant: str, job_id: str, page: int, size: int) -> tuple[int, list[dict[str, object]]]:
        """Return how many rows there are, and those of *page* (from 1), newest first."""
        job = self.jobs.by_id(tenant, job_id)
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
        self.jobs.set_style(_style(habits))
        if habits.retention != before.retention:
            self.forget_old_rows()

    def forget_old_rows(self) -> None:
        """Drop the journal rows that are older than the retention."""
        if self.habits.retention is None:
            return
        self._forgotten_at_ms = self.now_ms()
        for job in self.jobs:
            self._forget(job)
        if self._store is not None:
            self._store.forget_before(self.now_ms() - int(self.habits.retention * 1000))

    def _forget(self, job: Job) -> None:
        if self.habits.retention is not None and job.journal is not None:
            job.journal.forget_before(self.now_ms() - int(self.habits.retention * 1000))

    def _forget_now_and_then(self) -> None:
        """Drop old rows, also of jobs that seldom fire and from the file, so that neither grows for ever."""
        if self.habits.retention is not None:
            pause = max(int(self.habits.retention * 100), 60_000)
            if abs(self.now_ms() - self._forgotten_at_ms) > pause:
                self.forget_old_rows()

    def _fire(self, job: Job, fires: list[int]) -> None:
        """Run *job* for each of *fires*. Only the last fire of a leap of the clock calls the URL."""
        self.statistics.fires += len(fires)
        self._forget_now_and_then()
        is_leap = job.next_ms is not None and job.next_ms <= self.scheduler.owed_ms
        if self._url_runs is not None and not is_leap:
            fired, fires = fires[-1], fires[:-1]
            self._url_runs.start(job, lambda took, text: self._ended(job, fired, took, text))
        if fires:
            took, texts = self._simulated.outcomes(job, fires, self.habits.random_seed)
            first = self.jobs.ids.block(len(fires))
            triggers = range(first, first + len(fires))
            job.log().extend(triggers, fires, took, texts)
            self.recent_fires.add(job, fires, first)
            self._forget(job)
            if self._store is not None:
                rows = zip(triggers, fires, took, texts, strict=True)
                self._store.add_rows([(trigger, job.serial, at, ms, text, None) for trigger, at, ms, text in rows])
        if self._store is not None:
            self._store.put_jobs([job])

    def _ended(self, job: Job, fired: int, took: int, text: str) -> None:
        """Report, from another thread, that a run has ended."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._write_run, job, fired, took, text)

    def _write_run(self, job: Job, fired: int, took: int, text: str) -> None:
        """Write the row of a run that has ended; if the clock stands or was set back, the run took no time."""
        if self.jobs.by_id(job.tenant, job.job_id) is job:
            self.add_row(job, fired, max(0, min(took, self.now_ms() - fired)), text)


def _style(habits: Habits) -> RowStyle:
    return RowStyle(habits.inactive_word, habits.ids, habits.jobstatus)

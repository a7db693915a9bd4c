"""A twin in this process, on a free port of the loopback: for the demo, and for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from reconcile.twin import admin
from reconcile.twin.habits import HABITS
from reconcile.twin.server import TwinServer, address_of, listener
from reconcile.twin.settings import TwinSettings
from reconcile.twin.statistics import Statistics

T = TypeVar("T")


class RunningTwin:
    """A twin that answers at *url*. Its methods bypass the service's API, and take effect at once."""

    def __init__(self, server: TwinServer, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._twin = server.twin
        self._loop = loop
        self.url = url

    @property
    def requests(self) -> Statistics:
        """Return the counts so far: requests by operation, saves by key, the highest concurrency."""
        return self._twin.statistics

    def seed(self, tenant: str, jobs: Sequence[Mapping[str, str]]) -> None:
        """Add *jobs*, each with code, name, cron, and perhaps status and jobinfoid; crons are not checked."""
        self._do(lambda: admin.seed(self._twin, {"tenants": {tenant: list(jobs)}}))

    def jobs(self, tenant: str) -> list[dict[str, Any]]:
        """Return the jobs of *tenant*: code, name, cron, status, jobinfoid, next_fire (ISO 8601), fires (a count)."""
        return self._do(lambda: [admin.described(self._twin, job) for job in self._twin.jobs.of(tenant)])

    def change(self, tenant: str, code: str, *, name: str | None = None, cron: str | None = None) -> None:
        """Change all rows of *code*; the cron is not checked."""
        self._each(tenant, code, name=name, cron=cron)

    def disable(self, tenant: str, code: str) -> None:
        """Switch all rows of *code* off."""
        self._each(tenant, code, enabled=False)

    def enable(self, tenant: str, code: str) -> None:
        """Switch all rows of *code* on."""
        self._each(tenant, code, enabled=True)

    def duplicate(self, tenant: str, code: str) -> str:
        """Add a second row like the first of *code*, and return its jobinfoid."""
        return self._do(lambda: admin.duplicate(self._twin, tenant, code))

    def delete(self, tenant: str, code: str) -> None:
        """Delete all rows of *code*, with their journals."""
        self._do(lambda: self._twin.remove(admin.jobs_of(self._twin, tenant, code)))

    def insert_rows(self, tenant: str, code: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Write journal rows for *code*: each with ``fired`` (ISO 8601), perhaps ``took_ms``, ``exedes``, others."""
        self._do(lambda: admin.insert_rows(self._twin, tenant, code, list(rows)))

    def behave(self, **values: object) -> None:
        """Change some of the `Habits`; the others stay as they are."""
        self._do(lambda: self._twin.behave(self._twin.habits.changed(values)))

    def advance(self, span: timedelta) -> None:
        """Move the clock forward by *span*, and return when all that was due in it has fired."""
        self._await(lambda: self._twin.advance(span // timedelta(milliseconds=1)))

    def _each(self, tenant: str, code: str, **change: Any) -> None:
        def act() -> None:
            for job in admin.jobs_of(self._twin, tenant, code):
                self._twin.change(job, **change)

        self._do(act)

    def _do(self, act: Callable[[], T]) -> T:
        """Return the result of *act*, run in the twin's own thread; its changes are then on disk."""

        async def run() -> T:
            result = act()
            await self._twin.flushed()
            return result

        return self._await(run)

    def _await(self, act: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()


@contextmanager
def running_twin(**settings: Any) -> Iterator[RunningTwin]:
    """Run a twin with *settings*, the fields of `TwinSettings` and `Habits`, on a free loopback port for this block.

    Raises:
        SettingError: a setting cannot be used.
    """
    values = {name: settings.pop(name) for name in HABITS if name in settings}
    applied = replace(TwinSettings(port=0), **settings)
    applied = replace(applied, habits=applied.habits.changed(values))
    ready = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    failures: list[BaseException] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await server.run_on(opened, ready.set)

    def run_loop() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    with listener(applied) as opened:
        server = TwinServer(applied)
        server.twin.open()
        thread = threading.Thread(target=run_loop, name="twin", daemon=True)
        thread.start()
        ready.wait()
        try:
            if not failures:
                yield RunningTwin(server, address_of(applied, opened), loops[0])
        finally:
            server.should_exit = True
            thread.join()
    if failures:
        raise failures[0]

"""The twin's state in a SQLite file, so that it survives a `kill -9`: one connection writes, in a thread of its own.

The twin works in memory and gives every change to the store. The changes between two awaits belong together (a replaced
job goes as its successor comes, a fire counts as its row is written): they are one unit, and a unit is never divided
between transactions. A save waits for `flushed` before it is acknowledged: all changes so far are then committed and
synced. Units that wait at the same time share one commit. After a write that failed every later `flushed` fails too,
since file and memory then differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue

from reconcile.errors import ServiceError, SettingError
from reconcile.twin.jobs import Job, JobDefinition, JobTable

_FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS job (
    serial INTEGER PRIMARY KEY, tenant TEXT NOT NULL, code TEXT NOT NULL, jobinfoid TEXT NOT NULL, name TEXT NOT NULL,
    cron TEXT NOT NULL, enabled INTEGER NOT NULL, base_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS journal (
    triggerid INTEGER PRIMARY KEY, job INTEGER NOT NULL, fired_ms INTEGER NOT NULL, took_ms INTEGER NOT NULL,
    exedes TEXT NOT NULL, extra TEXT
);
"""
_PUT_JOB = "INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_ROW = "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?, ?, ?)"

Row = tuple[int, int, int, int, str, str | None]


class Store:
    """The file at *path*, created when there is none.

    Raises:
        SettingError: the file cannot be opened, is not an SQLite file, or is of another format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unit: list[_Write] = []
        self._queue: SimpleQueue[list[_Write] | _Flush | None] = SimpleQueue()
        try:
            self._connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
            with contextlib.ExitStack() as on_error:
                on_error.callback(self._connection.close)
                self._prepare()
                on_error.pop_all()
        except sqlite3.Error as error:
            is_locked = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            hint = "another twin, or another program, has this file open" if is_locked else None
            raise SettingError(f"the twin cannot keep its state in {path}: {error}", hint=hint) from error
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._write_on, name="twin-store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        # Two twins on one file would give out the same ids. The lock ends with the process, however it ends.
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _FORMAT):
            raise SettingError(f"{self._path} is of format {version}, and this twin reads format {_FORMAT}")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"PRAGMA user_version={_FORMAT}")

    def load(self, jobs: JobTable) -> None:
        """Add the jobs and journals of the file to *jobs*. Called before the first change."""
        by_serial: dict[int, Job] = {}
        for serial, tenant, code, job_id, name, cron, enabled, base_ms in self._connection.execute(
            "SELECT * FROM job ORDER BY serial"
        ):
            definition = JobDefinition(tenant, code, name, cron, enabled=bool(enabled))
            job = Job(serial, job_id, definition, base_ms=base_ms)
            by_serial[serial] = job
            jobs.put(job)
            jobs.ids.passed(serial)
        rows = self._connection.execute("SELECT * FROM journal ORDER BY job, fired_ms, triggerid")
        for trigger, serial, fired, took, text, extra in rows:
            jobs.ids.passed(trigger)
            if serial in by_serial:
                by_serial[serial].log().insert(trigger, fired, took, text, json.loads(extra) if extra else None)

    def put_jobs(self, jobs: Iterable[Job]) -> None:
        """Write *jobs* as they are now."""
        self._add(_Write(_PUT_JOB, [_columns(job) for job in jobs]))

    def remove_jobs(self, jobs: Iterable[Job]) -> None:
        """Delete *jobs* and their journals."""
        serials = [(job.serial,) for job in jobs]
        self._add(_Write("DELETE FROM job WHERE serial = ?", serials))
        self._add(_Write("DELETE FROM journal WHERE job = ?", serials))

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Write journal rows: trigger, serial of the job, fire, run time, text, and fields written by hand as JSON."""
        self._add(_Write(_PUT_ROW, rows))

    def forget_before(self, ms: int) -> None:
        """Delete the journal rows of fires before *ms*."""
        self._add(_Write("DELETE FROM journal WHERE fired_ms < ?", [(ms,)]))

    def clear(self) -> None:
        """Delete everything."""
        self._add(_Write("DELETE FROM job", [()]))
        self._add(_Write("DELETE FROM journal", [()]))

    def _add(self, write: _Write) -> None:
        """Add *write* to the unit, which is handed over at the next await of the loop."""
        if not self._unit:
            # Before the loop runs, the caller hands over.
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self.hand_over)
        self._unit.append(write)

    def hand_over(self) -> None:
        """End the unit: later changes may be committed without it, or after it."""
        if self._unit:
            self._queue.put(self._unit)
            self._unit = []

    def flushed(self) -> asyncio.Future[None]:
        """Return a future of the running loop that is done when all changes so far are on disk.

        It raises ServiceError when the file could not be written.
        """
        loop = asyncio.get_running_loop()
        flush = _Flush(loop, loop.create_future())
        self.hand_over()
        self._queue.put(flush)
        return flush.future

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.hand_over()
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _write_on(self) -> None:
        """Commit units until the end of the queue; all units that wait go into one transaction."""
        is_open = True
        while is_open:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            is_open = None not in batch
            self._commit([write for unit in batch if isinstance(unit, list) for write in unit])
            for one in batch:
                if isinstance(one, _Flush):
                    one.end(self._failure)

    def _commit(self, writes: list[_Write]) -> None:
        if not writes or self._failure is not None:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for write in writes:
                self._connection.executemany(write.statement, write.rows)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, ValueError, OverflowError) as error:  # also what SQLite cannot hold
            self._failure = ServiceError(f"the twin can no longer write {self._path}: {error}")
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


class _Write:
    """One statement, and the rows to run it with."""

    __slots__ = ("rows", "statement")

    def __init__(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        self.statement = statement
        self.rows = rows


class _Flush:
    """A mark in the queue: its future is done once everything before it is written."""

    __slots__ = ("_loop", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
        self._loop = loop
        self.future = future

    def end(self, failure: Exception | None) -> None:
        """End the wait, unless the loop has ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set, failure)

    def _set(self, failure: Exception | None) -> None:
        if self.future.done():
            return
        if failure is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(failure)


def row_of(job: Job, trigger: int, fired: int, took: int, text: str, extra: Mapping[str, object] | None) -> Row:
    """Return a journal row of *job* as the store writes it."""
    return trigger, job.serial, fired, took, text, json.dumps(extra) if extra else None


def _columns(job: Job) -> tuple[object, ...]:
    return job.serial, job.tenant, job.code, job.job_id, job.name, job.cron, int(job.enabled), job.base_ms

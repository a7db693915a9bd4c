"""The twin's state in a SQLite file, so that it survives a `kill -9`: one connection writes, in a thread of its own.

The twin works on its memory and tells the store what has changed. What is told between two awaits belongs together (a
replaced job goes as its successor comes, a fire counts as its row is written), so it is handed over in one piece, and a
piece is never divided between transactions. Whoever must be sure (a save, before it is acknowledged) waits for
`settled`, which is done once everything told so far is committed and synced; what waits meanwhile shares one commit. A
write that fails makes every later `settled` fail too: file and memory then differ.
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
from reconcile.twin.jobs import Job, Shelf

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
    """The file at *path*, made when there is none.

    Raises:
        SettingError: the file cannot be opened, is no SQLite file, or is of another format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._piece: list[_Write] = []
        self._told: SimpleQueue[list[_Write] | _Mark | None] = SimpleQueue()
        try:
            self._connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
            with contextlib.ExitStack() as unless_it_fits:
                unless_it_fits.callback(self._connection.close)
                self._prepare()
                unless_it_fits.pop_all()
        except sqlite3.Error as error:
            is_held = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            hint = "another twin, or another program, has this file open" if is_held else None
            raise SettingError(f"the twin cannot keep its state in {path}: {error}", hint=hint) from error
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._write_on, name="twin-store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        # Two twins on one file would give out the same ids. The lock goes with the process, however that ends.
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _FORMAT):
            raise SettingError(f"{self._path} is of format {version}, and this twin reads format {_FORMAT}")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"PRAGMA user_version={_FORMAT}")

    def load(self, shelf: Shelf) -> None:
        """Put the jobs and journals of the file on *shelf*. To be called before anything is told."""
        by_serial: dict[int, Job] = {}
        for serial, tenant, code, job_id, name, cron, enabled, base_ms in self._connection.execute(
            "SELECT * FROM job ORDER BY serial"
        ):
            job = Job(serial, tenant, code, job_id, name, cron, enabled=bool(enabled), base_ms=base_ms)
            by_serial[serial] = job
            shelf.put(job)
            shelf.ids.passed(serial)
        rows = self._connection.execute("SELECT * FROM journal ORDER BY job, fired_ms, triggerid")
        for trigger, serial, fired, took, text, extra in rows:
            shelf.ids.passed(trigger)
            if serial in by_serial:
                by_serial[serial].log().insert(trigger, fired, took, text, json.loads(extra) if extra else None)

    def put_jobs(self, jobs: Iterable[Job]) -> None:
        """Write *jobs* as they are now."""
        self._tell(_Write(_PUT_JOB, [_columns(job) for job in jobs]))

    def remove_jobs(self, jobs: Iterable[Job]) -> None:
        """Delete *jobs* and their journals."""
        serials = [(job.serial,) for job in jobs]
        self._tell(_Write("DELETE FROM job WHERE serial = ?", serials))
        self._tell(_Write("DELETE FROM journal WHERE job = ?", serials))

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Write journal rows: trigger, serial of the job, fire, run time, text, and fields written by hand as JSON."""
        self._tell(_Write(_PUT_ROW, rows))

    def forget_before(self, ms: int) -> None:
        """Delete the journal rows of fires before *ms*."""
        self._tell(_Write("DELETE FROM journal WHERE fired_ms < ?", [(ms,)]))

    def clear(self) -> None:
        """Delete everything."""
        self._tell(_Write("DELETE FROM job", [()]))
        self._tell(_Write("DELETE FROM journal", [()]))

    def _tell(self, write: _Write) -> None:
        """Add *write* to the piece, which goes as soon as whoever speaks pauses."""
        if not self._piece:
            # Before the loop runs, whoever tells hands over, too.
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self.hand_over)
        self._piece.append(write)

    def hand_over(self) -> None:
        """End the piece: what is told from now on may be committed without it, or after it."""
        if self._piece:
            self._told.put(self._piece)
            self._piece = []

    def settled(self) -> asyncio.Future[None]:
        """Return a future of the running loop that is done when all that was told is on disk.

        It raises ServiceError when the file could not be written.
        """
        loop = asyncio.get_running_loop()
        mark = _Mark(loop, loop.create_future())
        self.hand_over()
        self._told.put(mark)
        return mark.future

    def close(self) -> None:
        """Write what was told, and close the file."""
        self.hand_over()
        self._told.put(None)
        self._thread.join()
        self._connection.close()

    def _write_on(self) -> None:
        """Commit what is told until the end is told; all that waits goes into one transaction."""
        is_open = True
        while is_open:
            batch = [self._told.get()]
            while not self._told.empty():
                batch.append(self._told.get())
            is_open = None not in batch
            self._commit([write for piece in batch if isinstance(piece, list) for write in piece])
            for one in batch:
                if isinstance(one, _Mark):
                    one.reach(self._failure)

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
    """Something to be written."""

    __slots__ = ("rows", "statement")

    def __init__(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        self.statement = statement
        self.rows = rows


class _Mark:
    """Somebody who waits until all before is written."""

    __slots__ = ("_loop", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
        self._loop = loop
        self.future = future

    def reach(self, failure: Exception | None) -> None:
        """Tell whoever waits; a loop that has ended waits for nothing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle, failure)

    def _settle(self, failure: Exception | None) -> None:
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

"""Where the program is started many times quickly: each run is a process of its own, forked from one that is warm.

What a test asks for is written to its stdin, a JSON object a line: ``{"arguments": [...], "folder": ..., "environ":
...}`` is answered with the number of a new process, ``{"wait": number}`` with how that ended. `tests.journeys.crashes`
asks. A run that is to die is told where by ``"die": [boundary, moment, count]``: it then kills itself *before* or
*after* its count-th `commit` (a transaction of the ledger that writes), `push` (of a ledger in Git), `step` (a commit
or push that is durable) or `save`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection

from reconcile import cli
from reconcile.git.shared_ref import GitRef
from reconcile.ledger import environment_lock, git_ledger, git_steps
from reconcile.ledger.database import Database
from reconcile.ledger.lease import Lease
from reconcile.ledger.open_ledger import open_ledger
from reconcile.ports import Pushed
from reconcile.service.messages import Operation, Request, SendResult
from reconcile.service.system_clock import SystemClock
from reconcile.service.transport import RequestsTransport
from reconcile.session import saving

WARM = ("reconcile.commands.apply", "reconcile.commands.plan", "reconcile.commands.status", "reconcile.commands.unlock")
LIBRARIES = ("psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.postgresql.psycopg", "jsonschema")
# Small enough for several waves in a run of 20 changes.
WAVE = 6


def serve() -> None:
    """Answer until nobody asks any more."""
    for name in (*WARM, *LIBRARIES):
        importlib.import_module(name)
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                _live(order)
        print(json.dumps(answer), flush=True)


def _live(order: dict[str, Any]) -> NoReturn:
    """Be the program; does not return."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, name in ((1, f"{os.getpid()}.out"), (2, f"{os.getpid()}.err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if "lease_seconds" in order:
        _be_impatient(order["lease_seconds"])
    if "wall_seconds" in order:
        _be_wrong(order["wall_seconds"])
    if "slept" in order:
        _sleep_as_told(Path(order["slept"]))
    if "die" in order:
        _die(*order["die"])
    code: object = 1
    try:
        cli.main(order["arguments"])
    except SystemExit as ending:
        code = ending.code
    finally:
        # Without taking apart, once more, all that the warm one holds.
        cli.end(code if isinstance(code, int) else 1)


def _be_impatient(seconds: float) -> None:
    """Let a waiter take the lock of a dead run over soon. A run that holds it itself has all the time of the world."""
    assert open_ledger.__kwdefaults__ is not None
    open_ledger.__kwdefaults__["lease"] = Lease(seconds, seconds / 4, -3600)
    environment_lock.POLL_SECONDS = 0.02
    git_ledger.POLL_SECONDS = 0.02
    # Not renewed before the run is over: each push of it is one of its steps.
    git_ledger.LEASE = git_steps.LEASE = Lease(seconds, 600, -3600)


def _be_wrong(seconds: float) -> None:
    """Let the wall clock of this process be so many seconds ahead."""
    now = SystemClock.now
    SystemClock.now = lambda clock: now(clock) + timedelta(seconds=seconds)  # type: ignore[method-assign]


def _sleep_as_told(file: Path) -> None:
    """Let the machine have slept for as many seconds as *file* says, by the clock that counts sleep."""
    monotonic = SystemClock.monotonic
    SystemClock.monotonic = lambda clock: monotonic(clock) + float(file.read_text())  # type: ignore[method-assign]


def _die(boundary: str, moment: str, count: int) -> None:
    """Arrange the end of this process."""
    passed = itertools.count(1)

    def reach(here: str, now: str) -> None:
        if (here, now) == (boundary, moment) and next(passed) == count:
            os.kill(os.getpid(), signal.SIGKILL)

    saving.CHANGES_PER_REQUEST = WAVE
    Database.writing = _writing(Database.writing, reach)  # type: ignore[method-assign]
    RequestsTransport.send = _sending(RequestsTransport.send, reach)  # type: ignore[method-assign]
    GitRef.push = _pushing(GitRef.push, reach)  # type: ignore[method-assign]


def _writing(writing: Callable[[Database], Any], reach: Callable[[str, str], None]) -> Callable[[Database], Any]:
    @contextlib.contextmanager
    def instead(database: Database) -> Iterator[Connection]:
        # The database of a run with a ledger in Git is the run's own.
        kinds = ("commit", "step") if database.address.url else ("commit",)
        with writing(database) as connection:
            yield connection
            for kind in kinds:
                reach(kind, "before")
        for kind in kinds:
            reach(kind, "after")

    return instead


def _pushing(push: Callable[..., Pushed], reach: Callable[[str, str], None]) -> Callable[..., Pushed]:
    def instead(ref: GitRef, old: str | None, new: str) -> Pushed:
        for kind in ("push", "step"):
            reach(kind, "before")
        pushed = push(ref, old, new)
        for kind in ("push", "step"):
            reach(kind, "after")
        return pushed

    return instead


def _sending(send: Callable[..., SendResult], reach: Callable[[str, str], None]) -> Callable[..., SendResult]:
    def instead(transport: RequestsTransport, request: Request) -> SendResult:
        if request.operation is not Operation.SAVE:
            return send(transport, request)
        reach("save", "before")
        result = send(transport, request)
        reach("save", "after")
        return result

    return instead


if __name__ == "__main__":
    serve()

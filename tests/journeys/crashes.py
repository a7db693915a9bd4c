"""Runs that are killed, against a twin and a ledger that outlive them; and what must be true afterwards."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconcile.ledger.address import ledger_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.keys import Key
from reconcile.model.ledger_records import Ending
from reconcile.service.system_clock import SystemClock
from reconcile.twin.statistics import Statistics
from reconcile.twin.testing import RunningTwin, running_twin
from reconcile.twin.twin import Twin
from tests.journeys.program import ENVIRONMENT, Ended
from tests.ledger.git_ledgers import open_in_git

CHECKOUT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
BEFORE = "0 0 1 * * ?"
WORKSPACE = """\
format_version: "1"
workspace: crashes
{ledger}
limits: {{max_changes: 1000, max_change_percent: 100}}
environments:
  test:
    url: {url}
    timeout: 60s
    concurrency: {parallelism}
"""


class Nursery:
    """Starts runs of the program by `tests.journeys.nursery`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, folder: Path, *arguments: str, **more: Any) -> int:
        """Start a run in *folder* and return the number of its process."""
        order = {"folder": str(folder), "arguments": arguments, "environ": ENVIRONMENT, **more}
        return self._ask(order)

    def ended(self, folder: Path, number: int) -> Ended:
        """Wait for a run that was started in *folder*, and return how it ended."""
        code = self._ask({"wait": number})
        out, err = (folder / f"{number}.{name}" for name in ("out", "err"))
        return Ended(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def run(self, folder: Path, *arguments: str, **more: Any) -> Ended:
        """Run in *folder* and return how it ended."""
        return self.ended(folder, self.start(folder, *arguments, **more))

    def _ask(self, order: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: int = json.loads(self._process.stdout.readline())
        return answer


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery until the end of this block."""
    command = [sys.executable, "-m", "tests.journeys.nursery"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    # Not measured: what is killed tells nothing, and forks would write to their parent's measurements.
    environ = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("COV")}
    with subprocess.Popen(command, cwd=CHECKOUT, env=environ, encoding="utf-8", **pipes) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def nothing() -> None:
    """Do nothing with a request."""


@dataclass
class Watched:
    """A twin, and each save that it did: what was saved for each key, in order. *asked* hears of each request."""

    twin: RunningTwin
    saves: dict[Key, list[tuple[str, str]]] = field(default_factory=dict)
    asked: Callable[[], None] = nothing

    def kill_at(self, request: int, seconds: float) -> Future[int]:
        """Kill a process *seconds* after the so manieth request from now on; its number is to be put in this Future.

        Without seconds it is killed while it waits for the answer.
        """
        number: Future[int] = Future()
        coming = itertools.count()

        def asked() -> None:
            if next(coming) != request:
                return
            if seconds:
                threading.Timer(seconds, lambda: os.kill(number.result(), signal.SIGKILL)).start()
            else:
                os.kill(number.result(), signal.SIGKILL)

        self.asked = asked
        return number


@contextlib.contextmanager
def watched_twin() -> Iterator[Watched]:
    """A twin whose saves are written down as they are done."""
    saves: dict[Key, list[tuple[str, str]]] = {}
    save, begin = Twin.save, Statistics.begin

    def noting(twin: Twin, tenant: str, code: str, name: str, cron: str) -> str:
        saves.setdefault(Key(tenant, code), []).append((name, cron))
        return save(twin, tenant, code, name, cron)

    def begun(statistics: Statistics) -> None:
        begin(statistics)
        watched.asked()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Twin, "save", noting)
        patch.setattr(Statistics, "begin", begun)
        with running_twin() as twin:
            watched = Watched(twin, saves)
            yield watched


@dataclass
class Scene:
    """One tenant of the twin, declared in a folder: every second key is there with another cron, every seventh as it is
    declared, and the others are not there."""

    folder: Path
    nursery: Nursery
    watched: Watched
    tenant: str
    wanted: dict[Key, tuple[str, str]]
    ledger: str

    def start(self, *arguments: str, **more: Any) -> int:
        """Start a run here."""
        return self.nursery.start(self.folder, *arguments, **more)

    def ended(self, number: int) -> Ended:
        """Wait for a run that was started here."""
        return self.nursery.ended(self.folder, number)

    def run(self, *arguments: str, **more: Any) -> Ended:
        """Run here."""
        return self.nursery.run(self.folder, *arguments, **more)

    def keep_in(self, ledger: str) -> None:
        """Name another *ledger* in the declarations."""
        workspace = self.folder / "schedules" / "reconcile.yaml"
        kept = [line for line in workspace.read_text(encoding="utf-8").split("\n") if not line.startswith("ledger: ")]
        kept.insert(2, f"ledger: {json.dumps(ledger)}")
        workspace.write_text("\n".join(kept), encoding="utf-8")
        self.ledger = ledger

    def status(self) -> dict[str, Any]:
        """What the program says of the environment."""
        ended = self.run("status", "--format", "json")
        assert ended.code == 0, ended
        (found,) = ended.document["environments"]
        return dict(found)

    def check_told(self) -> None:
        """Hold what the program itself says to the same."""
        told = self.status()
        assert (told["open"], told["lock"], told["runs"][0]["ending"]) == ([], None, "finished")
        ended = self.run("plan", "--detailed-exitcode")
        assert ended.code == 0, ended.out

    def live(self) -> dict[Key, list[tuple[str, str, str]]]:
        """What the twin holds: name, cron and id of each job, by key."""
        held: dict[Key, list[tuple[str, str, str]]] = {}
        for job in self.watched.twin.jobs(self.tenant):
            held.setdefault(Key(self.tenant, job["code"]), []).append((job["name"], job["cron"], job["jobinfoid"]))
        return held

    def saves(self) -> dict[Key, list[tuple[str, str]]]:
        """What was saved here, by key."""
        return {key: done for key, done in self.watched.saves.items() if key.tenant == self.tenant}

    def check(self, *, most_saves: int) -> None:
        """Hold everything to what must be true once a run has ended well after one that was killed."""
        live = self.live()
        assert {key: [job[:2] for job in jobs] for key, jobs in live.items()} == {
            key: [value] for key, value in self.wanted.items()
        }
        for key, done in self.saves().items():
            assert set(done) == {self.wanted[key]}, f"{key} was saved with other values"
            assert len(done) <= most_saves, f"{key} was saved {len(done)} times"
        address = ledger_address(self.ledger or None, self.folder / ".reconcile" / "crashes" / "ledger.db", {})
        assert address is not None
        clock = SystemClock(threading.Event())
        opening = open_ledger if address.remote is None else open_in_git
        ledger = opening(address, workspace="crashes", environment="test", clock=clock, create=False)
        assert ledger is not None
        with ledger:
            applied = ledger.last_applied()
            assert ledger.open_changes() == ()
            last, *earlier = ledger.runs(most=20)
            assert (last.ending, ledger.lock_holder()) == (Ending.FINISHED, None)
            dead = [one for one in earlier if one.ending is None]
            assert [one.settled_by for one in dead] == [last.start.id] * len(dead)
        assert {key: (one.name, one.cron) for key, one in applied.items()} == self.wanted
        assert all(one.job_ids == (live[key][0][2],) for key, one in applied.items())


def scene(
    folder: Path, nursery: Nursery, watched: Watched, *, changes: int, ledger: str, parallelism: int = 1
) -> Scene:
    """Declare *changes* changes, in a new tenant that is named as *folder*."""
    tenant = folder.name
    keep = max(1, changes // 7)
    wanted = {Key(tenant, f"{at:04}"): (f"任务 {at}", f"0 {at % 60} 2 * * ?") for at in range(changes + keep)}
    there = [
        {"code": key.code, "name": name, "cron": cron if at >= changes else BEFORE}
        for at, (key, (name, cron)) in enumerate(wanted.items())
        if at % 2 or at >= changes
    ]
    watched.twin.seed(tenant, there)
    (folder / "schedules" / "tenants").mkdir(parents=True)
    setting = f"ledger: {json.dumps(ledger)}" if ledger else ""
    text = WORKSPACE.format(url=watched.twin.url, ledger=setting, parallelism=parallelism)
    (folder / "schedules" / "reconcile.yaml").write_text(text, encoding="utf-8")
    listed = [f'  - {{code: "{key.code}", name: "{name}", cron: "{cron}"}}\n' for key, (name, cron) in wanted.items()]
    text = f"tenant: {tenant}\nschedules:\n{''.join(listed)}"
    (folder / "schedules" / "tenants" / "one.yaml").write_text(text, encoding="utf-8")
    return Scene(folder, nursery, watched, tenant, wanted, ledger)

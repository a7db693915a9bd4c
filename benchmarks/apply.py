"""What an apply takes beside its floor: every schedule changes, with each kind of ledger.

    python -m benchmarks.apply [--changes 1000 10000] [--tenants 10 100] [--latency 20ms] [--concurrency 32] [--runs 3]
                               [--ledgers none file postgres git git-http]

For each size a twin of its own holds the schedules. A plan that gives each of them another cron is saved, and applied
by a process of its own, the beginning of Python and of the program included. Beside it, in the same round, the floor:
the bare calls that no safe apply can do without (each key is read again, saved, and read back) by the same client
library with as many threads. Each round goes back to where the one before began. PostgreSQL is a private server of the
tests, `git` a bare repository of this machine, and `git-http` one behind git's own HTTP server, without latency.

Medians of wall times, and the median of the ratios of a round; the pushes are those of the first round. On a machine
with few cores the twin takes its share of them, in the floor and in the apply alike.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import write
from benchmarks.http_floor import bare_queries, bare_saves, query_bodies, save_bodies
from benchmarks.main_loop import JOB, QUERY, Took, program, twin
from reconcile.git.refs import ledger_ref
from tests import postgres
from tests.git_server import serving

LEDGERS = ("none", "file", "postgres", "git", "git-http")


@dataclass(frozen=True)
class Round:
    """One apply, and the bare calls just before it, in seconds; *pushes* of a ledger in Git."""

    took: Took
    floor: float
    pushes: int

    @property
    def ratio(self) -> float:
        """Return how many times the floor the apply took."""
        return self.took.wall / self.floor


def floor_of(plan: Path, url: str, concurrency: int) -> float:
    """Read, save and read back what *plan* is about, by bare calls; what is saved is what is live."""
    changes = json.loads(plan.read_text(encoding="utf-8"))["changes"]
    reading = query_bodies([(one["tenant"], one["code"]) for one in changes], 100)
    again = [(one["tenant"], one["code"], one["desired"]["name"], one["live"][0]["cron"]) for one in changes]
    spent = sum(bare_queries(url + QUERY, reading, concurrency).seconds for _ in range(2))
    return spent + bare_saves(url + JOB, save_bodies(again), concurrency).seconds


@dataclass(frozen=True)
class Home:
    """Where a ledger is kept: the *setting*, and the log of its ref, where it is one in Git."""

    setting: str
    log: Path | None = None

    @property
    def pushes(self) -> int:
        """Return how often the ref was moved so far."""
        if self.log is None or not self.log.exists():
            return 0
        return len(self.log.read_text(encoding="utf-8").splitlines())


def rounds(changes: int, tenants: int, home: Home, options: argparse.Namespace, url: str, folder: Path) -> list[Round]:
    """Change everything, `--runs` times there or back again."""
    made = []
    for number in range(options.runs):
        write(
            folder / "schedules",
            tenants=tenants,
            schedules=changes // tenants,
            changed=1.0 if number % 2 == 0 else 0.0,
            url=url,
        )
        with (folder / "schedules" / "reconcile.yaml").open("a", encoding="utf-8") as file:
            file.write(f"ledger: {home.setting}\n")
        parallel = ("--parallelism", str(options.concurrency))
        program(folder, url, "plan", "--out", "plan.json", *parallel)
        floor = floor_of(folder / "plan.json", url, options.concurrency)
        pushes = home.pushes
        took = program(folder, url, "apply", "plan.json", "--yes", "--allow-changes", str(changes), *parallel)
        made.append(Round(took, floor, home.pushes - pushes))
    if options.runs % 2:
        write(folder / "schedules", tenants=tenants, schedules=changes // tenants, url=url)
        program(folder, url, "apply", "--yes", "--allow-changes", str(changes), *parallel)
    return made


@contextlib.contextmanager
def home_of(ledger: str) -> Iterator[Home]:
    """Give a home of this kind that no run has used."""
    if ledger in ("none", "file"):
        yield Home(ledger)
    elif ledger == "postgres":
        with postgres.running() as server, postgres.database(server) as url:
            yield Home(url)
    else:
        with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as root, serving(Path(root)) as server:
            bare = server.bare("ledger.git")
            subprocess.run(["git", "-C", str(bare), "config", "core.logAllRefUpdates", "always"], check=True)
            url = f"file://{bare}" if ledger == "git" else f"{server.url}/ledger.git"
            yield Home(f"git+{url}", bare / "logs" / ledger_ref("benchmark", "bench"))


def measure(changes: int, tenants: int, options: argparse.Namespace) -> None:
    """Print the lines of one size."""
    folder = Path(tempfile.mkdtemp(prefix="reconcile-bench-"))
    try:
        with twin(changes, options.latency, folder, per_tenant=changes // tenants) as url:
            print(
                f"{changes:>7,} changes in {tenants} tenants, latency {options.latency}, {options.concurrency} at once"
            )
            for ledger in options.ledgers:
                with home_of(ledger) as home:
                    show(ledger, rounds(changes, tenants, home, options, url, folder))
    finally:
        shutil.rmtree(folder)


def show(ledger: str, made: list[Round]) -> None:
    """Print one line."""
    wall, floor, ratio = (
        statistics.median(values)
        for values in ([one.took.wall for one in made], [one.floor for one in made], [one.ratio for one in made])
    )
    cpu = statistics.median(one.took.cpu for one in made)
    peak = statistics.median(one.took.peak_mib for one in made)
    print(
        f"    ledger {ledger:<9} wall {wall:6.2f} s, floor {floor:6.2f} s: {ratio:.2f} × "
        f"(CPU {cpu:6.2f} s, peak {peak:.0f} MiB, {made[0].took.requests} requests, {made[0].pushes} pushes)",
        flush=True,
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--tenants", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--latency", default="20ms")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ledgers", nargs="+", choices=LEDGERS, default=list(LEDGERS))
    options = parser.parse_args()
    for changes in options.changes:
        for tenants in options.tenants:
            measure(changes, tenants, options)


if __name__ == "__main__":
    main()

"""What plan and apply take, with the floor under each in the same run.

    python benchmarks/main_loop.py [--sizes 1000 10000 100000] [--latency 20ms] [--concurrency 32] [--runs 3]
                                   [--url URL]

For each size a twin of its own holds the schedules; with --url it is the service there, which is first made to hold
them by an apply (as the tenants `tenant-00000` and so on: give it a service to play with). Then `validate`, a `plan`
without a change, a `plan` with 1 % changed, and an `apply` of a saved plan of 1,000 changes run as processes of their
own, each `--runs` times. Beside them the floor: PyYAML's C loader on the same bytes, and the bare HTTP calls by the
same client library with as many threads.
Wall and CPU are medians; CPU and peak memory are those of the process alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.declare import cpu_seconds, theirs
from benchmarks.generate import rows, tenant_name, write
from benchmarks.http_floor import bare_queries, bare_saves, query_bodies, save_bodies

PER_TENANT = 100
CHANGES = 1_000
QUERY, JOB = "/task/quartz/queryjobstatus", "/task/quartz/bizcronjob"


@dataclass(frozen=True)
class Took:
    """One run of the program."""

    wall: float
    cpu: float
    peak_mib: float
    requests: int | None


@contextlib.contextmanager
def twin(size: int, latency: str, folder: Path, *, per_tenant: int = PER_TENANT) -> Iterator[str]:
    """Run a twin that holds *size* schedules, and yield its URL."""
    seed = folder / "seed.json"
    tenants = {
        tenant_name(tenant): [
            {"code": row.code, "name": row.name, "cron": row.cron} for row in rows(tenant, per_tenant)
        ]
        for tenant in range(size // per_tenant)
    }
    seed.write_text(json.dumps({"tenants": tenants}), encoding="utf-8")
    command = [sys.executable, "-m", "reconcile", "twin", "--port", "0", "--seed", str(seed), "--latency", latency]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield re.findall(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait()


def served(url: str) -> int | None:
    """Return how many requests the twin has served; None where there is none to tell."""
    try:
        with urllib.request.urlopen(f"{url}/_twin/statistics") as reply:
            return int(sum(json.load(reply)["requests"].values()))
    except (OSError, ValueError, KeyError):
        return None


@contextlib.contextmanager
def given(url: str, size: int, folder: Path, concurrency: int) -> Iterator[str]:
    """Make the service at *url* hold *size* schedules, and yield its URL."""
    write(folder / "schedules", tenants=size // PER_TENANT, schedules=PER_TENANT, url=url)
    program(folder, url, "apply", "--yes", "--allow-changes", str(size), "--parallelism", str(concurrency))
    yield url


def program(folder: Path, url: str, *arguments: str, ends: tuple[int, ...] = (0,)) -> Took:
    """Run the program once in *folder*."""
    before = served(url)
    began = time.perf_counter()
    command = [sys.executable, "-m", "reconcile", *arguments, "-q", "--format", "json"]
    with (folder / "out").open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in ends, f"{arguments} ended with {process.returncode}"
    after = served(url)
    requests = None if before is None or after is None else after - before
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, requests)


def median(runs: int, once: Callable[[], Took]) -> Took:
    """Return the medians of several runs."""
    took = [once() for _ in range(runs)]
    return Took(
        *(statistics.median(getattr(one, name) for one in took) for name in ("wall", "cpu", "peak_mib")),
        took[0].requests,
    )


def show(title: str, took: Took, size: int, floor: str) -> None:
    """Print one line."""
    requests = "?" if took.requests is None else f"{took.requests:,}"
    print(
        f"    {title:<22} wall {took.wall:7.2f} s, CPU {took.cpu / size * 1e6:7.1f} µs/schedule, "
        f"{requests:>6} requests, peak {took.peak_mib:6.1f} MiB; {floor}"
    )


def measure(size: int, options: argparse.Namespace, folder: Path) -> None:
    """Print the lines of one size."""
    concurrency = options.concurrency
    service = twin(size, options.latency, folder)
    if options.url is not None:
        service = given(options.url.rstrip("/"), size, folder, concurrency)
    with service as url:
        declared = folder / "schedules"
        write(declared, tenants=size // PER_TENANT, schedules=PER_TENANT, url=url)
        print(
            f"{size:>9,} schedules in {size // PER_TENANT:,} files, "
            f"{url if options.url else f'latency {options.latency}'}, {concurrency} calls at once"
        )
        loader = statistics.median(cpu_seconds(theirs, declared) for _ in range(options.runs))
        load = median(options.runs, lambda: program(folder, url, "validate"))
        show("validate", load, size, f"yaml.load alone {loader / size * 1e6:.1f} µs/schedule")
        keys = [
            (tenant_name(tenant), row.code) for tenant in range(size // PER_TENANT) for row in rows(tenant, PER_TENANT)
        ]
        calls = bare_queries(url + QUERY, query_bodies(keys, 100), concurrency)
        parallel = ("--parallelism", str(concurrency))
        quiet = median(options.runs, lambda: program(folder, url, "plan", *parallel))
        show(
            "plan, nothing changed", quiet, size, f"bare queries {calls.seconds:.2f} s: {_ratio(quiet, calls.seconds)}"
        )
        write(declared, tenants=size // PER_TENANT, schedules=PER_TENANT, changed=0.01, url=url)
        one = median(options.runs, lambda: program(folder, url, "plan", *parallel))
        show("plan, 1 % changed", one, size, f"bare queries {calls.seconds:.2f} s: {_ratio(one, calls.seconds)}")
        _apply(size, options, folder, url)


def _apply(size: int, options: argparse.Namespace, folder: Path, url: str) -> None:
    """Apply a saved plan of 1,000 changes, once: it cannot be done twice."""
    write(
        folder / "schedules",
        tenants=size // PER_TENANT,
        schedules=PER_TENANT,
        changed=min(1.0, CHANGES / size),
        url=url,
    )
    program(folder, url, "plan", "--out", "plan.json")
    changes = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["changes"]
    keys = [(change["tenant"], change["code"]) for change in changes]
    reading = query_bodies(keys, 100)
    # Before and after the saves; and what is saved is what is live, so that nothing moves under the plan.
    floor = sum(bare_queries(url + QUERY, reading, options.concurrency).seconds for _ in range(2))
    again = [(c["tenant"], c["code"], c["desired"]["name"], c["live"][0]["cron"]) for c in changes]
    floor += bare_saves(url + JOB, save_bodies(again), options.concurrency).seconds
    arguments = ("apply", "plan.json", "--yes", "--allow-changes", str(len(changes)))
    took = program(folder, url, *arguments, "--parallelism", str(options.concurrency))
    show(f"apply of {len(changes):,}", took, size, f"bare calls {floor:.2f} s: {_ratio(took, floor)}")


def _ratio(took: Took, floor: float) -> str:
    return f"{took.wall / floor:.2f} × their wall, {(took.wall - took.cpu) / floor:.2f} × without CPU"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--latency", default="20ms")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", help="a service to play with, instead of a twin")
    options = parser.parse_args()
    for size in options.sizes:
        folder = Path(tempfile.mkdtemp(prefix="reconcile-bench-"))
        try:
            measure(size, options, folder)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

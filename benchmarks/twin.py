"""What the twin serves and fires, in memory and with a SQLite file.

    python -m benchmarks.twin [--jobs 100000] [--schedules 10000] [--seconds 5] [--connections 32] [--profile]

A twin in a process of its own holds `--jobs` jobs: requests per second as wrk sees them (Debian's package `wrk`; left
out, and said, where there is none), beside the share of one core that the twin used, and memory per job. Then another
is advanced by a virtual week of `--schedules` schedules. `--profile` shows where the time of queries of 100 codes goes;
its figures are those of a profiled run.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import pstats
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.generate import rows, tenant_name

PER_TENANT = 100
MONDAY = "2026-01-05T00:00:00+08:00"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Tenants and codes as benchmarks/generate.py has them; a number of 19 digits is put together from two.
COMMON = """
local tenants, per_tenant, n = %d, %d, 0
local function code(tenant, number) return string.format("%%d%%06d", 1085431505565 + tenant, number %% per_tenant) end
local function post(path, tenant, body)
  local headers = {["Content-Type"] = "application/json", ["tecode"] = string.format("tenant-%%05d", tenant)}
  return wrk.format("POST", path, headers, body)
end
"""
QUERY = """
local size = %d
request = function()
  n = n + 1
  local tenant, codes = n %% tenants, {}
  for at = 1, size do codes[at] = code(tenant, n + at) end
  return post("/task/quartz/queryjobstatus", tenant, '{"codes":"' .. table.concat(codes, ",") .. '","jobtype":""}')
end
"""
SAVE = """
request = function()
  n = n + 1
  local tenant = n % tenants
  local asked = '"jobname":"订单同步","cronexpression":"' .. string.format("%d %d 2 * * ?", n % 60, n / 60 % 60)
  local body = '{"xw_quartz":{"opttype":"save",' .. asked .. '","bizcode":"' .. code(tenant, n) .. '"}}'
  return post("/task/quartz/bizcronjob", tenant, body)
end
"""


@dataclass(frozen=True)
class Running:
    """A twin in a process of its own."""

    url: str
    pid: int

    def ask(self, method: str, path: str, told: object = None) -> dict[str, Any]:
        """Ask what stands under ``/_twin/``."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=3600)
        body = None if told is None else json.dumps(told)
        connection.request(method, f"/_twin/{path}", body, {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def mib(self) -> float:
        """Return the memory in use now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@contextlib.contextmanager
def twin(*options: str, python: tuple[str, ...] = ()) -> Iterator[Running]:
    """Run a twin until the block ends."""
    command = [sys.executable, *python, "-m", "reconcile", "twin", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Running(re.findall(r"http://\S+", process.stdout.readline())[0], process.pid)
    finally:
        process.terminate()
        process.wait()


def seed(folder: Path, jobs: int) -> Path:
    """Write the jobs of a twin, and return the file."""
    tenants = {
        tenant_name(tenant): [
            {"code": row.code, "name": row.name, "cron": row.cron} for row in rows(tenant, PER_TENANT)
        ]
        for tenant in range(max(1, jobs // PER_TENANT))
    }
    file = folder / f"seed-{jobs}.json"
    file.write_text(json.dumps({"tenants": tenants}), encoding="utf-8")
    return file


def wrk(running: Running, script: str, folder: Path, options: argparse.Namespace) -> str:
    """Return what wrk reached with *script*, in words."""
    file = folder / "wrk.lua"
    file.write_text(script, encoding="utf-8")
    began, used = time.perf_counter(), running.cpu_seconds()
    command = [
        "wrk",
        "-t1",
        f"-c{options.connections}",
        f"-d{options.seconds}s",
        "--latency",
        "-s",
        str(file),
        running.url,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    share = (running.cpu_seconds() - used) / (time.perf_counter() - began)
    per_second = float(re.findall(r"Requests/sec:\s+([0-9.]+)", said)[0])
    slowest = re.findall(r"99%\s+(\S+)", said)[0]
    bad = re.findall(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", said)
    return f"{per_second:>8,.0f}/s, 99 % within {slowest}, twin at {share:.0%} of a core {' '.join(bad)}"


def serving(options: argparse.Namespace, folder: Path) -> None:
    """Print requests per second and memory, in memory and with a file."""
    common = COMMON % (options.jobs // PER_TENANT, PER_TENANT)
    scripts = {
        "queries of 1 code": common + QUERY % 1,
        "queries of 100 codes": common + QUERY % 100,
        "saves": common + SAVE,
    }
    file = seed(folder, options.jobs)
    with twin() as empty:
        alone = empty.mib()
    for title, more in (("in memory", ()), ("SQLite", ("--db", str(folder / "serving.db")))):
        with twin("--seed", str(file), *more) as running:
            used = running.mib() - alone
            print(f"{options.jobs:,} jobs, {title}: {used:.0f} MiB, {used * 1024 / options.jobs:.2f} KiB a job")
            for name, script in scripts.items() if shutil.which("wrk") else ():
                print(f"    {name:<22} {wrk(running, script, folder, options)}")
            tenants = running.ask("GET", "overview")["tenants"]
            assert sum(tenants.values()) == options.jobs, "the saves met other codes than those of the seed"
    if not shutil.which("wrk"):
        print("    no wrk here: requests per second were not measured")


def week(options: argparse.Namespace, folder: Path) -> None:
    """Print what a virtual week takes."""
    file = seed(folder, options.schedules)
    start = ("--clock", MONDAY, "--speed", "0", "--timezone", "Asia/Shanghai", "--seed", str(file))
    for title, more in (
        ("in memory", ()),
        ("in memory, 5 % fail", ("--failure-rate", "0.05")),
        ("SQLite", ("--db", str(folder / "week.db"))),
    ):
        with twin(*start, *more) as running:
            began = time.perf_counter()
            running.ask("POST", "clock", {"advance": "7d"})
            took = time.perf_counter() - began
            fires = int(running.ask("GET", "statistics")["fires"])
            print(
                f"a week of {options.schedules:,} schedules, {title}: {took:.1f} s, {fires:,} fires, "
                f"{took / fires * 1e6:.2f} µs each, {running.mib():.0f} MiB then"
            )


def profile(options: argparse.Namespace, folder: Path) -> None:
    """Print the functions that queries of 100 codes spend most time in."""
    stats = folder / "profile"
    script = COMMON % (options.jobs // PER_TENANT, PER_TENANT) + QUERY % 100
    file = seed(folder, options.jobs)
    with twin("--seed", str(file), python=("-m", "cProfile", "-o", str(stats))) as running:
        print(wrk(running, script, folder, options))
    pstats.Stats(str(stats)).sort_stats("tottime").print_stats(20)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as name:
        if options.profile:
            profile(options, Path(name))
            return
        serving(options, Path(name))
        week(options, Path(name))


if __name__ == "__main__":
    main()

"""Measure reading, checking and resolving declarations against `yaml.load` with the C loader on the same bytes.

    python benchmarks/declare.py [--sizes 1000 10000 100000] [--per-tenant 100] [--runs 5]

For each size: the peak memory of one run, in a process of its own that does nothing else; and medians of CPU time over
the runs, which alternate between the two in one process.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks.generate import write
from reconcile.declare import load_declarations, load_workspace
from reconcile.engine.resolve import resolve
from reconcile.git.worktree import WorkTree
from reconcile.session.garbage_collection import without_garbage_collection


@without_garbage_collection()
def ours(folder: Path) -> int:
    """Read, check and resolve the workspace in *folder*; return the number of schedules."""
    tree = WorkTree(folder)
    workspace, findings = load_workspace("schedules", tree)
    assert workspace is not None, findings
    (environment,) = workspace.environments.values()
    declarations, found = load_declarations(workspace, environment, tree)
    resolution = resolve(declarations, environment)
    assert not findings and not found and not resolution.findings, (findings, found, resolution.findings)
    return len(resolution.desired)


def theirs(folder: Path) -> int:
    """Load every tenant file of the workspace in *folder* with PyYAML's C loader; return the number of schedules."""
    count = 0
    for path in sorted((folder / "tenants").iterdir()):
        count += len(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["schedules"])
    return count


VARIANTS: dict[str, Callable[[Path], int]] = {"ours": ours, "yaml.load": theirs, "imports only": lambda _: 0}


def cpu_seconds(run: Callable[[Path], int], folder: Path) -> float:
    """Return the CPU time of one run, which leaves nothing behind."""
    gc.collect()
    start = time.process_time()
    run(folder)
    return time.process_time() - start


def peak_mib(name: str, folder: Path) -> float:
    """Return the peak memory of a process that makes one run."""
    command = [sys.executable, __file__, "--child", name, str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(name: str, folder: Path) -> None:
    """Make one run, and print this process's peak memory in MiB."""
    VARIANTS[name](folder)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(size: int, per_tenant: int, runs: int, folder: Path) -> None:
    """Print one line for each variant."""
    write(folder, tenants=size // per_tenant, schedules=per_tenant)
    mib = sum(path.stat().st_size for path in (folder / "tenants").iterdir()) / 1024 / 1024
    names = ("ours", "yaml.load")
    # Before this process grows: a child's peak is never below what its parent held when it began.
    peaks = {name: peak_mib(name, folder) for name in (*names, "imports only")}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            seconds[name].append(cpu_seconds(VARIANTS[name], folder))
    medians = {name: statistics.median(seconds[name]) for name in names}
    print(f"{size:>9,} schedules in {size // per_tenant:,} files, {mib:.1f} MiB; median CPU of {runs} runs")
    for name in names:
        spread = f"{min(seconds[name]) / size * 1e6:.2f}-{max(seconds[name]) / size * 1e6:.2f}"
        print(f"    {name:<10} {medians[name] / size * 1e6:6.2f} µs/schedule ({spread}), peak {peaks[name]:6.1f} MiB")
    print(
        f"    ratio      {medians['ours'] / medians['yaml.load']:6.2f}, imports alone {peaks['imports only']:.1f} MiB"
    )


def main() -> None:
    """Measure what the command line asks for."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--per-tenant", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, options.per_tenant, options.runs, Path(folder))


if __name__ == "__main__":
    main()

"""Checks `coverage json`: every branch of pure parts must be covered, and 95 % of each other part.

usage: python .ci/coverage.py artefacts/coverage.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FLOORS = ("errors.py", "exits.py", "source.py", "text.py", "times.py", "secrets.py")
PURE = ("cron/", "model/", "engine/", "report/", *FLOORS)
ELSEWHERE_PERCENT = 95.0


def part_of(file: str) -> str:
    """Return the part of the program that *file* belongs to: its folder below ``reconcile``, or its own name."""
    head, slash, _ = file.removeprefix("reconcile/").partition("/")
    return head + slash


def failures(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts and files below their promise, one line each; empty when there are none."""
    lines: list[str] = []
    parts: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for file, entry in sorted(report["files"].items()):
        parts.setdefault(part_of(file.replace("\\", "/")), []).append((file, entry))
    for part, entries in parts.items():
        if part in PURE:
            lines += [f"{file}: {_gaps(entry)}; pure, so promised 100 %" for file, entry in entries if _gaps(entry)]
        elif (percent := _percent(entries)) < ELSEWHERE_PERCENT:
            lines.append(f"{part}: {percent:.1f} % of lines and branches, less than {ELSEWHERE_PERCENT:g} %")
            lines += [f"    {file}: {_gaps(entry)}" for file, entry in entries if _gaps(entry)]
    if not parts:
        lines.append("nothing was measured")
    return tuple(lines)


def _percent(entries: list[tuple[str, Mapping[str, Any]]]) -> float:
    sums = [entry["summary"] for _, entry in entries]
    covered = sum(each["covered_lines"] + each["covered_branches"] for each in sums)
    total = sum(each["num_statements"] + each["num_branches"] for each in sums)
    return 100.0 * covered / total if total else 100.0


def _gaps(entry: Mapping[str, Any]) -> str:
    lines = ", ".join(str(line) for line in entry["missing_lines"])
    branches = ", ".join(
        f"{start}->{'exit' if end < 0 else end}"
        for start, end in entry["missing_branches"]
        if start not in entry["missing_lines"]
    )
    return "; ".join(f"{word} {gaps} not reached" for word, gaps in (("lines", lines), ("branches", branches)) if gaps)


def main(arguments: list[str]) -> int:
    """Print what is below its promise in the report; return 1 if anything is."""
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = failures(report)
    percent = report["totals"]["percent_covered"]
    print("\n".join(found) or f"coverage: {percent:.1f} %, and every part keeps its promise")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

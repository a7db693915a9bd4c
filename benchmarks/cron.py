"""Measure reading and firing cron expressions, beside other libraries and Quartz itself, over the valid vectors.

    python benchmarks/cron.py [--rows 1000] [--rounds 5] [--quartz-jar /usr/share/java/quartz2.jar]

Peers are measured where they are importable (`pip install --target /tmp/peers croniter cronsim crontools`, and
`PYTHONPATH=/tmp/peers`), Quartz where there are `java` and Debian's libquartz2-java. Everything runs in one process or
one after the other on the same rows. Each figure is the median over the rows of the least time in a few rounds. A
peer's share is that of the rows whose fires it has right, after translation of `?` and of the numbers of weekdays; its
figures are over those rows, with ours on the same rows beside them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reconcile.cron import days, fire_count, meaning, next_fire, parse
from reconcile.cron.parse import _parse, _terms
from reconcile.engine.crons import Crons, Outlook
from reconcile.model.change import same_cron

VECTORS = Path(__file__).parent.parent / "tests" / "golden" / "quartz_cron.jsonl.gz"
FIRES = 5
SCHEDULES, DISTINCT = 100_000, 2_000
CACHES = (_parse, _terms, days._term_mask, days.month_day_masks, days.week_day_masks, meaning.years_of)

JAVA = """
import java.io.*; import java.util.*; import org.quartz.CronExpression;
public class Measure {
  static double median(double[] all) { Arrays.sort(all); return all[all.length / 2]; }
  public static void main(String[] args) throws Exception {
    List<String[]> rows = new ArrayList<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = in.readLine()) != null; ) rows.add(line.split("\\t"));
    int n = rows.size(), rounds = Integer.parseInt(args[0]), fires = Integer.parseInt(args[1]);
    double[] parse = new double[n], next = new double[n];
    Arrays.fill(parse, 1e12); Arrays.fill(next, 1e12);
    long sink = 0;
    for (int round = 0; round < rounds; round++) for (int i = 0; i < n; i++) {
      String[] row = rows.get(i);
      long start = System.nanoTime();
      CronExpression cron = new CronExpression(row[0]);
      parse[i] = Math.min(parse[i], System.nanoTime() - start);
      cron.setTimeZone(TimeZone.getTimeZone(row[1]));
      Date at = new Date(Long.parseLong(row[2]) * 1000);
      start = System.nanoTime();
      for (int k = 0; k < fires; k++) { at = cron.getTimeAfter(at); sink += at.getTime(); }
      next[i] = Math.min(next[i], (System.nanoTime() - start) / (double) fires);
    }
    System.err.print(sink == 42 ? " " : "");
    System.out.println(median(parse) / 1000 + " " + median(next) / 1000);
  }
}
"""


@dataclass(frozen=True)
class Row:
    """A valid vector with at least `FIRES` fires."""

    text: str
    zone: ZoneInfo
    after: datetime
    fires: tuple[datetime, ...]


def read_rows(count: int) -> list[Row]:
    """Return *count* rows, evenly from all over the vectors."""
    found = []
    with gzip.open(VECTORS, "rt", encoding="ascii") as lines:
        for row in map(json.loads, lines):
            if row["valid"] and len(row["fires"]) >= FIRES and not re.search(r"[\t\r\n]", row["expr"]):
                zone = ZoneInfo(row["tz"])
                fires = tuple(datetime.fromisoformat(fire).astimezone(UTC) for fire in row["fires"][:FIRES])
                found.append(Row(row["expr"], zone, datetime.fromisoformat(row["after"]).astimezone(zone), fires))
    return found[:: max(1, len(found) // count)]


def microseconds(run: Callable[[], object]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start) / 1000


def least(run: Callable[[], object], rounds: int, *, before: Callable[[], object] = lambda: None) -> float:
    """Return the least time of *rounds* runs, each after *before*."""
    times = []
    for _ in range(rounds):
        before()
        times.append(microseconds(run))
    return min(times)


def forget(caches: Iterable[Any] = CACHES) -> None:
    """Empty the caches."""
    for cache in caches:
        cache.cache_clear()


def walk(row: Row) -> list[datetime]:
    """Return the first fires, one search each."""
    expression, at, found = parse(row.text), row.after, []
    for _ in range(FIRES):
        fire = next_fire(expression, at)
        assert fire is not None, row
        found.append(fire)
        at = fire
    return found


def translated(text: str) -> str:
    """Return *text* for readers of Unix cron with seconds first: `*` for `?`, weekdays from 0 = Sunday."""
    fields = text.upper().split()
    fields[3:6:2] = [field.replace("?", "*") for field in fields[3:6:2]]
    if len(fields) > 5:
        fields[5] = re.sub(r"(?<![#/\d])\d+", lambda number: str((int(number.group()) + 6) % 7), fields[5])
    if len(fields) > 6 and fields[6] == "*":
        fields.pop()
    return " ".join(fields)


def peers() -> dict[str, tuple[Callable[[str], Any], Callable[[str, Row], list[datetime]]]]:
    """Return for each importable peer how it parses a text, and how it walks."""
    found: dict[str, tuple[Callable[[str], Any], Callable[[str, Row], list[datetime]]]] = {}
    try:
        from croniter import croniter

        def walk_croniter(text: str, row: Row) -> list[datetime]:
            steps = croniter(text, row.after, second_at_beginning=True, ret_type=datetime)
            return [steps.get_next() for _ in range(FIRES)]

        found["croniter"] = (lambda text: croniter.expand(text, second_at_beginning=True), walk_croniter)
    except ImportError:
        pass
    try:
        from cronsim import CronSim

        def walk_cronsim(text: str, row: Row) -> list[datetime]:
            steps = CronSim(text, row.after)
            return [next(steps) for _ in range(FIRES)]

        anywhere = datetime(2026, 1, 1, tzinfo=UTC)
        found["cronsim"] = (lambda text: CronSim(text, anywhere), walk_cronsim)
    except ImportError:
        pass
    try:
        from crontools import Crontab

        def parsed(text: str, zone: Any = UTC) -> Any:
            # Without a year it takes those from this one on.
            dated = text if len(text.split()) > 6 else f"{text} 1970-2099"
            return Crontab.parse(dated, tz=zone, seconds_ext=True, years_ext=True)

        def walk_crontools(text: str, row: Row) -> list[datetime]:
            steps = parsed(text, row.zone).iter(start_from=row.after + timedelta(seconds=1))
            return [next(steps) for _ in range(FIRES)]

        found["crontools"] = (parsed, walk_crontools)
    except ImportError:
        pass
    return found


def compare(rows: list[Row], rounds: int, parse_ours: list[float], fire_ours: list[float]) -> None:
    """Print each peer's share of right rows, and the figures over them."""
    for name, (parse_text, walk_text) in peers().items():
        times: list[tuple[float, float, int]] = []
        for number, row in enumerate(rows):
            text = translated(row.text)
            try:
                found = walk_text(text, row)
                if [fire.astimezone(UTC) for fire in found] != list(row.fires):
                    continue
                reading = least(partial(parse_text, text), rounds)
                walking = least(partial(walk_text, text, row), rounds)
            except Exception:
                continue
            times.append((reading, max(0.0, walking - reading) / FIRES, number))
        if times:
            theirs = [statistics.median(column) for column in list(zip(*times, strict=True))[:2]]
            kept = [number for _, _, number in times]
            ours = statistics.median(parse_ours[n] for n in kept), statistics.median(fire_ours[n] for n in kept)
            print(
                f"{name:10} right on {len(times) / len(rows):4.0%}: parse {theirs[0]:6.1f} µs (ours {ours[0]:5.1f}), "
                f"next fire {theirs[1]:6.1f} µs (ours {ours[1]:5.1f})"
            )


def compare_quartz(rows: list[Row], jar: Path, parse_ours: float, fire_ours: float) -> None:
    """Print the figures of Quartz on a warm JVM, where there are both."""
    java = shutil.which("java")
    if java is None or not jar.exists():
        print("Quartz: no java, or no", jar)
        return
    lines = "".join(f"{row.text}\t{row.zone.key}\t{int(row.after.timestamp())}\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "Measure.java"
        source.write_text(JAVA, "utf-8")
        command = [java, "-cp", str(jar), str(source), "200", str(FIRES)]
        done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    parsing, firing = map(float, done.stdout.split())
    print(
        f"Quartz     (warm): parse {parsing:.1f} µs (ours {parse_ours / parsing:.1f} x), "
        f"next fire {firing:.1f} µs (ours {fire_ours / firing:.1f} x)"
    )


def add_to_a_plan(rows: list[Row], zone: str) -> float:
    """Return the seconds that expressions add to a plan: read, held against the rules, and compared by meaning."""
    texts = sorted({row.text for row in rows})
    hours = range(24)
    texts += [f"0 {minute} {hour} * * ?" for hour in hours for minute in range(60)]
    texts += [f"0 {minute} {hour} ? * MON-FRI" for hour in hours for minute in range(60)]
    texts = texts[:DISTINCT]
    forget()
    same_cron.cache_clear()
    crons = Crons(Outlook(ZoneInfo(zone), now=datetime(2026, 1, 1, tzinfo=UTC)))
    start = time.perf_counter()
    for number in range(SCHEDULES):
        # Each live text differs from the declared one, which is the most work that there can be.
        crons.is_clean(texts[number % len(texts)])
        same_cron(texts[number % len(texts)], texts[(number + 1) % len(texts)])
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rows", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--quartz-jar", type=Path, default=Path("/usr/share/java/quartz2.jar"))
    chosen = options.parse_args()
    rows, rounds = read_rows(chosen.rows), chosen.rounds
    print(f"{len(rows)} rows, Python {sys.version.split()[0]}")

    cold = [least(lambda row=row: parse(row.text), rounds, before=forget) for row in rows]
    for row in rows:
        parse(row.text)
    seen = [least(lambda row=row: parse(row.text), rounds, before=_parse.cache_clear) for row in rows]
    both = [least(lambda row=row: parse(row.text).meaning, rounds, before=forget) for row in rows]
    again = [least(lambda row=row: parse(row.text), rounds) for row in rows]
    for row in rows:
        assert [fire.astimezone(UTC) for fire in walk(row)] == list(row.fires), row
    firing = [least(lambda row=row: walk(row), rounds) / FIRES for row in rows]
    year = timedelta(days=365)
    counting = [
        least(lambda row=row: fire_count(parse(row.text), row.after, row.after + year, row.zone), 1) / 1000
        for row in rows[:: max(1, len(rows) // 200)]
    ]
    median = statistics.median
    print(f"parse cold {median(cold):.1f} µs (with its meaning {median(both):.1f}), fields seen {median(seen):.1f} µs,")
    print(f"  text seen {median(again):.2f} µs; slowest cold {max(both) / 1000:.2f} ms with its meaning")
    print(
        f"next fire {median(firing):.1f} µs; fires of a year {median(counting):.2f} ms, slowest {max(counting):.1f} ms"
    )
    for zone in ("Asia/Shanghai", "America/New_York"):
        seconds = min(add_to_a_plan(rows, zone) for _ in range(3))
        print(f"{SCHEDULES} schedules, {DISTINCT} expressions, all different from live, in {zone}: {seconds:.3f} s")
    compare_quartz(rows, chosen.quartz_jar, median(cold), median(firing))
    compare(rows, rounds, cold, firing)


if __name__ == "__main__":
    main()

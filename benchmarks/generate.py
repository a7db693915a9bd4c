"""Write a workspace of any size, the same one for the same arguments.

    python benchmarks/generate.py FOLDER [--tenants 1000] [--schedules 100] [--changed 0.01] [--seed 1] [--url URL]

With `--changed S` a share S of the schedules have another cron than they have without it, and nothing else differs:
apply the one, then plan the other.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "订单同步",
    "库存盘点",
    "对账单生成",
    "会员积分清算",
    "nightly-report",
    "price-feed",
    "物流轨迹拉取",
    "cache warm-up",
)
TEAMS = ("orders-team", "stock-team", "finance", "会员组")
WEEKDAYS = ("*", "MON-FRI", "SAT,SUN", "MON")


@dataclass(frozen=True, slots=True)
class Row:
    """One generated schedule."""

    code: str
    name: str
    cron: str
    owner: str


def rows(tenant: int, count: int, *, changed: float = 0.0, seed: int = 1) -> Iterator[Row]:
    """Yield *count* schedules of the tenant with this number; a share *changed* of them has another cron."""
    draw = random.Random(f"{seed}/{tenant}")
    for number in range(count):
        code = str(1_085_431_505_565_000_000 + tenant * 1_000_000 + number)
        name = f"{draw.choice(NAMES)} {tenant:04}-{number:04}"
        cron, other = _cron(draw), f"{draw.randrange(1, 60)} 7 3 ? * *"
        yield Row(code, name, other if draw.random() < changed else cron, draw.choice(TEAMS))


def _cron(draw: random.Random) -> str:
    if draw.random() < 0.5:
        return f"0 {draw.randrange(60)} {draw.randrange(24)} ? * {draw.choice(WEEKDAYS)} *"
    return f"0 */{draw.choice((5, 10, 15, 20, 30))} {draw.randrange(8)}-{draw.randrange(12, 24)} * * ?"


def tenant_name(tenant: int) -> str:
    """Return the tenant code of a number."""
    return f"tenant-{tenant:05}"


def tenant_text(tenant: int, count: int, *, changed: float = 0.0, seed: int = 1) -> str:
    """Return the tenant file of a number."""
    entries = "".join(
        f'  - code: "{row.code}"\n'
        f"    name: {row.name}\n"
        f'    cron: "{row.cron}"\n'
        f"    owner: {row.owner}\n"
        f"    labels: {{tier: gold, shard: s{index % 16}}}\n"
        for index, row in enumerate(rows(tenant, count, changed=changed, seed=seed))
    )
    return f"tenant: {tenant_name(tenant)}\nschedules:\n{entries}" if count else f"tenant: {tenant_name(tenant)}\n"


WORKSPACE = """\
format_version: "1"
workspace: benchmark
default_environment: bench
environments:
  bench:
    url: {url}
    timezone: Asia/Shanghai
"""


def write(
    folder: Path,
    *,
    tenants: int,
    schedules: int,
    changed: float = 0.0,
    seed: int = 1,
    url: str = "http://127.0.0.1:8001",
) -> None:
    """Write a workspace of *tenants* files of *schedules* entries each into *folder*, which need not exist."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    (folder / "reconcile.yaml").write_text(WORKSPACE.format(url=url), encoding="utf-8")
    for tenant in range(tenants):
        text = tenant_text(tenant, schedules, changed=changed, seed=seed)
        (folder / "tenants" / f"{tenant_name(tenant)}.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--schedules", type=int, default=100, help="schedules of each tenant")
    parser.add_argument("--changed", type=float, default=0.0, help="share of schedules with another cron")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default="http://127.0.0.1:8001")
    options = parser.parse_args()
    write(
        options.folder,
        tenants=options.tenants,
        schedules=options.schedules,
        changed=options.changed,
        seed=options.seed,
        url=options.url,
    )


if __name__ == "__main__":
    main()

"""Short ways to say the nouns in tests."""

from __future__ import annotations

from typing import Any

from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.live import Live, LiveRow
from reconcile.model.schedule import DeclaredAt, Schedule, State

NIGHTLY = "0 0 2 * * ?"
NIGHTLY_TOO = "0 0 2 ? * * *"
HOURLY = "0 0 * * * ?"
WEEKLY = "0 0 3 ? * MON"


def key(code: str = "1", tenant: str = "acme") -> Key:
    return Key(tenant, code)


def schedule(code: str = "1", cron: str = NIGHTLY, *, tenant: str = "acme", **more: Any) -> Schedule:
    defaults: dict[str, Any] = {
        "name": "订单同步",
        "declared_cron": cron,
        "origin": DeclaredAt("schedules/tenants/acme.yaml", 7),
        "state": State.ACTIVE,
    }
    return Schedule(key=Key(tenant, code), cron=cron, **{**defaults, **more})


def desired(*schedules: Schedule) -> dict[Key, Schedule]:
    return {one.key: one for one in schedules}


def row(cron: str = NIGHTLY, *, active: bool = True, job_id: str = "900", status: str = "") -> LiveRow:
    return LiveRow(job_id, cron, status or ("enable" if active else "disable"), active)


def change(live: Live = (), *, wanted: Schedule | None = None, applied: Applied | None = None) -> Change:
    return Change(wanted or schedule(), applied, live)

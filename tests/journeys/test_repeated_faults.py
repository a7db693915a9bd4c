"""The law of repetition over every fault of the twin, in each home: what was verified is not saved again.

A run that saved nothing and is not done leaves the rows that later runs decide by, whatever the faults. Where each save
meets the same fault, a run that verified nothing is followed by one that ends like it.
"""

from __future__ import annotations

import logging
from itertools import cycle, product

import pytest

from reconcile.model.workspace import SaveMode
from reconcile.service import retries
from reconcile.service.system_clock import SystemClock
from reconcile.twin.habits import SHARES
from tests.journeys.decided_by import kept
from tests.journeys.faults import Bench, bench
from tests.journeys.program import Program
from tests.journeys.test_repeated_commands import TOUCHED

pytestmark = [pytest.mark.slow, pytest.mark.faults]

RUNS = 4
WORKSPACE = """\
format_version: "1"
workspace: test
limits: {{max_change_percent: 100}}
environments:
  test: {{url: "{url}", timeout: 500ms, service: {{save: {save}}}}}
"""


@pytest.fixture
def quick(monkeypatch, caplog):
    """A clock with little patience, and a server that does not log each connection that it breaks off."""
    caplog.set_level(logging.CRITICAL, "uvicorn.error")
    sleep = SystemClock.sleep
    monkeypatch.setattr(SystemClock, "sleep", lambda clock, seconds: sleep(clock, seconds / 20))
    monkeypatch.setattr(retries, "BASE_PAUSE_SECONDS", 0.02)


def declare(folder, one: Bench, setting: str):
    """Declare what *one* wants."""
    (folder / "schedules" / "tenants").mkdir(parents=True)
    text = WORKSPACE.format(url=one.twin.url, save=one.save.value) + setting
    (folder / "schedules" / "reconcile.yaml").write_text(text, encoding="utf-8")
    for tenant in sorted({key.tenant for key in one.wanted}):
        entries = [
            f'  - {{code: "{key.code}", name: {wanted.name}, cron: "{wanted.cron}"}}\n'
            for key, wanted in one.wanted.items()
            if key.tenant == tenant
        ]
        text = f"tenant: {tenant}\nschedules:\n{''.join(entries)}"
        (folder / "schedules" / "tenants" / f"{tenant}.yaml").write_text(text, encoding="utf-8")


def ended(document):
    """Return what became of each change, by key."""
    return {
        (one["tenant"], one["code"]): (one["outcome"]["result"], one["outcome"]["saves"])
        for one in document.get("changes", ())
    }


KINDS = (
    ("saves", ["save"], SaveMode.UNKNOWN),
    ("saves-of-a-service-that-says-it-upserts", ["save"], SaveMode.UPSERT),
    ("queries", ["query"], SaveMode.UNKNOWN),
    ("both", ["save", "query"], SaveMode.UPSERT),
)
MATRIX = product(SHARES, (0.3, 1.0), KINDS)
# In turn, so that each fault meets a ledger in each home.
HOMES = cycle(("file", "postgresql", "git"))


@pytest.mark.parametrize(
    "fault, share, operations, save, home",
    [
        pytest.param(fault, share, operations, save, home, id=f"{fault}-{share}-{name}-{home}")
        for (fault, share, (name, operations, save)), home in zip(MATRIX, HOMES, strict=False)
    ],
)
def test_what_was_verified_is_not_saved_again_and_the_rest_ends_as_before(
    quick, request, tmp_path, capsys, monkeypatch, fault, share, operations, save, home
):
    habits = {"save": save, "errors": "status", "operations": operations, fault: share}
    with bench(8, **habits) as one, kept(home, tmp_path, request) as ledger:
        declare(tmp_path, one, ledger.setting)
        program = Program(tmp_path, capsys, monkeypatch)
        before: tuple[int, dict[object, object]] | None = None
        verified: set[object] = set()
        for _ in range(RUNS):
            one.live()  # when all that was late is done
            saves, decided = one.saves(), ledger.deciding()
            code, document = program.json("apply", "--yes")
            outcomes = ended(document)
            one.live()
            again = {tuple(key) for key, count in (one.saves() - saves).items() if count}
            assert not again & verified
            if code != 0 and not any(sent and result in TOUCHED for result, sent in outcomes.values()):
                assert ledger.deciding() == decided
            # Whether a late read is in time hangs on the machine: only where saves alone are harmed the runs end alike.
            if before is not None and share == 1.0 and operations == ["save"] and not verified:
                assert (code, outcomes) == before
            before = code, outcomes
            verified |= {key for key, (result, _) in outcomes.items() if result == "verified"}
            if code == 0:
                break

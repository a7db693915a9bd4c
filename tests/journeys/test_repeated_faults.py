"""The law of repetition over every fault of the twin: what a run verified the next one does not save again.

A run that saved nothing and is not done leaves the rows that later runs decide by, whatever the faults. Where each save
meets the same fault, a run that verified nothing is followed by one that ends like it.
"""

from __future__ import annotations

import logging
from contextlib import closing
from sqlite3 import connect

import pytest

from reconcile.model.workspace import SaveMode
from reconcile.service.system_clock import SystemClock
from reconcile.twin.habits import SHARES
from tests.journeys.conftest import LEDGER
from tests.journeys.faults import Bench, bench
from tests.journeys.program import Program
from tests.journeys.test_repeated_commands import DECIDING, TOUCHED

pytestmark = [pytest.mark.slow, pytest.mark.faults]

RUNS = 4
WORKSPACE = """\
format_version: "1"
workspace: test
limits: {{max_change_percent: 100}}
environments:
  test: {{url: "{url}", timeout: 1s, service: {{save: {save}}}}}
"""


@pytest.fixture
def quick(monkeypatch, caplog):
    """A clock with little patience, and a server that does not log each connection that it breaks off."""
    caplog.set_level(logging.CRITICAL, "uvicorn.error")
    sleep = SystemClock.sleep
    monkeypatch.setattr(SystemClock, "sleep", lambda clock, seconds: sleep(clock, seconds / 5))


def declare(folder, one: Bench):
    """Declare what *one* wants."""
    (folder / "schedules" / "tenants").mkdir(parents=True)
    text = WORKSPACE.format(url=one.twin.url, save=one.save.value)
    (folder / "schedules" / "reconcile.yaml").write_text(text, encoding="utf-8")
    for tenant in sorted({key.tenant for key in one.wanted}):
        entries = [
            f'  - {{code: "{key.code}", name: {wanted.name}, cron: "{wanted.cron}"}}\n'
            for key, wanted in one.wanted.items()
            if key.tenant == tenant
        ]
        text = f"tenant: {tenant}\nschedules:\n{''.join(entries)}"
        (folder / "schedules" / "tenants" / f"{tenant}.yaml").write_text(text, encoding="utf-8")


def rows(folder):
    if not (folder / LEDGER).exists():
        return [[] for _ in DECIDING]
    with closing(connect(folder / LEDGER)) as connection:
        return [sorted(map(repr, connection.execute(question))) for question in DECIDING]


def ended(document):
    """Return what became of each change, by key."""
    return {
        (one["tenant"], one["code"]): (one["outcome"]["result"], one["outcome"]["saves"])
        for one in document.get("changes", ())
    }


@pytest.mark.parametrize(
    "operations, save",
    [
        pytest.param(["save"], SaveMode.UNKNOWN, id="saves"),
        pytest.param(["save"], SaveMode.UPSERT, id="saves-of-a-service-that-says-it-upserts"),
        pytest.param(["query"], SaveMode.UNKNOWN, id="queries"),
        pytest.param(["save", "query"], SaveMode.UPSERT, id="both"),
    ],
)
@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("fault", SHARES)
def test_what_was_verified_is_not_saved_again_and_the_rest_ends_as_before(
    quick, tmp_path, capsys, monkeypatch, fault, share, operations, save
):
    with bench(8, save=save, errors="status", operations=operations, **{fault: share}) as one:
        declare(tmp_path, one)
        program = Program(tmp_path, capsys, monkeypatch)
        before: tuple[int, dict[object, object]] | None = None
        verified: set[object] = set()
        for _ in range(RUNS):
            one.live()  # when all that was late is done
            saves, decided = one.saves(), rows(tmp_path)
            code, document = program.json("apply", "--yes")
            outcomes = ended(document)
            one.live()
            again = {tuple(key) for key, count in (one.saves() - saves).items() if count}
            assert not again & verified
            if code != 0 and not any(sent and result in TOUCHED for result, sent in outcomes.values()):
                assert rows(tmp_path) == decided
            # Whether a late read is in time hangs on the machine: only where saves alone are harmed the runs end alike.
            if before is not None and share == 1.0 and operations == ["save"] and not verified:
                assert (code, outcomes) == before
            before = code, outcomes
            verified |= {key for key, (result, _) in outcomes.items() if result == "verified"}
            if code == 0:
                break

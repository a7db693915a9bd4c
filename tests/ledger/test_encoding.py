"""What the ledger holds on disk stays as it is: what was written is read, and the same is written again."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from reconcile.ledger.address import LedgerAddress
from reconcile.ledger.encoding import applied_of, applied_value, json_text, live_of, live_value
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.last_applied import Applied
from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.outcome import Intent, Result
from tests.ledger.run_builders import LATER_RUN, NOON, Clock, end, hold, outcome, run_in, update

GOLDEN = Path(__file__).parent / "golden" / "ledger-v2.sql"

ROW_TEXT = '[{"job_id":"900","cron":"0 0 2 * * ?","status":"enable","active":true}]'
PAUSED_TEXT = '[{"job_id":"900","cron":"every night","status":"停用","active":false}]'
UNREADABLE_TEXT = '{"rule":"service-error","message":"HTTP 503","hint":null}'
APPLIED_TEXT = '{"cron":"0 0 2 * * ?","name":"订单同步","job_ids":["900","901"],"run":"r1","revision":null}'


@pytest.mark.parametrize(
    "live, text",
    [
        pytest.param((), "[]", id="absent"),
        pytest.param((LiveRow("900", "0 0 2 * * ?", "enable", True),), ROW_TEXT, id="a-row"),
        pytest.param((LiveRow("900", "every night", "停用", False),), PAUSED_TEXT, id="an-inactive-row"),
        pytest.param(Unreadable("service-error", "HTTP 503"), UNREADABLE_TEXT, id="unreadable"),
    ],
)
def test_the_live_side_is_stored_as_it_always_was(live, text):
    assert json_text(live_value(live)) == text
    assert live_of(json.loads(text)) == live


def test_last_applied_is_stored_as_it_always_was():
    applied = Applied("0 0 2 * * ?", "订单同步", ("900", "901"), "r1")
    assert json_text(applied_value(applied)) == APPLIED_TEXT
    assert applied_of(json.loads(APPLIED_TEXT)) == applied


def test_a_row_of_another_version_is_read_with_what_both_know():
    older = json.loads('[{"job_id":"900","cron":"0 0 2 * * ?","status":"enable"}]')
    newer = json.loads('[{"job_id":"900","cron":"0 0 2 * * ?","status":"enable","active":true,"since":"2031"}]')
    assert live_of(older) == live_of(newer) == (LiveRow("900", "0 0 2 * * ?", "enable", True),)


def raw_rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    known = "environment, tenant, code, workspace, cron, name, job_ids, run, revision, serial"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM reconcile_{table}").fetchall(), key=repr)
            for table, columns in (("runs", "*"), ("changes", "*"), ("applied", known), ("holds", "*"))
        }


def test_a_run_writes_the_rows_that_earlier_versions_wrote_and_migrations_led_up_to_date(sqlite_address, tmp_path):
    earlier = tmp_path / "earlier.db"
    with contextlib.closing(sqlite3.connect(earlier)) as connection:
        connection.executescript(GOLDEN.read_text(encoding="utf-8"))
        connection.execute("DELETE FROM reconcile_applied WHERE workspace = 'billing'")
        connection.commit()
    migrated = LedgerAddress(f"sqlite:///{earlier}", str(earlier), earlier)
    opened = open_ledger(migrated, workspace="shop", environment="prod", clock=Clock(), create=True)
    assert opened is not None
    opened.close()
    saved_plan = {"plan_digest": "digest", "plan_made_at": "2026-11-25T11:00:00Z", "desired_digest": "wanted"}
    with open_ledger(sqlite_address, workspace="shop", environment="prod", clock=Clock(), create=True) as ledger:
        with run_in(ledger, overrides=("--allow-changes 12",), **saved_plan) as run:
            run.record_intents([Intent(update("1"))])
            lost = outcome(update("2"), Result.UNKNOWN, reason="lost-reply", message="no reply")
            run.record_outcomes([outcome(update("1")), lost])
            run.hold([hold("3")])
            end(run)
        with run_in(ledger, LATER_RUN, started_at=NOON.replace(hour=13)) as run:
            run.record_intents([Intent(update("4"))])
    assert raw_rows(sqlite_address.path) == raw_rows(earlier)

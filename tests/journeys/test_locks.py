"""The lock of an environment, and the saves of a run that was killed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.ledger.address import file_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.change import Change
from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.model.outcome import Intent
from tests.builders import row, schedule
from tests.journeys.conftest import CLOCK, LEDGER, TENANT, rules, verdicts


@pytest.fixture
def locked(applied, tmp_path):
    """Another run that is applying just now, of the same environment; gives its lock."""
    address = file_address(tmp_path / LEDGER)
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0):
        yield ledger.lock_holder().id


def held(program):
    return [hold["code"] for hold in program.json("status")[1]["environments"][0]["holds"]]


def test_two_applies_of_one_environment_exclude_each_other(locked, program, service, declare):
    declare(TENANT.replace("0 0 2", "0 0 3"))
    saved = len(service.saves)
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), len(service.saves)) == (3, ["locked"], saved)
    assert "night pipeline" in refused["errors"][0]["message"]
    assert f"reconcile unlock {locked}" in refused["errors"][0]["hint"]
    assert "night pipeline" in program("status").out
    assert program("plan").code == 0
    assert program("unlock", locked).code == 0
    assert program("apply", "--yes").code == 0


def test_the_lock_of_a_first_run_is_told_before_that_run_is_written_down(program, tmp_path):
    address = file_address(tmp_path / LEDGER)
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=True)
    with ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0) as held:
        assert program.json("status")[1]["environments"][0]["lock"]["id"] == held.id
        assert "night pipeline" in program("status").out
    assert program.json("status")[1]["environments"][0]["lock"] is None


def test_a_save_whose_end_nobody_saw_is_settled_by_the_next_run(applied, service, declare, tmp_path):
    address = file_address(tmp_path / LEDGER)
    began = schedule("1", "0 0 5 * * ?")
    start = RunStart("20990101T000000Z-dead00", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "x")
    ledger = open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)
    with ledger, ledger.lock(start.id, "x", timeout_seconds=0):
        ledger.begin(start).record_intents([Intent(Change(began, None, (row("0 0 2 * * ?"),)))])
    service.put("acme", "1", "0 0 5 * * ?")  # it was done, and then the run was killed
    _, status = applied.json("status")
    assert [one["code"] for one in status["environments"][0]["open"]] == ["1"]
    assert verdicts(applied.json("plan")[1]) == {"1": "pending"}
    assert applied("apply", "--yes").code == 0
    assert applied.json("status")[1]["environments"][0]["open"] == []
    _, shown = applied.json("runs", "show", start.id)
    assert shown["changes"][0]["settled"] == "as-desired"

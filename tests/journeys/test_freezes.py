"""Freezes: what lifts them, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.journeys.conftest import TENANT, rules

FREEZE = 'freezes:\n  - {reason: audit, from: "2000-01-01T00:00", to: "2090-01-01T00:00"}\n'


def test_a_freeze_refuses_an_apply_and_who_overrides_it_is_remembered(program, service, declare):
    declare(more=FREEZE)
    assert program("plan").code == 0
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["frozen"], [])
    assert "audit" in run["refusals"][0]["message"]
    assert program("apply", "--yes", "--override-freeze", " ").code == 1
    assert program("apply", "--yes", "--override-freeze", "incident 7", "--actor", "李伟").code == 0
    _, listed = program.json("runs")
    assert (listed["runs"][0]["overrides"], listed["runs"][0]["actor"]) == (["--override-freeze incident 7"], "李伟")


def test_nothing_that_lifts_a_guard_is_read_from_a_variable(program, service, declare):
    declare(more=FREEZE)
    assert program("apply", "--yes", RECONCILE_OVERRIDE_FREEZE="x", RECONCILE_YES="1").code == 3


def test_a_time_that_documents_are_given_lifts_no_freeze_and_moves_no_run(applied, service, declare):
    before = int(datetime(1999, 1, 1, tzinfo=UTC).timestamp())
    assert applied("apply", "--yes", SOURCE_DATE_EPOCH=str(before)).code == 0
    assert [run["started_at"] < "2000" for run in applied.json("runs")[1]["runs"]] == [False, False]
    declare(TENANT.replace("0 0 2", "0 0 3"), more=FREEZE)
    code, run = applied.json("apply", "--yes", SOURCE_DATE_EPOCH=str(before))
    assert (code, rules(run)) == (3, ["frozen"])

"""Which run this is: its id sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime

from reconcile.model.ledger_records import RunKind, RunStart
from reconcile.session.identity import RunIdentity, new_run_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_runs_that_begin_within_a_second_are_in_order_all_the_same():
    ids = [new_run_id(NOW.replace(microsecond=at)) for at in (0, 1, 16, 4_000, 65_536, 999_999)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {len("20260101T000000Z-a1b2c3")}


def test_a_run_of_any_kind_begins_with_its_identity():
    start = RunIdentity("20260101T000000Z-a1b2c3", NOW, "li", "4f1c").start(RunKind.ADOPT)
    assert start == RunStart("20260101T000000Z-a1b2c3", RunKind.ADOPT, NOW, "li", revision="4f1c")

"""Which run came last: the ledger counts its runs, whatever the clocks of the runners say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconcile import cli
from tests.journeys.conftest import LEDGER, TENANT, run_ids
from tests.journeys.test_commits import commit as commit
from tests.journeys.test_commits import git as git
from tests.journeys.test_commits import standing

LATER = TENANT.replace("0 0 2", "0 0 3")


@pytest.fixture
def ahead(monkeypatch):
    """Set the clock of this runner: so far ahead of the others."""

    def one(by):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=UTC):
                return datetime.now(tz) + by

        monkeypatch.setattr(cli, "datetime", Clock)

    return one


def test_a_runner_whose_clock_is_two_hours_ahead_does_not_stay_the_last_one(program, git, commit, ahead):
    ahead(timedelta(hours=2))
    assert program("apply", "--yes").code == 0
    (early,) = run_ids(program)
    ahead(timedelta(0))
    head = commit(LATER)
    assert program("apply", "--yes").code == 0
    later, last = run_ids(program)
    assert (later < early, last) == (True, early), "the clock of the second runner is behind that of the first"
    found = standing(program)
    assert (found["revision"], found["runs_since"]) == (head, 0)
    assert [run["serial"] for run in found["runs"]] == [2, 1]
    assert found["lineage"]["serial"] == 2


def test_a_ledger_keeps_its_lineage_from_run_to_run_and_another_ledger_has_another(program, tmp_path):
    assert program("apply", "--yes").code == 0
    first = standing(program)["lineage"]
    assert program("apply", "--yes").code == 0
    assert standing(program)["lineage"] == first | {"serial": 2}
    assert f"lineage            {first['id']}, at serial 2\n" in program("status").out
    (tmp_path / LEDGER).unlink()
    assert standing(program)["lineage"] is None
    assert program("apply", "--yes").code == 0
    assert standing(program)["lineage"]["id"] != first["id"]

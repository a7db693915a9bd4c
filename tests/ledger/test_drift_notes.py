"""What drift checks noted, in a database: the rows of one owner, replaced as a whole, and carried with a ledger."""

from __future__ import annotations

import pytest

from reconcile.errors import LedgerError
from reconcile.ledger.carry import carry
from reconcile.model.drift_note import DriftNote
from reconcile.model.ledger_records import RunKind
from reconcile.model.verdicts import Verdict
from tests.builders import HOURLY, key, row
from tests.ledger.conftest import in_databases
from tests.ledger.git_ledgers import Remote
from tests.ledger.run_builders import NOON, end, run_in, start

FIRST = {key("1"): DriftNote(key("1"), Verdict.DRIFTED, (row(HOURLY), row("订单\0")), NOON)}
TAKE = start("20261126T120000Z-cccccc", kind=RunKind.TAKE)
SECOND = {key("2"): DriftNote(key("2"), Verdict.VANISHED, (), NOON)}


@in_databases
def test_notes_are_kept_for_one_environment_of_one_workspace(opened):
    ledger, other = opened(), opened(environment="test")
    ledger.replace_drift_notes({}, FIRST)
    other.replace_drift_notes({}, SECOND)
    assert (opened().drift_notes(), opened(environment="test").drift_notes()) == (FIRST, SECOND)
    ledger.replace_drift_notes(FIRST, FIRST | SECOND)
    other.replace_drift_notes(SECOND, {})
    assert (opened().drift_notes(), opened(environment="test").drift_notes()) == (FIRST | SECOND, {})


@in_databases
def test_the_later_of_two_checks_notes_nothing_in_a_database(opened):
    ledger, later = opened(), opened()
    ledger.replace_drift_notes({}, FIRST)
    with pytest.raises(LedgerError, match="another check"):
        later.replace_drift_notes({}, SECOND)
    assert opened().drift_notes() == FIRST


LIMITS = {"sqlite": ("PRAGMA busy_timeout", 1000), "postgres": ("SHOW lock_timeout", "1s")}


@pytest.mark.parametrize("address, limit", [(one, LIMITS[one]) for one in LIMITS], indirect=["address"])
def test_a_note_waits_a_second_at_most_for_another_transaction(ledger, limit):
    question, seconds = limit
    with ledger._database.writing_briefly() as connection:
        assert connection.exec_driver_sql(question).scalar() == seconds


@pytest.mark.parametrize("address", ["postgres"], indirect=True)
def test_notes_that_another_transaction_keeps_locked_are_left_as_they_are(opened):
    ledger = opened()
    with opened().reading() as other:
        other.exec_driver_sql("LOCK TABLE reconcile_observed")
        with pytest.raises(LedgerError, match="cannot be written"):
            ledger.replace_drift_notes({}, FIRST)
    assert opened().drift_notes() == {}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_note_gets_into_a_ledger_in_git_that_is_carried_there(opened, clock, tmp_path):
    ledger = opened()
    with run_in(ledger) as entry:
        end(entry)
    ledger.replace_drift_notes({}, FIRST)
    with Remote(tmp_path).opened(clock) as target:
        carry(ledger, target, TAKE, place="elsewhere", ended_at=NOON)
        files = target.steps.ref.files(target.steps.at)
    assert b"reconcile_runs" in b"".join(files.values())
    assert b"reconcile_observed" not in b"".join(files.values())


@in_databases
def test_notes_go_where_their_ledger_is_taken(opened):
    ledger, target = opened(), opened(environment="live")
    with run_in(ledger) as entry:
        end(entry)
    ledger.replace_drift_notes({}, FIRST)
    target.replace_drift_notes({}, SECOND)
    carry(ledger, target, TAKE, place="elsewhere", ended_at=NOON)
    assert opened(environment="live").drift_notes() == FIRST

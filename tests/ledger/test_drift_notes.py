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
from tests.ledger.run_builders import NOON, end, run_in, start

FIRST = {key("1"): DriftNote(key("1"), Verdict.DRIFTED, (row(HOURLY), row("订单\0")), NOON)}
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


@in_databases
def test_notes_go_where_their_ledger_is_taken(opened):
    ledger, target = opened(), opened(environment="live")
    with run_in(ledger) as entry:
        end(entry)
    ledger.replace_drift_notes({}, FIRST)
    target.replace_drift_notes({}, SECOND)
    run = start("20261126T120000Z-cccccc", kind=RunKind.TAKE)
    carry(ledger, target, run, place="elsewhere", ended_at=NOON)
    assert opened(environment="live").drift_notes() == FIRST

"""What a ledger holds of a change: it is open while nobody knows what became of it."""

from __future__ import annotations

import pytest

from reconcile.model.ledger_records import ChangeRecord, Settled
from reconcile.model.outcome import Result
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action
from tests.builders import NIGHTLY, key


@pytest.mark.parametrize(
    "result, settled, is_open",
    [
        pytest.param(None, None, True, id="no-outcome"),
        pytest.param(Result.UNKNOWN, None, True, id="unknown"),
        pytest.param(Result.UNKNOWN, Settled.AS_DESIRED, False, id="settled-later"),
        pytest.param(None, Settled.OTHER, False, id="crashed-and-settled-later"),
        pytest.param(Result.VERIFIED, None, False, id="verified"),
        pytest.param(Result.FAILED, None, False, id="failed"),
    ],
)
def test_a_change_is_open_until_somebody_has_read_what_became_of_it(result, settled, is_open):
    record = ChangeRecord(key("a"), Action.CREATE, "name", NIGHTLY, State.ACTIVE, (), result=result, settled=settled)
    assert record.is_open is is_open

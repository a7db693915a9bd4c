"""The tally of an apply: each step returns the next, and leaves the one before as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.flows.tally import BREAKER_FAILURES, Tally
from reconcile.flows.wave import FinishedWave
from reconcile.model.finding import Finding
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import LedgerRule
from tests.builders import HOURLY, change, key, row, schedule
from tests.flows.fakes import FakeStop

FOUND = Finding(LedgerRule.LEDGER_NOT_WRITTEN, "y")
SAVED = Outcome(change((row(HOURLY),)), Result.VERIFIED, "saved", "so it is", saves=1)
CREATED = Outcome(change((), wanted=schedule("2")), Result.VERIFIED, "saved", "so it is", saves=1)
DOUBLED = replace(SAVED, result=Result.MISMATCHED, reason="duplicated")
FAILED = tuple(
    Outcome(change((), wanted=schedule(f"f{number}")), Result.FAILED, "rejected", "no")
    for number in range(BREAKER_FAILURES)
)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda tally: tally.with_wave(FinishedWave((SAVED,), findings=(FOUND,))), id="a-wave"),
        pytest.param(lambda tally: tally.with_outcomes([SAVED]), id="outcomes"),
        pytest.param(lambda tally: tally.with_corrections([SAVED]), id="corrections"),
        pytest.param(lambda tally: tally.with_findings([FOUND]), id="findings"),
        pytest.param(lambda tally: tally.without_record(FOUND), id="what-the-ledger-could-not-take"),
        pytest.param(lambda tally: tally.stopped("so", FOUND), id="a-stop"),
    ],
)
def test_a_step_returns_the_next_tally_and_leaves_this_one(step):
    before = Tally()
    assert step(before) != before
    assert before == Tally()


@pytest.mark.parametrize(
    "outcome, upserting",
    [
        pytest.param(SAVED, True, id="an-update-that-was-verified"),
        pytest.param(CREATED, False, id="a-create-shows-nothing"),
        pytest.param(replace(SAVED, saves=0), False, id="nothing-was-saved"),
        pytest.param(DOUBLED, False, id="not-verified"),
    ],
)
def test_only_a_verified_update_shows_that_saving_updates(outcome, upserting):
    assert Tally().with_outcomes([outcome]).upserting == upserting


def test_the_first_reason_to_stop_is_the_one_that_is_told():
    stop = FakeStop()
    assert not Tally().stopped_by(stop).is_stopped
    stop.come = True
    assert Tally().stopped_by(stop).stopped("later").stopped_because == "it was interrupted"


@pytest.mark.parametrize(
    "wave, because, is_recorded, appending",
    [
        pytest.param(FinishedWave((DOUBLED,), stops_run=True), "add a job", True, True, id="a-second-job"),
        pytest.param(FinishedWave((SAVED,), unrecorded=FOUND), "ledger", False, False, id="a-ledger-that-is-full"),
        pytest.param(FinishedWave(FAILED), "5 of 5", True, False, id="most-of-them-failed"),
    ],
)
def test_a_wave_stops_the_run_where_it_shows_a_reason_to(wave, because, is_recorded, appending):
    tally = Tally().with_wave(wave)
    assert because in tally.stopped_because
    assert (tally.is_recorded, tally.appending) == (is_recorded, appending)


def test_a_correction_takes_the_place_of_the_outcome_before_it():
    tally = Tally().with_outcomes([SAVED, CREATED]).with_corrections([DOUBLED])
    assert tally.outcomes == {key(): DOUBLED, key("2"): CREATED}
    assert (tally.appending, tally.upserting) == (True, True)


def test_a_change_is_pending_until_it_has_an_outcome():
    tally = Tally((SAVED.change, CREATED.change)).with_outcomes([SAVED])
    assert tally.pending == (CREATED.change,)
    assert tally.with_corrections([DOUBLED]).pending == (CREATED.change,)

"""The exit code of an apply says what is true of the service now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.make_plan import make_plan
from reconcile.model.finding import Refusal
from reconcile.model.live import Unreadable
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.run import Run
from tests.builders import HOURLY, change, desired, key, row, schedule

LOST = Unreadable("service-timeout", "no reply")


def run_of(*results, live=(), refusals=(), saves=1):
    plan = make_plan(
        "prod", Sides(desired(schedule("a"), schedule("b")), {key("a"): (row(),), key("b"): live or (row(),)})
    )
    outcomes = tuple(Outcome(change(), result, "reason", "message", saves=saves) for result in results)
    return Run(plan, outcomes, refusals)


REFUSAL = Refusal("inactive", "paused", key=key("a"))


@pytest.mark.parametrize(
    "run, expected",
    [
        pytest.param(run_of(), 0, id="nothing-to-do"),
        pytest.param(run_of(Result.VERIFIED), 0, id="all-verified"),
        pytest.param(run_of(Result.VERIFIED, saves=0), 0, id="all-were-as-desired-already"),
        pytest.param(run_of(Result.VERIFIED, Result.FAILED), 4, id="one-failed"),
        pytest.param(run_of(Result.UNKNOWN), 4, id="one-unknown-may-have-been-saved"),
        pytest.param(run_of(Result.MISMATCHED), 4, id="one-mismatched"),
        pytest.param(run_of(Result.FAILED), 1, id="all-failed"),
        pytest.param(run_of(Result.SKIPPED, saves=0), 1, id="stopped-before-the-first"),
        pytest.param(run_of(Result.REFUSED, saves=0, refusals=(REFUSAL,)), 3, id="a-guard-left-nothing"),
        pytest.param(run_of(Result.VERIFIED, refusals=(REFUSAL,)), 4, id="one-blocked"),
        pytest.param(run_of(live=(row(), row())), 3, id="only-a-duplicate-remains"),
        pytest.param(run_of(Result.VERIFIED, live=(row(), row())), 4, id="saved-but-a-duplicate-remains"),
        pytest.param(run_of(live=LOST), 1, id="only-an-unreadable-key-remains"),
        pytest.param(run_of(Result.VERIFIED, live=LOST), 4, id="saved-but-one-unreadable"),
        pytest.param(replace(run_of(Result.VERIFIED), is_recorded=False), 4, id="saved-but-not-recorded"),
        pytest.param(replace(run_of(Result.VERIFIED, saves=0), is_recorded=False), 1, id="nothing-could-be-recorded"),
    ],
)
def test_the_exit_code_of_an_apply(run, expected):
    assert run.exit_code == expected
    assert run.is_done is (expected == 0)


def test_results_are_counted():
    assert run_of(Result.VERIFIED, Result.VERIFIED, Result.FAILED).count(Result.VERIFIED) == 2


def test_an_intent_and_an_outcome_know_their_key():
    assert Intent(change((row(HOURLY),))).key == key()
    assert Outcome(change(), Result.VERIFIED, "saved", "saved").key == key()

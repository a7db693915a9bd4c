"""Diff: desired beside live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.engine.diff import Sides, diff
from reconcile.engine.find_drift import MAY_BE_PENDING, find_drift
from reconcile.model.change import Change
from reconcile.model.drift import has_moved
from reconcile.model.last_applied import Applied
from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.schedule import PARKED_CRON, Removed, Schedule, State
from reconcile.model.verdicts import Condition, Verdict
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, desired, key, row, schedule
from tests.drawing import values
from tests.examples import examples

LOST = Unreadable("service-timeout", "no reply")
CRONS = st.sampled_from([NIGHTLY, NIGHTLY_TOO, HOURLY, WEEKLY, PARKED_CRON, "nonsense"])
ROWS = st.builds(row, CRONS, active=st.booleans(), job_id=st.sampled_from(["1", "2"]))
LIVE = st.one_of(st.just(LOST), st.lists(ROWS, max_size=2).map(tuple))


@pytest.mark.parametrize(
    "live, said",
    [
        pytest.param((), True, id="absent"),
        pytest.param((row(),), False, id="same-text"),
        pytest.param((row(NIGHTLY_TOO),), False, id="same-fires-in-other-words"),
        pytest.param((row(HOURLY),), True, id="different"),
        pytest.param((row(active=False),), True, id="inactive"),
        pytest.param((row(), row()), True, id="duplicate"),
        pytest.param(LOST, True, id="unreadable"),
    ],
)
def test_a_key_is_reported_unless_it_is_simply_as_desired(live, said):
    difference = diff(desired(schedule()), {key(): live})
    assert [change.key for change in difference.changes] == ([key()] if said else [])
    assert difference.unchanged == (0 if said else 1)


def test_a_parked_schedule_with_a_parked_job_is_unchanged_even_when_inactive():
    difference = diff(desired(schedule(state=State.PARKED)), {key(): (row(PARKED_CRON, active=False),)})
    assert (difference.changes, difference.unchanged) == ((), 1)


def test_a_key_nobody_read_is_unreadable_and_not_absent():
    (change,) = diff(desired(schedule()), {}).changes
    assert change.verdict is Verdict.UNREADABLE


def test_last_applied_is_handed_on():
    applied = Applied(HOURLY, "订单同步")
    (change,) = diff(desired(schedule()), {key(): (row(HOURLY),)}, {key(): applied}).changes
    assert (change.applied, change.verdict) == (applied, Verdict.PENDING)


def test_populations_count_the_keys_that_are_live():
    wanted = desired(*(schedule(code) for code in "abc"))
    live = {key("a"): (row(),), key("b"): (row(), row()), key("c"): ()}
    assert diff(wanted, live).populations == {"acme": 2}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(CRONS.filter(lambda c: c != "nonsense"), LIVE)))
def test_every_key_is_counted_once_and_changes_are_sorted(keys):
    wanted = desired(*(schedule(code, cron) for code, (cron, _) in keys.items()))
    difference = diff(wanted, {key(code): live for code, (_, live) in keys.items()})
    found = [change.key for change in difference.changes]
    assert found == sorted(set(found))
    assert len(found) + difference.unchanged == len(wanted)


FEW_CRONS = st.sampled_from([NIGHTLY, NIGHTLY_TOO, PARKED_CRON])
NAMES = st.sampled_from(["订单同步", "旧名"])
SCHEDULES = values(Schedule, key=st.just(key()), cron=FEW_CRONS, name=NAMES)
FEW_ROWS = values(LiveRow, cron=FEW_CRONS)


@examples(4)
@given(
    SCHEDULES,
    st.none() | values(Applied, cron=FEW_CRONS, name=NAMES),
    st.just(LOST) | st.just(()) | st.tuples(FEW_ROWS) | st.tuples(FEW_ROWS, FEW_ROWS),
)
def test_diff_leaves_out_exactly_the_keys_of_which_change_says_that_they_are_live_as_desired(wanted, applied, live):
    difference = diff({wanted.key: wanted}, {wanted.key: live}, {} if applied is None else {wanted.key: applied})
    change = Change(wanted, applied, live)
    assert difference.changes == (() if change.is_live_as_desired else (change,))
    assert difference.unchanged == (change.is_live_as_desired and not isinstance(wanted.origin, Removed))


@given(st.dictionaries(st.sampled_from("abcdefgh"), CRONS.filter(lambda c: c != "nonsense")))
def test_what_was_saved_as_desired_is_unchanged(crons):
    wanted = desired(*(schedule(code, cron) for code, cron in crons.items()))
    live = {one.key: (row(one.cron_to_save),) for one in wanted.values()}
    assert diff(wanted, live).changes == ()


@pytest.mark.parametrize(
    "live, exit_code",
    [
        pytest.param((row(NIGHTLY_TOO),), 0, id="same-meaning-is-clean"),
        pytest.param((), 0, id="absent-without-last-applied-is-pending"),
        pytest.param((row(HOURLY),), 2, id="a-different-live-row-moved"),
        pytest.param((row(active=False),), 2, id="paused"),
        pytest.param((row(), row()), 2, id="duplicate"),
        pytest.param(LOST, 1, id="unreadable-is-an-error"),
    ],
)
def test_drift_ends_with_the_code_of_what_moved(live, exit_code):
    drift = find_drift("prod", Sides(desired(schedule()), {key(): live}))
    assert drift.exit_code == exit_code
    assert drift.assumptions == (MAY_BE_PENDING,)


def test_with_last_applied_only_a_move_of_the_live_side_counts():
    wanted = desired(schedule())
    pending = diff(wanted, {key(): (row(HOURLY),)}, {key(): Applied(HOURLY, "订单同步")}).changes[0]
    drifted = diff(wanted, {key(): (row(HOURLY),)}, {key(): Applied(NIGHTLY, "订单同步")}).changes[0]
    assert (has_moved(pending), has_moved(drifted)) == (False, True)


def test_drift_names_the_keys_that_moved():
    drift = find_drift("prod", Sides(desired(schedule("a"), schedule("b")), {key("a"): (row(HOURLY),), key("b"): ()}))
    assert [change.key for change in drift.moved] == [key("a")]
    assert drift.keys[0].conditions == ()
    assert Condition.DUPLICATE not in drift.keys[1].conditions

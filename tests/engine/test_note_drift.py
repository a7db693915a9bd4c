"""Since when a key is as a drift check found it: what is noted of each check, and carried on to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.engine.diff import Sides
from reconcile.engine.find_drift import find_drift
from reconcile.engine.note_drift import first_seen, note_drift
from reconcile.engine.orphans import removed
from reconcile.model.drift_note import DriftNote
from reconcile.model.last_applied import Applied, LastApplied, LastAppliedSource
from reconcile.model.live import Unreadable
from reconcile.model.selection import EVERYTHING
from reconcile.model.verdicts import Verdict
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, desired, key, row, schedule
from tests.examples import examples

THEN = datetime(2026, 11, 25, 2, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
LOST = Unreadable("service-timeout", "no reply")
DECLARED = desired(schedule("1"), schedule("2"))


def drift(live, *, codes="12", declared=DECLARED, **more):
    """Return the drift where *live* has the rows of codes, and the others are as declared."""
    applied = {key(code): Applied(NIGHTLY, "订单同步") for code in "12"}
    wanted = {one: schedule for one, schedule in declared.items() if one.code in codes}
    gone = removed(applied=applied, earlier={}, declared=declared, selection=EVERYTHING)
    rows = {key(code): live.get(code, (row(),)) for code in "12"}
    return find_drift("prod", Sides(wanted, rows, LastApplied(LastAppliedSource.LEDGER, applied, gone, ())), **more)


def since(notes, found):
    return {one.code: at for one, at in first_seen(notes, found).items()}


FIRST = note_drift({}, drift({"1": (row(HOURLY),)}), now=THEN)


def test_a_key_that_moved_is_noted_with_what_is_live_and_what_is_as_declared_is_not():
    assert FIRST[key()] == DriftNote(key(), Verdict.DRIFTED, (row(HOURLY),), THEN)
    assert len(FIRST) == 1
    assert note_drift({}, drift({}), now=THEN) == {}
    assert note_drift({}, drift({"1": LOST}), now=THEN) == {}


@pytest.mark.parametrize(
    "live, at",
    [
        pytest.param((row(HOURLY),), THEN, id="as-it-was"),
        pytest.param((row("0 0 * ? * * *", job_id="7"),), THEN, id="another-text-of-the-same-fires"),
        pytest.param((row(WEEKLY),), NOW, id="changed-again"),
        pytest.param((row(HOURLY, active=False),), NOW, id="paused-since"),
        pytest.param((), NOW, id="vanished-since"),
    ],
)
def test_a_key_that_is_still_so_keeps_its_instant_and_any_other_begins_anew(live, at):
    again = drift({"1": live})
    notes = note_drift(FIRST, again, now=NOW)
    assert since(notes, again) == {"1": at}
    assert (notes == FIRST) == (at == THEN)  # what did not change is not written


def test_what_ended_and_came_back_begins_anew():
    over = note_drift(FIRST, drift({}), now=NOW)
    again = drift({"1": (row(HOURLY),)})
    assert (over, since(note_drift(over, again, now=NOW), again)) == ({}, {"1": NOW})


def test_the_same_live_under_another_verdict_begins_anew():
    declared = desired(schedule("1", WEEKLY), schedule("2"))
    again = drift({"1": (row(HOURLY),)}, declared=declared)
    assert [one.verdict for one in again.moved] == [Verdict.CONFLICTING]
    assert since(FIRST, again) == {}
    assert since(note_drift(FIRST, again, now=NOW), again) == {"1": NOW}


def test_a_key_that_could_not_be_read_keeps_its_note_and_says_nothing_of_it():
    again = drift({"1": LOST})
    notes = note_drift(FIRST, again, now=NOW)
    assert (notes, since(notes, again)) == (FIRST, {})


def test_a_selection_replaces_only_what_it_looked_at():
    both = note_drift(FIRST, drift({"1": (row(HOURLY),), "2": ()}), now=NOW)
    selected = drift({}, codes="2")
    assert note_drift(both, selected, now=NOW, asked={key("2")}) == FIRST
    assert note_drift(both, selected, now=NOW) == {}


def test_an_orphan_that_a_strict_check_noted_stays_noted_where_a_check_is_not_strict():
    declared = desired(schedule("1"))
    strict, plain = (drift({}, declared=declared, is_strict=one) for one in (True, False))
    noted = note_drift({}, strict, now=THEN)
    assert since(noted, strict) == {"2": THEN}
    assert note_drift({}, plain, now=NOW) == {}
    between = note_drift(noted, plain, now=NOW)
    assert (since(between, plain), since(note_drift(between, strict, now=NOW), strict)) == ({}, {"2": THEN})


ROWS = st.lists(st.builds(row, st.sampled_from([NIGHTLY, NIGHTLY_TOO, HOURLY, "nonsense"]), active=st.booleans()))
LIVE = st.dictionaries(st.sampled_from("12"), st.just(LOST) | ROWS.map(lambda rows: tuple(rows[:2])))
DRIFTS = st.builds(drift, LIVE, codes=st.sampled_from(["1", "2", "12"]), is_strict=st.booleans())
ASKED = st.none() | st.sets(st.sampled_from([key("1"), key("2")]))


@examples(1)
@given(DRIFTS, DRIFTS, ASKED)
def test_a_check_that_is_repeated_notes_nothing_new(before, found, asked):
    notes = note_drift(note_drift({}, before, now=THEN), found, now=NOW, asked=asked)
    later = NOW + timedelta(days=1)
    assert note_drift(notes, found, now=later, asked=asked) == notes
    assert first_seen(notes, found).keys() == {one.key for one in found.moved}


@examples(1)
@given(DRIFTS, LIVE)
def test_a_selection_leaves_the_note_of_every_other_key(before, live):
    notes = note_drift({}, before, now=THEN)
    after = note_drift(notes, drift(live, codes="1"), now=NOW, asked={key("1")})
    assert after.get(key("2")) == notes.get(key("2"))

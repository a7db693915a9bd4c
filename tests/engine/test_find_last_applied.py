"""Last applied: what each source says of it, what became of saves nobody recorded, and what is declared no more."""

from __future__ import annotations

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.find_last_applied import (
    applied_at,
    found_in_sync,
    found_live,
    open_in,
    settled_changes,
    to_take_over,
    unchanged_in,
)
from reconcile.engine.guard import Judging
from reconcile.engine.make_plan import make_plan
from reconcile.engine.orphans import removed
from reconcile.engine.overrides import ENABLE_INACTIVE, Allowances
from reconcile.model.change import Change
from reconcile.model.last_applied import Applied, LastApplied, LastAppliedSource, last_declaration
from reconcile.model.ledger_records import ChangeRecord, Settled
from reconcile.model.live import Unreadable
from reconcile.model.schedule import PARKED_CRON, Removed, State
from reconcile.model.selection import EVERYTHING, Selection
from reconcile.model.verdicts import Action, Verdict
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, desired, key, row, schedule

LOST = Unreadable("service-timeout", "no reply")


BEFORE = (row(HOURLY),)


def last_applied(applied, *, not_recorded=(), gone=()):
    """What a ledger has, or has yet to record."""
    removed_keys = {key(code): schedule(code) for code in gone}
    return LastApplied(LastAppliedSource.LEDGER, applied, removed_keys, (), frozenset(map(key, not_recorded)))


def record(action=Action.UPDATE, *, before=BEFORE):
    return ChangeRecord(key(), action, "订单同步", NIGHTLY, State.ACTIVE, before)


@pytest.mark.parametrize(
    "made, live, became",
    [
        pytest.param(record(), (row(NIGHTLY_TOO),), Settled.AS_DESIRED, id="it-was-done"),
        pytest.param(record(), (row(HOURLY),), Settled.AS_BEFORE, id="it-was-not-done"),
        pytest.param(record(), (row(WEEKLY),), Settled.OTHER, id="somebody-else-was-there"),
        pytest.param(record(), (row(), row()), Settled.OTHER, id="two-rows"),
        pytest.param(record(), LOST, None, id="unreadable-stays-open"),
        pytest.param(record(Action.CREATE, before=()), (), Settled.AS_BEFORE, id="a-create-that-was-not-done"),
        pytest.param(record(Action.CREATE, before=()), (row(),), Settled.AS_DESIRED, id="a-create-that-was-done"),
        pytest.param(
            record(Action.RENAME, before=(row(),)), (row(),), Settled.AS_BEFORE, id="of-a-rename-nobody-can-tell"
        ),
        pytest.param(
            record(Action.ENABLE, before=(row(active=False),)), (row(),), Settled.AS_DESIRED, id="enabled-meanwhile"
        ),
    ],
)
def test_a_save_without_an_outcome_is_settled_by_what_is_live(made, live, became):
    found, applied = settled_changes([("r1", made)], {key(): live})
    assert found == ({} if became is None else {("r1", key()): became})
    is_done = became is Settled.AS_DESIRED
    assert applied == ({key(): Applied(NIGHTLY, "订单同步", ("900",), "r1")} if is_done else {})


def test_of_two_runs_the_later_one_says_what_was_last_applied_whatever_their_ids():
    made = [("r2", record(before=(row(WEEKLY),))), ("r1", record(before=(row(WEEKLY),)))]
    _, applied = settled_changes(made, {key(): (row(),)})
    assert applied[key()].run == "r1"


def test_a_key_that_was_not_read_stays_open():
    assert settled_changes([("r1", record())], {}) == ({}, {})


@pytest.mark.parametrize(
    "live, known, expected",
    [
        pytest.param((row(NIGHTLY_TOO, job_id="7"),), None, Applied(NIGHTLY, "订单同步", ("7",)), id="never-applied"),
        pytest.param((row(),), Applied(HOURLY, "old"), Applied(NIGHTLY, "old", ("900",)), id="the-known-name-stays"),
        pytest.param((row(),), Applied(NIGHTLY, "old"), None, id="known-already"),
        pytest.param((row(HOURLY),), None, None, id="different"),
        pytest.param((row(), row()), None, None, id="two-rows"),
        pytest.param((), None, None, id="absent"),
        pytest.param(LOST, None, None, id="unreadable"),
    ],
)
def test_what_is_live_as_declared_is_taken_for_applied(live, known, expected):
    found = found_in_sync(desired(schedule()), {key(): live}, last_applied({} if known is None else {key(): known}))
    assert found == ({} if expected is None else {key(): expected})


@pytest.mark.parametrize(
    "known, protect, is_open",
    [
        pytest.param(Applied(HOURLY, "订单同步"), False, True, id="known-otherwise"),
        pytest.param(None, True, True, id="refused"),
        # Else it would be no orphan once it is removed, as long as no save makes it active.
        pytest.param(None, False, False, id="not-known"),
    ],
)
def test_reading_teaches_nothing_of_a_paused_job_that_would_be_judged_otherwise_by_it(known, protect, is_open):
    applied = {} if known is None else {key(): known}
    sides = Sides(desired(schedule(protect=protect)), {key(): (row(active=False),)}, last_applied(applied))
    allowances = Allowances({ENABLE_INACTIVE: True})
    plan = make_plan("prod", sides, judging=Judging(allowances=allowances))
    assert open_in(plan) == ({key()} if is_open else set())


def test_what_is_taken_over_is_recorded_whole_and_the_ids_of_what_is_live_as_declared_are_learned():
    known = {key(): Applied(NIGHTLY, "old"), key("2"): Applied(HOURLY, "x"), key("3"): Applied(HOURLY, "y")}
    both = last_applied(known, not_recorded=["1", "2"], gone=["2", "3"])
    assert found_in_sync(desired(schedule()), {key(): (row(),)}, both) == {key(): Applied(NIGHTLY, "old", ("900",))}
    assert to_take_over(both) == {key(): known[key()], key("2"): known[key("2")]}


def test_declarations_of_a_commit_are_what_was_applied_there():
    parked = schedule("2", state=State.PARKED)  # it may never have had a job
    assert applied_at([schedule(), parked], "c0ffee") == {
        key(): Applied(NIGHTLY, "订单同步", revision="c0ffee", declared=last_declaration(schedule())),
    }


APPLIED = {
    key("gone"): Applied(HOURLY, "旧名"),
    key("kept"): Applied(HOURLY, "x"),
    key("far", "beta"): Applied(HOURLY, "y"),
}


def gone(selection=EVERYTHING, earlier=()):
    declared = desired(schedule("kept"))
    return removed(applied=APPLIED, earlier=desired(*earlier), declared=declared, selection=selection)


def test_what_was_applied_and_is_declared_no_more_is_wanted_parked():
    found = gone()
    assert list(found) == [key("gone"), key("far", "beta")]
    orphan = found[key("gone")]
    assert (orphan.name, orphan.cron, orphan.cron_to_save, orphan.origin) == (
        "旧名",
        HOURLY,
        PARKED_CRON,
        Removed(),
    )


def test_what_was_declared_at_an_earlier_revision_counts_too():
    found = gone(earlier=[schedule("older", WEEKLY, protect=True), schedule("gone", WEEKLY)])
    assert list(found) == [key("gone"), key("older"), key("far", "beta")]
    assert found[key("older")].protect
    assert found[key("gone")].cron == HOURLY


@pytest.mark.parametrize(
    "selection, expected",
    [
        pytest.param(Selection(tenants=("acme",)), [key("gone")], id="tenant"),
        pytest.param(Selection(codes=("far",)), [key("far", "beta")], id="code"),
        pytest.param(Selection(labels=(("tier", "gold"),)), [], id="nobody-knows-the-labels-of-what-is-gone"),
    ],
)
def test_a_selection_never_makes_orphans(selection, expected):
    assert list(gone(selection)) == expected


def test_what_is_of_no_tenant_of_the_environment_is_no_orphan_of_it():
    found = removed(applied=APPLIED, earlier={}, declared={}, selection=EVERYTHING, tenants=("be*",))
    assert list(found) == [key("far", "beta")]


@pytest.mark.parametrize(
    "live, action",
    [
        pytest.param((row(HOURLY),), Action.PARK, id="live-could-be-parked"),
        pytest.param((row(PARKED_CRON),), None, id="parked-is-done"),
        pytest.param((), None, id="absent-is-done"),
        pytest.param((row(), row()), None, id="two-rows-are-never-saved-over"),
    ],
)
def test_an_orphan_is_an_orphan_whatever_is_live(live, action):
    change = Change(gone()[key("gone")], APPLIED[key("gone")], live)
    assert (change.verdict, change.action) == (Verdict.ORPHAN, action)


def test_what_a_saved_plan_saw_as_declared_is_taken_for_applied():
    declared = desired(schedule("same"), schedule("known"), schedule("differs"), schedule("parked", state=State.PARKED))
    live = {one: (row(HOURLY if one.code == "differs" else NIGHTLY),) for one in declared}
    plan = make_plan("prod", Sides(declared, {**live, key("parked"): ()}))
    assert unchanged_in(plan, declared, last_applied({key("known"): Applied(NIGHTLY, "x")})) == {
        key("same"): Applied(NIGHTLY, "订单同步")
    }
    younger = Applied(HOURLY, "younger than the plan")
    assert key("same") not in unchanged_in(plan, declared, last_applied({key("same"): younger}))


def test_what_is_live_can_be_taken_for_applied_whatever_it_is():
    declared = desired(*(schedule(code) for code in "abcd"))
    live = {key("a"): (row(HOURLY, job_id="7"),), key("b"): (), key("c"): (row(), row()), key("d"): LOST}
    assert found_live(declared, live) == {key("a"): Applied(HOURLY, "订单同步", ("7",))}

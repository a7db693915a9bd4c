"""Rollback: what was live before a run is wanted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import ACCEPT_DRIFT, Allowances
from reconcile.engine.roll_back import (
    as_declared,
    before_run,
    ended_holds,
    held_as_live,
    hold_endings,
    holds,
    left_running,
    not_brought_back,
    standing,
)
from reconcile.model.last_applied import Applied, LastApplied, LastAppliedSource
from reconcile.model.ledger_records import ChangeRecord, Hold, Settled
from reconcile.model.outcome import Outcome, Result
from reconcile.model.run import Run
from reconcile.model.schedule import PARKED_CRON, BeforeRun, State
from reconcile.model.verdicts import Action
from tests.builders import HOURLY, NIGHTLY, WEEKLY, change, desired, key, row, schedule

DECLARED = desired(schedule())
BEFORE = (row(HOURLY),)


def record(before=BEFORE, *, applied=None, saves=1, result=Result.VERIFIED, **more):
    action = Action.UPDATE if before else Action.CREATE
    return ChangeRecord(
        key(), action, "订单同步", NIGHTLY, State.ACTIVE, before, applied, result=result, saves=saves, **more
    )


@pytest.mark.parametrize(
    "made, cron, name",
    [
        pytest.param(record(), HOURLY, "订单同步", id="an-update-goes-back"),
        pytest.param(record(applied=Applied(HOURLY, "旧名")), HOURLY, "旧名", id="with-the-name-of-then"),
        pytest.param(record(()), PARKED_CRON, "订单同步", id="a-creation-is-parked"),
        pytest.param(record((row("every night"),)), "every night", "订单同步", id="also-what-does-not-parse"),
        pytest.param(record(saves=0, result=None), HOURLY, "订单同步", id="a-save-that-nobody-saw-end"),
        pytest.param(
            record(saves=0, result=None, settled=Settled.AS_DESIRED), HOURLY, "订单同步", id="and-that-was-found-done"
        ),
    ],
)
def test_what_was_live_before_is_wanted_again(made, cron, name):
    (wanted,) = before_run("r1", [made], DECLARED).values()
    assert (wanted.cron_to_save, wanted.name, wanted.origin) == (cron, name, BeforeRun("r1"))


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(record(saves=0, result=Result.REFUSED), id="refused"),
        pytest.param(record(saves=0, result=None, settled=Settled.AS_BEFORE), id="settled-as-not-done"),
    ],
)
def test_what_the_run_did_not_touch_is_left_alone(made):
    assert before_run("r1", [made], DECLARED) == {}


def test_what_is_protected_today_is_protected_here_too():
    assert before_run("r1", [record()], desired(schedule(protect=True)))[key()].protect
    assert not before_run("r1", [record()], {})[key()].protect


def test_a_job_that_was_paused_before_cannot_be_paused_again():
    paused = record((row(HOURLY, active=False),))
    assert [finding.rule for finding in left_running([paused, record()])] == ["stays-active"]


def rollback(live, applied, allowances=Allowances()):
    wanted = before_run("r1", [record()], DECLARED)
    known = LastApplied(LastAppliedSource.LEDGER, {key(): applied}, {}, ())
    planned = make_plan("prod", Sides(wanted, {key(): live}, known), judging=Judging(allowances=allowances))
    return [change.action for change in planned.changes], [one.rule for one in planned.refusals]


@pytest.mark.parametrize(
    "live, applied, actions, refused",
    [
        pytest.param((row(NIGHTLY),), Applied(NIGHTLY, "订单同步", run="r1"), [Action.UPDATE], [], id="as-it-was-left"),
        pytest.param((row(HOURLY),), Applied(NIGHTLY, "订单同步", run="r1"), [], [], id="back-already"),
        pytest.param(
            (row(WEEKLY),), Applied(NIGHTLY, "订单同步", run="r1"), [Action.UPDATE], ["changed-since"], id="by-hand"
        ),
        pytest.param(
            (row(WEEKLY),), Applied(WEEKLY, "订单同步", run="r2"), [Action.UPDATE], ["changed-since"], id="a-later-run"
        ),
    ],
)
def test_what_was_changed_since_is_not_rolled_back_by_the_way(live, applied, actions, refused):
    assert rollback(live, applied) == (actions, refused)
    assert rollback(live, applied, Allowances({ACCEPT_DRIFT: True})) == (actions, [])


@pytest.mark.parametrize(
    "run, said", [pytest.param("r1", "since run r1", id="known"), pytest.param(None, "since a run", id="not-known")]
)
def test_who_overwrote_it_is_told_with_the_run_that_is_rolled_back(run, said):
    wanted = schedule(cron=HOURLY, origin=BeforeRun(run))
    last_applied = LastApplied(LastAppliedSource.LEDGER, {key(): Applied(WEEKLY, "订单同步", run="r2")}, {}, ())
    (refusal,) = make_plan("prod", Sides(desired(wanted), {key(): (row(WEEKLY),)}, last_applied)).refusals
    assert refusal.message.endswith(f"run r2 applied it again {said}")


def test_a_hold_does_not_keep_a_rollback_from_being_made():
    wanted = before_run("r1", [record()], DECLARED)
    held = Hold(key(), "订单同步", HOURLY, State.ACTIVE, "r0", "", datetime(2026, 1, 1, tzinfo=UTC))
    planned = make_plan("prod", Sides(wanted, {key(): (row(),)}), judging=Judging(Situation(holds={key(): held})))
    assert planned.refusals == ()


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_to_be_brought_back_is_held_as_it_is_declared():
    before = desired(*(schedule(code, HOURLY) for code in ("1", "undeclared")), schedule("as declared"))
    declared = desired(schedule(), schedule("as declared"))
    assert holds(before, declared, run="r2", reason="it broke", now=NEW_YEAR) == (
        Hold(key(), "订单同步", NIGHTLY, State.ACTIVE, "r2", "it broke", NEW_YEAR),
    )


@pytest.mark.parametrize(
    "cron, reason, stays",
    [
        pytest.param(NIGHTLY, "", True, id="the-same-again"),
        pytest.param(NIGHTLY, "so", True, id="for-the-same-reason"),
        pytest.param(NIGHTLY, "it broke", False, id="for-another-reason"),
        pytest.param(HOURLY, "", False, id="declared-otherwise-since"),
    ],
)
def test_a_hold_that_is_there_already_stays_as_it_is(cron, reason, stays):
    known = Hold(key(), "订单同步", NIGHTLY, State.ACTIVE, "r1", "so", NEW_YEAR)
    placed = Hold(key(), "订单同步", cron, State.ACTIVE, "r2", reason, NEW_YEAR)
    assert standing([placed], {key(): known}) == ((known if stays else placed),)
    assert standing([placed], {}) == (placed,)


def test_a_hold_ends_when_its_key_is_declared_otherwise_or_by_no_file():
    held = [Hold(key(code), "订单同步", NIGHTLY, State.ACTIVE, "r", "so", NEW_YEAR) for code in "1234"]
    declared = desired(schedule("1"), schedule("2", HOURLY))
    ended = ended_holds(held, declared, {key("3")})
    assert [hold.key.code for hold in ended] == ["2", "3"]  # 4 may be another environment's now
    assert [finding.message for finding in hold_endings(ended, {key("3")})] == [
        "acme/2: its declaration has changed: it is no longer held by rollback r: so",
        "acme/3: no file declares it any more: it is no longer held by rollback r: so",
    ]


def test_what_is_declared_as_it_was_brought_back_is_not_held():
    saved = Outcome(change((row(HOURLY),)), Result.VERIFIED, "saved", "", saves=1)
    back = replace(saved, change=change((row(),), wanted=schedule(cron=HOURLY)))
    failed = replace(saved, result=Result.FAILED)
    assert as_declared([saved], DECLARED) == (key(),)
    assert as_declared([back, failed], DECLARED) == as_declared([saved], {}) == ()


def test_what_surely_was_not_saved_was_not_brought_back():
    made = change((row(),))
    ended = [
        Outcome(made, Result.VERIFIED, "saved", "", saves=1),
        Outcome(replace(made, desired=schedule("2")), Result.UNKNOWN, "lost-reply", "", saves=1),
        Outcome(replace(made, desired=schedule("3")), Result.VERIFIED, "already-as-desired", ""),
        Outcome(replace(made, desired=schedule("4")), Result.REFUSED, "stale", ""),
    ]
    doubled = make_plan("prod", Sides(desired(schedule("5")), {key("5"): (row(), row())}))
    left = not_brought_back(Run(doubled, tuple(ended)))
    assert left == {key("4"), key("5")}
    (finding,) = held_as_live(left)
    assert (finding.rule, finding.message[:27]) == ("held-as-live", "2 schedules (such as acme/4")
    assert [*held_as_live(())] == []

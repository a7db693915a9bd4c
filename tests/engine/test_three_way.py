"""Plan and drift with last applied: whether Git moved, live moved, or both, and what is no longer declared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.find_drift import find_drift
from reconcile.engine.guard import Judging, refusals
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan, plan_digest
from reconcile.engine.orphans import removed
from reconcile.engine.overrides import (
    ACCEPT_DRIFT,
    INCLUDE_RENAMES,
    OVERRIDE_FREEZE,
    PARK_REMOVED,
    RECREATE,
    Allowances,
)
from reconcile.model.last_applied import TWO_WAY, Applied, LastApplied, LastAppliedSource
from reconcile.model.ledger_records import Hold
from reconcile.model.live import Unreadable
from reconcile.model.schedule import PARKED_CRON, DeclaredAt, State
from reconcile.model.selection import EVERYTHING
from reconcile.model.verdicts import Action, Verdict
from reconcile.model.workspace import Freeze, Limits, OnDrift, WeekMoment
from tests.builders import HOURLY, NIGHTLY, WEEKLY, desired, key, row, schedule

NAME = "订单同步"
HERE = schedule()
DECLARED = desired(HERE)
FROM_LEDGER = ("last applied is the ledger's",)


def last_applied(applied, *, declared=DECLARED):
    gone = removed(applied=applied, earlier={}, declared=declared, selection=EVERYTHING)
    return LastApplied(LastAppliedSource.LEDGER, applied, gone, FROM_LEDGER)


def plan(live, applied=None, *, wanted=DECLARED, situation=Situation(), allowing=(), now=None):
    known = last_applied({} if applied is None else applied, declared=wanted)
    allowed = Allowances(dict.fromkeys(allowing, True))
    return make_plan("prod", Sides(wanted, live, known), judging=Judging(situation, allowances=allowed, now=now))


def drift(live, applied, **more):
    return find_drift("prod", Sides(desired(HERE), live, last_applied(applied)), **more)


@pytest.mark.parametrize(
    "live, applied, verdict",
    [
        pytest.param((row(HOURLY),), Applied(HOURLY, NAME), Verdict.PENDING, id="git-moved"),
        pytest.param((row(HOURLY),), Applied(NIGHTLY, NAME), Verdict.DRIFTED, id="live-moved"),
        pytest.param((row(HOURLY),), Applied(WEEKLY, NAME), Verdict.CONFLICTING, id="both-moved"),
        pytest.param((), Applied(NIGHTLY, NAME), Verdict.VANISHED, id="gone"),
    ],
)
def test_a_change_says_who_moved(live, applied, verdict):
    planned = plan({key(): live}, {key(): applied})
    assert [change.verdict for change in planned.changes] == [verdict]
    assert (planned.last_applied, planned.assumptions[0]) == (LastAppliedSource.LEDGER, FROM_LEDGER[0])


def refused(planned):
    return [(one.rule, one.override) for one in planned.refusals]


def test_what_vanished_is_created_again_only_when_asked():
    applied = {key(): Applied(NIGHTLY, NAME)}
    assert refused(plan({key(): ()}, applied)) == [("vanished", "--recreate")]
    allowed = plan({key(): ()}, applied, allowing=[RECREATE])
    assert (refused(allowed), allowed.summary.create) == ([], 1)


def test_a_name_that_alone_differs_is_written_only_when_asked():
    applied = {key(): Applied(NIGHTLY, "旧名")}
    planned = plan({key(): (row(),)}, applied)
    assert (planned.changes, planned.attention[0].verdict) == ((), Verdict.PENDING)
    assert "'旧名'" in planned.attention[0].message
    assert "--include-renames" in (planned.attention[0].hint or "")
    asked = plan({key(): (row(),)}, applied, allowing=[INCLUDE_RENAMES])
    assert [change.action for change in asked.changes] == [Action.RENAME]
    assert (refused(asked), asked.summary.rename) == ([], 1)


def test_applying_a_saved_plan_with_a_rename_needs_its_word_again():
    planned = plan({key(): (row(),)}, {key(): Applied(NIGHTLY, "旧名")}, allowing=[INCLUDE_RENAMES])
    again = plan({key(): (row(),)}, {key(): Applied(NIGHTLY, "旧名")}, allowing=[INCLUDE_RENAMES])
    assert [(one.rule, one.override) for one in refusals(again)] == [("rename", "--include-renames")]
    assert planned.digest == again.digest


def test_a_name_that_nobody_knows_is_no_rename():
    assert plan({key(): (row(),)}).unchanged == 1


GONE = {key(): Applied(NIGHTLY, NAME), key("gone"): Applied(HOURLY, "旧")}


def test_an_orphan_is_reported_and_parked_only_when_asked():
    live = {key(): (row(),), key("gone"): (row(HOURLY),)}
    planned = plan(live, GONE)
    assert (planned.changes, planned.unchanged) == ((), 1)
    assert (planned.attention[0].verdict, planned.attention[0].is_blocked) == (Verdict.ORPHAN, False)
    assert "--park-removed" in (planned.attention[0].hint or "")
    parked = plan(live, GONE, allowing=[PARK_REMOVED])
    assert [(one.action, one.desired.cron_to_save) for one in parked.changes] == [(Action.PARK, PARKED_CRON)]
    assert refused(parked) == []


def test_parking_orphans_keeps_to_the_limit():
    live = {key(): (row(),), key("gone"): (row(HOURLY),)}
    planned = plan(live, GONE, allowing=[PARK_REMOVED], situation=Situation(Limits(max_parked=0)))
    assert refused(planned) == [("max-parked", "--allow-changes 1")]


def test_applying_a_saved_plan_that_parks_orphans_needs_its_word_again():
    planned = plan({key(): (row(),), key("gone"): (row(HOURLY),)}, GONE, allowing=[PARK_REMOVED])
    assert [one.override for one in refusals(planned)] == ["--park-removed"]


def test_the_digest_tells_an_orphan_from_a_declared_parked_schedule():
    planned = plan({key(): (row(),), key("gone"): (row(HOURLY),)}, GONE, allowing=[PARK_REMOVED])
    declared = schedule("gone", HOURLY, name="旧", state=State.PARKED, origin=DeclaredAt("", 0))
    other = replace(planned, changes=(replace(planned.changes[0], desired=declared),))
    assert plan_digest(other) != planned.digest


def test_an_orphan_with_two_jobs_keeps_no_apply_from_ending():
    planned = plan({key(): (row(),), key("gone"): (row(HOURLY), row(HOURLY))}, GONE)
    assert (planned.attention[0].verdict, planned.attention[0].is_blocked) == (Verdict.ORPHAN, False)
    assert planned.summary.blocked == 0


@pytest.mark.parametrize(
    "live", [pytest.param((), id="absent"), pytest.param((row(PARKED_CRON, active=False),), id="parked")]
)
def test_an_orphan_that_does_not_fire_is_nothing_to_speak_of(live):
    planned = plan({key(): (row(),), key("gone"): live}, GONE)
    assert (planned.changes, planned.attention, planned.unchanged) == ((), (), 1)


HOLD = Situation(on_drift=OnDrift.HOLD)


@pytest.mark.parametrize(
    "live, applied, is_held",
    [
        pytest.param((row(HOURLY),), Applied(NIGHTLY, NAME), True, id="drifted"),
        pytest.param((row(HOURLY),), Applied(WEEKLY, NAME), True, id="conflicting"),
        pytest.param((row(HOURLY),), None, True, id="never-applied-and-live"),
        pytest.param((row(HOURLY),), Applied(HOURLY, NAME), False, id="pending"),
        pytest.param((), None, False, id="absent"),
    ],
)
def test_what_was_changed_by_hand_can_be_held(live, applied, is_held):
    known = {} if applied is None else {key(): applied}
    found = refused(plan({key(): live}, known, situation=HOLD))
    assert found == ([("changed-by-hand", "--accept-drift")] if is_held else [])
    assert refused(plan({key(): live}, known, situation=HOLD, allowing=[ACCEPT_DRIFT])) == []


def test_drift_is_reverted_where_nothing_else_is_said():
    assert refused(plan({key(): (row(HOURLY),)}, {key(): Applied(NIGHTLY, NAME)})) == []


def hold(name=NAME):
    return Hold(key(), name, NIGHTLY, State.ACTIVE, "r7", "it broke", datetime(2026, 1, 1, tzinfo=UTC))


def test_a_key_that_was_rolled_back_is_held_while_its_declaration_says_the_same():
    live, applied = {key(): (row(HOURLY),)}, {key(): Applied(HOURLY, NAME)}
    planned = plan(live, applied, situation=Situation(holds={key(): hold()}))
    assert refused(planned) == [("held", None)]
    assert "reconcile release acme/1" in planned.refusals[0].hint
    assert refused(plan(live, applied, situation=Situation(holds={key(): hold("other")}))) == []


def test_drift_lists_what_is_held():
    found = drift({key(): (row(HOURLY),)}, {key(): Applied(HOURLY, NAME)}, holds={key(): hold()})
    assert (list(found.holds), found.exit_code) == ([key()], 0)
    assert drift({key(): (row(HOURLY),)}, {key(): Applied(HOURLY, NAME)}, holds={key(): hold("x")}).holds == {}


def test_a_key_of_another_workspace_is_refused():
    planned = plan({key(): (row(HOURLY),)}, situation=Situation(foreign={key(): "billing"}))
    assert refused(planned) == [("foreign-key", None)]
    assert "billing" in planned.refusals[0].message


NOW = datetime(2026, 11, 28, 1, 55, tzinfo=UTC)  # a Saturday
WEEKEND = Freeze("weekend", weekly=(WeekMoment(4, 18, 0), WeekMoment(0, 8, 0)))
NEAR = Freeze("it runs", near_fire=NOW - datetime(2026, 11, 28, 1, tzinfo=UTC))


def test_a_freeze_refuses_the_whole_apply_unless_a_reason_is_given():
    frozen = Situation(freezes=(WEEKEND,))
    weekly = {key(): (row(WEEKLY),)}
    assert refused(plan(weekly, situation=frozen, now=NOW)) == [("frozen", '--override-freeze "reason"')]
    assert [(one.setting, one.key) for one in plan(weekly, situation=frozen, now=NOW).refusals] == [("freezes", None)]
    assert refused(plan(weekly, situation=frozen, now=NOW, allowing=[OVERRIDE_FREEZE])) == []
    assert refused(plan(weekly, situation=frozen)) == []


def test_a_fire_nearby_refuses_only_its_key():
    wanted = desired(HERE, schedule("2", WEEKLY))
    live = {key(): (row(WEEKLY),), key("2"): (row("0 0 4 ? * MON"),)}
    near = Situation(freezes=(NEAR,))
    planned = plan(live, wanted=wanted, situation=near, now=NOW)
    assert [(one.rule, one.setting, one.key) for one in planned.refusals] == [("near-fire", "freezes", key())]
    assert refused(plan(live, wanted=wanted, situation=near, now=NOW, allowing=[OVERRIDE_FREEZE])) == []


def test_another_reason_is_told_before_a_fire_nearby():
    planned = plan({key(): (row(WEEKLY, active=False),)}, situation=Situation(freezes=(NEAR,)), now=NOW)
    assert refused(planned) == [("inactive", "--allow-inactive")]


@pytest.mark.parametrize(
    "live, wanted, found",
    [
        pytest.param({key(): ()}, desired(HERE), ["tenant acme: its only schedule is absent"], id="the-only-one"),
        pytest.param(
            {key(): (), key("2"): ()},
            desired(HERE, schedule("2")),
            ["tenant acme: none of its 2 schedules is live"],
            id="none-of-two",
        ),
        pytest.param({key(): (), key("2"): (row(),)}, desired(HERE, schedule("2")), [], id="one-of-two-is-live"),
        pytest.param({key(): Unreadable("x", "y")}, desired(HERE), [], id="unreadable-is-not-absent"),
        pytest.param({key(): ()}, desired(schedule(state=State.PARKED)), [], id="only-parked-ones"),
    ],
)
def test_without_last_applied_a_tenant_of_which_nothing_is_live_is_a_finding(live, wanted, found):
    planned = make_plan("prod", Sides(wanted, live))
    assert [one.message.split(",")[0] for one in planned.findings] == found
    assert planned.assumptions[0] == TWO_WAY
    assert plan(live, wanted=wanted).findings == ()


@pytest.mark.parametrize(
    "live, applied, code",
    [
        pytest.param((row(HOURLY),), Applied(HOURLY, NAME), 0, id="pending-is-git-ahead"),
        pytest.param((row(HOURLY),), Applied(NIGHTLY, NAME), 2, id="drifted"),
        pytest.param((), Applied(NIGHTLY, NAME), 2, id="vanished"),
        pytest.param((row(),), Applied(HOURLY, NAME), 0, id="converged"),
        pytest.param((row(PARKED_CRON),), Applied(NIGHTLY, NAME), 2, id="parked-by-hand"),
    ],
)
def test_drift_ends_with_two_only_when_live_moved(live, applied, code):
    found = drift({key(): live}, {key(): applied})
    assert (found.exit_code, found.assumptions, found.last_applied) == (code, FROM_LEDGER, LastAppliedSource.LEDGER)


@pytest.mark.parametrize("strict, code", [pytest.param(False, 0, id="lenient"), pytest.param(True, 2, id="strict")])
def test_an_orphan_is_drift_only_when_drift_is_strict(strict, code):
    live = {key(): (row(),), key("gone"): (row(HOURLY, active=False),)}
    assert drift(live, GONE, is_strict=strict).exit_code == code

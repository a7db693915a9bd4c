"""A plan: what would be saved, what needs a person, and the digest that binds a review."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import (
    NAMES_UNKNOWN,
    UPSERT_UNKNOWN,
    desired_digest,
    make_plan,
    plan_digest,
)
from reconcile.engine.overrides import ENABLE_INACTIVE, Allowances
from reconcile.model.last_applied import TWO_WAY, Applied, LastApplied, LastAppliedSource
from reconcile.model.live import Unreadable
from reconcile.model.schedule import DeclaredAt, State
from reconcile.model.verdicts import Action, Verdict
from reconcile.model.workspace import SaveMode, ServiceSettings
from tests.builders import HOURLY, WEEKLY, desired, key, row, schedule

LOST = Unreadable("service-timeout", "no reply within 10 s", "set timeout")
WANTED = desired(
    *(schedule(code) for code in ("absent", "different", "same", "twice", "paused", "mute")),
    schedule("parked", state=State.PARKED),
)
LIVE = {
    key("absent"): (),
    key("different"): (row(HOURLY),),
    key("same"): (row(),),
    key("twice"): (row(job_id="1"), row(job_id="2")),
    key("paused"): (row(active=False),),
    key("mute"): LOST,
    key("parked"): (row(HOURLY),),
}


def test_a_plan_sorts_keys_into_changes_attention_and_unchanged():
    plan = make_plan("prod", Sides(WANTED, LIVE))
    assert [(change.key.code, change.action) for change in plan.changes] == [
        ("absent", Action.CREATE),
        ("different", Action.UPDATE),
        ("parked", Action.PARK),
    ]
    assert [attention.key.code for attention in plan.attention] == ["mute", "paused", "twice"]
    assert plan.unchanged == 1


def test_the_summary_counts_each_key_once():
    plan = make_plan("prod", Sides(WANTED, LIVE))
    summary = plan.summary
    assert (summary.create, summary.update, summary.park, summary.unchanged) == (1, 1, 1, 1)
    assert (summary.blocked, summary.unreadable, summary.saves) == (1, 1, 3)


def test_a_plan_with_an_unreadable_key_is_not_complete_and_shows_the_rest():
    plan = make_plan("prod", Sides(WANTED, LIVE))
    assert not plan.is_complete
    assert plan.attention[0].verdict is Verdict.UNREADABLE
    assert plan.attention[0].message == LOST.message
    assert plan.attention[0].hint == LOST.hint
    assert plan.summary.saves == 3


def test_attention_says_what_to_do():
    _, paused, twice = make_plan("prod", Sides(WANTED, LIVE)).attention
    assert "1, 2" in twice.message
    assert twice.is_blocked
    assert "--enable-inactive" in (paused.hint or "")
    assert not paused.is_blocked


def test_a_paused_job_is_saved_again_only_when_asked():
    plan = make_plan("prod", Sides(WANTED, LIVE), judging=Judging(allowances=Allowances({ENABLE_INACTIVE: True})))
    assert [change.key.code for change in plan.changes if change.action is Action.ENABLE] == ["paused"]


def test_a_change_that_a_guard_refuses_is_shown_and_counted_as_blocked():
    plan = make_plan("prod", Sides(desired(schedule()), {key(): (row(HOURLY, active=False),)}))
    assert [refusal.rule for refusal in plan.refusals] == ["inactive"]
    assert len(plan.changes) == 1
    assert (plan.summary.update, plan.summary.blocked) == (0, 1)


def test_the_plan_says_what_it_cannot_know():
    plan = make_plan("prod", Sides(WANTED, LIVE))
    assert plan.assumptions == (TWO_WAY, NAMES_UNKNOWN, UPSERT_UNKNOWN)
    known = make_plan(
        "prod", Sides(WANTED, LIVE), judging=Judging(Situation(service=ServiceSettings(save=SaveMode.UPSERT)))
    )
    assert known.assumptions == (TWO_WAY, NAMES_UNKNOWN)
    assert make_plan("prod", Sides(desired(schedule()), {key(): ()})).assumptions == (TWO_WAY,)


def test_populations_hold_only_tenants_with_changes():
    wanted = desired(schedule("a"), schedule("b", tenant="beta"))
    live = {key("a"): (row(HOURLY),), key("b", "beta"): (row(),)}
    assert make_plan("prod", Sides(wanted, live)).populations == {"acme": 1}


def test_the_digests_of_a_plan_are_those_of_earlier_versions():
    known = LastApplied(LastAppliedSource.LEDGER, {key("different"): Applied(HOURLY, "旧名", ("1",), "r1", "c0ffee")})
    plan = make_plan("prod", Sides(WANTED, LIVE, known))
    assert plan.digest == "26b0066d91f0904e3d73bd7ccc166a6f67d3a59857d2f4887401994e4abb2244"
    assert plan.desired_digest == "29f27189425f35d997d67fc82e71b5c0472a8192001ce235a195c60c696277c8"


def test_the_digest_does_not_depend_on_the_order_of_keys():
    backwards = dict(reversed(WANTED.items()))
    assert make_plan("prod", Sides(backwards, LIVE)).digest == make_plan("prod", Sides(WANTED, LIVE)).digest


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(lambda plan: replace(plan, environment="test"), id="environment"),
        pytest.param(lambda plan: replace(plan, populations={"acme": 1000}), id="populations"),
        pytest.param(lambda plan: replace(plan, changes=plan.changes[1:]), id="a-change-left-out"),
        pytest.param(lambda plan: replace(plan, attention=()), id="attention-left-out"),
        pytest.param(
            lambda plan: replace(plan, changes=(replace(plan.changes[0], live=(row(WEEKLY),)), *plan.changes[1:])),
            id="live-row",
        ),
        pytest.param(
            lambda plan: replace(plan, changes=(replace(plan.changes[0], live=LOST), *plan.changes[1:])),
            id="unreadable",
        ),
        pytest.param(
            lambda plan: replace(
                plan, changes=(replace(plan.changes[0], applied=Applied(HOURLY, "x")), *plan.changes[1:])
            ),
            id="applied",
        ),
        pytest.param(
            lambda plan: replace(
                plan, changes=(replace(plan.changes[0], desired=schedule("absent", WEEKLY)), *plan.changes[1:])
            ),
            id="desired-cron",
        ),
        pytest.param(
            lambda plan: replace(
                plan, changes=(replace(plan.changes[0], desired=schedule("absent", name="x")), *plan.changes[1:])
            ),
            id="desired-name",
        ),
    ],
)
def test_the_digest_covers_what_would_be_done(edited):
    plan = make_plan("prod", Sides(WANTED, LIVE))
    assert plan_digest(plan) == plan.digest
    assert plan_digest(edited(plan)) != plan.digest


def test_the_digest_leaves_out_where_a_schedule_is_declared():
    moved = {k: replace(one, origin=DeclaredAt("elsewhere.yaml", 1)) for k, one in WANTED.items()}
    assert make_plan("prod", Sides(moved, LIVE)).digest == make_plan("prod", Sides(WANTED, LIVE)).digest


def test_the_desired_digest_covers_environment_keys_and_values():
    seen = {
        desired_digest("prod", desired(schedule())),
        desired_digest("test", desired(schedule())),
        desired_digest("prod", desired(schedule("2"))),
        desired_digest("prod", desired(schedule(cron=HOURLY))),
        desired_digest("prod", desired(schedule(name="other"))),
        desired_digest("prod", desired(schedule(state=State.PARKED))),
    }
    assert len(seen) == 6

"""Guards refuse, and name the setting and the override."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging, refusals, refusals_now
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import ALLOW_CHANGES, ALLOW_INACTIVE, ALLOW_PROTECTED, ENABLE_INACTIVE, Allowances
from reconcile.model.finding import Refusal
from reconcile.model.schedule import State
from reconcile.model.workspace import Freeze, Limits, SaveEnables, SaveMode, ServiceSettings
from tests.builders import HOURLY, desired, key, row, schedule

NO_LIMITS = Limits(None, None, 20, None, None)


def plan_of(updates=0, creates=0, parks=0, same=0):
    wanted, live = [], {}
    for kind, count in (("u", updates), ("c", creates), ("p", parks), ("s", same)):
        for number in range(count):
            one = schedule(f"{kind}{number}", state=State.PARKED if kind == "p" else State.ACTIVE)
            wanted.append(one)
            live[one.key] = {"u": (row(HOURLY),), "c": (), "p": (row(),), "s": (row(),)}[kind]
    return make_plan("prod", Sides(desired(*wanted), live), judging=Judging(Situation(NO_LIMITS)))


def refused(plan, limits=NO_LIMITS, service=ServiceSettings(), allowances=Allowances()):
    return refusals(plan, Judging(Situation(limits, service), allowances=allowances))


@pytest.mark.parametrize(
    "plan, limits, rule",
    [
        pytest.param(plan_of(updates=3), Limits(max_changes=2), "max-changes", id="updates"),
        pytest.param(plan_of(updates=1, parks=2), Limits(max_changes=2), "max-changes", id="updates-and-parks"),
        pytest.param(plan_of(creates=3), Limits(max_creates=2), "max-creates", id="creates"),
        pytest.param(plan_of(parks=3), Limits(max_parked=2), "max-parked", id="parks"),
        pytest.param(
            plan_of(updates=11, same=9), Limits(max_changes=None), "max-change-percent", id="share-of-a-tenant"
        ),
    ],
)
def test_a_limit_refuses_what_is_beyond_it(plan, limits, rule):
    (refusal,) = refused(plan, limits)
    assert (refusal.rule, refusal.key) == (rule, None)
    assert refusal.setting == f"limits.{rule.replace('-', '_')}"
    assert refusal.override == f"--allow-changes {plan.summary.saves}"


@pytest.mark.parametrize(
    "plan, limits",
    [
        pytest.param(plan_of(updates=2), Limits(max_changes=2), id="exactly-at-the-limit"),
        pytest.param(plan_of(creates=300), Limits(max_changes=2), id="creates-are-no-changes"),
        pytest.param(plan_of(updates=10, same=10), Limits(), id="exactly-half"),
        pytest.param(plan_of(updates=19), Limits(), id="a-small-tenant-has-no-share"),
        pytest.param(plan_of(updates=30, parks=30, creates=30), NO_LIMITS, id="no-limits"),
    ],
)
def test_a_limit_lets_pass_what_is_within_it(plan, limits):
    assert refused(plan, limits) == ()


def test_the_share_is_worded_with_count_population_and_percent():
    (refusal,) = refused(plan_of(updates=12, same=8), Limits(max_change_percent=30))
    assert refusal.message == ("12 of 20 live schedules of tenant acme would change (60 %); the limit is 30 %")
    assert "limits.max_change_percent" in refusal.hint
    assert "--allow-changes 12" in refusal.hint


@pytest.mark.parametrize("allowed, expected", [pytest.param(12, 0, id="enough"), pytest.param(11, 1, id="one-short")])
def test_allow_changes_lifts_every_count_up_to_its_number(allowed, expected):
    plan = plan_of(updates=12, same=8)
    assert (
        len(refused(plan, Limits(max_change_percent=30), allowances=Allowances({ALLOW_CHANGES: allowed}))) == expected
    )


def paused(cron=HOURLY, allowances=Allowances()):
    return make_plan(
        "prod", Sides(desired(schedule()), {key(): (row(cron, active=False),)}), judging=Judging(allowances=allowances)
    )


def test_a_paused_job_is_not_saved_over():
    (refusal,) = refused(paused())
    assert (refusal.rule, refusal.key, refusal.override) == ("inactive", key(), "--allow-inactive")
    assert "'disable'" in refusal.message
    assert refused(paused(), allowances=Allowances({ALLOW_INACTIVE: True})) == ()


def test_enabling_needs_its_own_word_also_when_applied():
    plan = paused(schedule().cron, Allowances({ENABLE_INACTIVE: True}))
    assert [refusal.override for refusal in refused(plan)] == ["--enable-inactive"]
    assert [refusal.override for refusal in refused(plan, allowances=Allowances({ALLOW_INACTIVE: True}))] == [
        "--enable-inactive"
    ]
    assert refused(plan, allowances=Allowances({ENABLE_INACTIVE: True})) == ()


def test_enabling_is_refused_where_saving_does_not_enable():
    service = ServiceSettings(save_enables=SaveEnables.FALSE)
    plan = paused(schedule().cron, Allowances({ENABLE_INACTIVE: True}))
    (refusal,) = refused(plan, service=service, allowances=Allowances({ENABLE_INACTIVE: True}))
    assert (refusal.rule, refusal.setting, refusal.override) == (
        "save-does-not-enable",
        "service.save_enables",
        None,
    )


def test_a_protected_schedule_needs_a_word():
    plan = make_plan("prod", Sides(desired(schedule(protect=True)), {key(): ()}))
    (refusal,) = refused(plan)
    assert (refusal.rule, refusal.override) == ("protected", "--allow-protected")
    assert "schedules/tenants/acme.yaml:7" in refusal.message
    assert refused(plan, allowances=Allowances({ALLOW_PROTECTED: True})) == ()


def test_an_appending_service_gets_no_updates_but_creates():
    service = ServiceSettings(save=SaveMode.APPEND)
    plan = plan_of(updates=2, creates=1)
    assert [refusal.rule for refusal in refused(plan, service=service)] == ["save-appends", "save-appends"]


def test_a_service_that_was_seen_to_append_gets_no_updates_until_somebody_says_how_it_saves():
    plan = plan_of(updates=2, creates=1)
    for save, expected in ((SaveMode.UNKNOWN, ["save-appends"] * 2), (SaveMode.UPSERT, [])):
        situation = Situation(NO_LIMITS, ServiceSettings(save=save), doubled=frozenset({key("7")}))
        told = refusals(plan, Judging(situation))
        assert [refusal.rule for refusal in told] == expected
        assert all("acme/7" in refusal.message and "service.save" in refusal.hint for refusal in told)


def test_keys_refused_by_themselves_do_not_count_towards_a_limit():
    service = ServiceSettings(save=SaveMode.APPEND)
    assert {r.rule for r in refused(plan_of(updates=3), Limits(max_changes=2), service)} == {"save-appends"}


def test_a_refusal_without_a_knob_says_to_look():
    assert "look" in Refusal("x", "y").hint


def test_no_freeze_is_judged_without_a_moment():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    always = Freeze("audit", between=(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - wall clocks
    judging = Judging(Situation(freezes=(always,)))
    assert [one.rule for one in refusals_now(replace(judging, now=now))] == ["frozen"]
    assert refusals_now(judging) == ()

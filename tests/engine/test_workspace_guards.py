"""What a workspace guards with, and how it differs from what was last applied."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest

from reconcile.engine.workspace_guards import changed_guards, guard_findings, lifted_protection, workspace_guards
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, LastDeclaration
from reconcile.model.rules import CronRule, Severity
from reconcile.model.schedule import DeclaredAt, Schedule
from reconcile.model.workspace import (
    Environment,
    Freeze,
    Limits,
    OnDrift,
    SaveMode,
    ServiceSettings,
    WeekMoment,
    Workspace,
)

at = datetime.fromisoformat
PROD = Environment("prod", "http://127.0.0.1")
SHOP = Workspace("shop", "schedules", None, {"prod": PROD})
BEFORE = workspace_guards(SHOP, PROD)
NIGHT = Freeze("month end", between=(at("2026-03-30T18:00"), at("2026-04-01T06:00")), timezone="Asia/Shanghai")
WEEKEND = Freeze("weekend", weekly=(WeekMoment(4, 18, 0), WeekMoment(0, 8, 5)))
NEAR = Freeze("near", near_fire=timedelta(minutes=5))


def since(workspace=SHOP, environment=PROD, *, before=BEFORE):
    return list(changed_guards(before, workspace_guards(workspace, environment)))


def test_the_same_workspace_has_the_same_guards():
    assert since() == []


def test_every_limit_is_a_guard():
    assert {f"limits.{one.name}" for one in fields(Limits)} <= BEFORE.keys()


@pytest.mark.parametrize(
    "workspace, environment, said",
    [
        pytest.param(replace(SHOP, limits=Limits(max_changes=9)), PROD, "limits.max_changes 500 → 9", id="a-limit"),
        pytest.param(replace(SHOP, limits=Limits(max_parked=None)), PROD, "limits.max_parked 20 → none", id="no-limit"),
        pytest.param(replace(SHOP, on_drift=OnDrift.HOLD), PROD, "on_drift revert → hold", id="on-drift"),
        pytest.param(
            replace(SHOP, rules={CronRule.NEVER_FIRES: None}), PROD, "rules.never-fires default → none", id="a-rule-off"
        ),
        pytest.param(
            replace(SHOP, rules={CronRule.NEVER_FIRES: Severity.ERROR}),
            PROD,
            "rules.never-fires default → error",
            id="a-rule-set",
        ),
        pytest.param(SHOP, replace(PROD, tenants=("a*", "b")), "tenants * → a*, b", id="tenants"),
        pytest.param(SHOP, replace(PROD, timezone="Asia/Tokyo"), "timezone UTC → Asia/Tokyo", id="timezone"),
        pytest.param(
            SHOP,
            replace(PROD, service=ServiceSettings(save=SaveMode.UPSERT)),
            "service.save unknown → upsert",
            id="save",
        ),
    ],
)
def test_a_guard_that_changed_is_told_with_both_values(workspace, environment, said):
    assert since(workspace, environment) == [said]


@pytest.mark.parametrize(
    "freeze, text",
    [
        pytest.param(NIGHT, "freeze month end 2026-03-30 18:00 to 2026-04-01 06:00 Asia/Shanghai → none", id="once"),
        pytest.param(WEEKEND, "freeze weekend Fri 18:00 to Mon 08:05 → none", id="weekly"),
        pytest.param(NEAR, "freeze near near_fire 5m → none", id="near-fire"),
    ],
)
def test_a_freeze_that_is_gone_is_told(freeze, text):
    before = workspace_guards(replace(SHOP, freezes=(freeze,)), PROD)
    assert since(before=before) == [text]


def test_freezes_of_one_reason_are_one_guard_and_those_of_other_environments_none():
    twice = replace(SHOP, freezes=(WEEKEND, replace(NEAR, reason="weekend")))
    assert since(twice) == ["freeze weekend none → Fri 18:00 to Mon 08:05 and near_fire 5m"]
    assert since(replace(SHOP, freezes=(replace(WEEKEND, environments=("test",)),))) == []


def test_a_setting_that_another_version_of_the_program_knows_is_not_compared():
    assert since(before={**BEFORE, "limits.of_later": "5"}) == []
    assert since(before={name: value for name, value in BEFORE.items() if name != "on_drift"}) == []


def schedule(code, *, protect=False):
    return Schedule(Key("acme", code), "x", "0 0 2 * * ?", "0 0 2 * * ?", DeclaredAt("a.yaml", 1), protect=protect)


def test_protection_that_was_lifted_is_told():
    desired = {one.key: one for one in (schedule("1"), schedule("2", protect=True), schedule("3"), schedule("4"))}
    was = Applied("0 0 2 * * ?", "x", declared=LastDeclaration("0 0 2 * * ?", protect=True))
    applied = dict.fromkeys([*desired][:2], was) | {Key("acme", "3"): Applied("0 0 2 * * ?", "x")}
    assert lifted_protection(applied, desired) == [Key("acme", "1")]


def test_one_finding_says_all_and_unknown_guards_say_nothing():
    now = workspace_guards(replace(SHOP, limits=Limits(max_changes=5000), on_drift=OnDrift.HOLD), PROD)
    (found,) = guard_findings(BEFORE, now, [Key("acme", "1")], file="schedules/reconcile.yaml")
    assert found.message == (
        "guards changed since last applied: limits.max_changes 500 → 5000; on_drift revert → hold;"
        " protect true → false of acme/1"
    )
    assert (str(found.place), found.severity) == ("schedules/reconcile.yaml:1:1", Severity.WARNING)
    assert guard_findings(None, now, [], file="x") == ()
    many = {f"rules.{number:02}": "error" for number in range(12)}
    assert guard_findings({}, many, [], file="x")[0].message.endswith("rules.09 default → error; and 2 more")

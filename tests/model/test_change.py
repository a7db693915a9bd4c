"""What a change says of desired, last applied and live."""

from __future__ import annotations

import pytest

from reconcile.model.change import conditions, same_cron, same_rows
from reconcile.model.last_applied import Applied
from reconcile.model.live import Unreadable
from reconcile.model.schedule import PARKED_CRON, BeforeRun, DeclaredAt, Removed, State
from reconcile.model.verdicts import Action, Condition, Verdict
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, change, key, row, schedule

LOST = Unreadable("service-timeout", "no reply within 10 s")
AS_DECLARED = Applied(NIGHTLY, "订单同步")
PARKED = schedule(state=State.PARKED)


@pytest.mark.parametrize(
    "live, applied, expected",
    [
        pytest.param(LOST, None, Verdict.UNREADABLE, id="a-failed-read-is-unreadable"),
        pytest.param(LOST, AS_DECLARED, Verdict.UNREADABLE, id="a-failed-read-is-never-vanished"),
        pytest.param((), AS_DECLARED, Verdict.VANISHED, id="applied-once-and-absent-now"),
        pytest.param((), None, Verdict.NEVER_APPLIED, id="absent-and-never-applied"),
        pytest.param((row(HOURLY),), None, Verdict.NEVER_APPLIED, id="different-and-never-applied"),
        pytest.param((row(NIGHTLY),), None, Verdict.IN_SYNC, id="same-without-last-applied"),
        pytest.param((row(NIGHTLY_TOO),), AS_DECLARED, Verdict.IN_SYNC, id="all-three-mean-the-same"),
        pytest.param((row(NIGHTLY),), Applied(HOURLY, "订单同步"), Verdict.CONVERGED, id="both-moved-to-the-same"),
        pytest.param((row(HOURLY),), Applied(HOURLY, "订单同步"), Verdict.PENDING, id="only-git-moved"),
        pytest.param((row(NIGHTLY),), Applied(NIGHTLY, "old"), Verdict.PENDING, id="only-the-name-moved-in-git"),
        pytest.param((row(HOURLY),), AS_DECLARED, Verdict.DRIFTED, id="only-live-moved"),
        pytest.param((row(HOURLY), row(NIGHTLY)), AS_DECLARED, Verdict.DRIFTED, id="a-second-row-is-drift"),
        pytest.param((row(HOURLY),), Applied(WEEKLY, "订单同步"), Verdict.CONFLICTING, id="all-three-differ"),
    ],
)
def test_the_first_verdict_that_fits_is_given(live, applied, expected):
    assert change(live, applied=applied).verdict is expected


@pytest.mark.parametrize(
    "live, expected",
    [
        pytest.param((), (), id="absent"),
        pytest.param(LOST, (), id="unreadable"),
        pytest.param((row(),), (), id="ordinary"),
        pytest.param((row(active=False),), (Condition.INACTIVE,), id="inactive"),
        pytest.param((row(PARKED_CRON),), (Condition.PARKED,), id="parked"),
        pytest.param((row("0 0 0 1 JAN ? 2099"),), (Condition.PARKED,), id="parked-in-other-words"),
        pytest.param((row("every night"),), (Condition.UNPARSEABLE,), id="unparseable"),
        pytest.param((row(), row(active=False)), (Condition.DUPLICATE, Condition.INACTIVE), id="two-rows-one-inactive"),
    ],
)
def test_conditions_name_what_is_out_of_the_ordinary(live, expected):
    assert conditions(live) == expected
    assert change(live).conditions == expected


@pytest.mark.parametrize(
    "live, wanted, expected",
    [
        pytest.param((), schedule(), Action.CREATE, id="absent-is-created"),
        pytest.param((), PARKED, None, id="parked-and-absent-needs-nothing"),
        pytest.param((row(HOURLY),), schedule(), Action.UPDATE, id="different-is-updated"),
        pytest.param((row("nonsense"),), schedule(), Action.UPDATE, id="unparseable-is-compared-as-text"),
        pytest.param((row(NIGHTLY_TOO),), schedule(), None, id="another-spelling-needs-nothing"),
        pytest.param((row(NIGHTLY),), PARKED, Action.PARK, id="declared-parked-is-parked"),
        pytest.param((row(PARKED_CRON),), PARKED, None, id="already-parked"),
        pytest.param((row(PARKED_CRON),), schedule(), Action.UPDATE, id="parked-but-declared-active"),
        pytest.param((row(active=False),), schedule(), Action.ENABLE, id="inactive-only"),
        pytest.param((row(PARKED_CRON, active=False),), PARKED, None, id="parked-need-not-be-active"),
        pytest.param((row(HOURLY), row(HOURLY)), schedule(), None, id="two-rows-are-never-saved-over"),
        pytest.param(LOST, schedule(), None, id="unreadable-is-never-saved"),
    ],
)
def test_the_action_is_what_a_save_would_do(live, wanted, expected):
    assert change(live, wanted=wanted).action is expected


@pytest.mark.parametrize(
    "applied, expected",
    [
        pytest.param(None, "订单同步", id="none-known-is-taken-for-the-declared-one"),
        pytest.param(Applied(HOURLY, "旧名"), "旧名", id="last-applied"),
    ],
)
def test_the_known_name_is_the_one_that_was_last_applied(applied, expected):
    assert change((row(),), applied=applied).known_name == expected


@pytest.mark.parametrize(
    "live, wanted, applied, expected",
    [
        pytest.param((row(NIGHTLY_TOO),), schedule(), AS_DECLARED, True, id="cron-by-meaning-and-name"),
        pytest.param((row(),), schedule(), None, True, id="a-name-that-is-not-known"),
        pytest.param((row(),), schedule(), Applied(NIGHTLY, "旧名"), False, id="another-name"),
        pytest.param((row(HOURLY),), schedule(), AS_DECLARED, False, id="another-cron"),
        pytest.param((row(active=False),), schedule(), AS_DECLARED, False, id="inactive"),
        pytest.param((row(PARKED_CRON, active=False),), PARKED, None, True, id="parked-need-not-be-active"),
        pytest.param((), PARKED, Applied(NIGHTLY, "旧名"), True, id="parked-and-absent-has-no-name"),
        pytest.param((), schedule(), None, False, id="absent"),
        pytest.param((row(), row()), schedule(), None, False, id="two-rows"),
        pytest.param(LOST, schedule(), AS_DECLARED, False, id="unreadable"),
    ],
)
def test_live_is_as_desired_when_there_is_nothing_to_save_and_nothing_to_report(live, wanted, applied, expected):
    assert change(live, wanted=wanted, applied=applied).is_live_as_desired is expected


def test_fields_names_what_a_save_would_change():
    assert change((row(HOURLY, active=False),), applied=Applied(HOURLY, "old")).fields == ("cron", "name", "state")
    assert change((row(),)).fields == ()


def test_the_row_is_the_only_one():
    assert change((row(),)).row == row()
    assert change(()).row is None
    assert change((row(), row())).row is None
    assert change(LOST).row is None


@pytest.mark.parametrize(
    "one, other, expected",
    [
        pytest.param((), (), True, id="absent-both-times"),
        pytest.param((row(),), (), False, id="gone"),
        pytest.param((row(NIGHTLY),), (row(NIGHTLY_TOO, job_id="901"),), True, id="other-words-and-other-job-id"),
        pytest.param((row(),), (row(active=False),), False, id="paused-meanwhile"),
        pytest.param((row(HOURLY), row(NIGHTLY)), (row(NIGHTLY), row(HOURLY)), True, id="order-of-rows"),
        pytest.param((row(HOURLY), row(HOURLY)), (row(NIGHTLY), row(HOURLY)), False, id="one-of-two-differs"),
    ],
)
def test_two_readings_are_compared_by_meaning_and_condition(one, other, expected):
    assert same_rows(one, other) is expected


def test_texts_that_do_not_parse_are_alike_only_when_equal():
    assert same_cron("nonsense", "nonsense")
    assert not same_cron("nonsense", "nonsense ")


def test_a_key_reads_as_tenant_and_code():
    assert str(key()) == "acme/1"
    assert change().key == key()


@pytest.mark.parametrize(
    "origin, expected",
    [
        pytest.param(DeclaredAt("acme.yaml", 7), "acme.yaml:7", id="declared"),
        pytest.param(Removed(), "declared nowhere", id="removed"),
        pytest.param(BeforeRun("r1"), "before run r1", id="rollback"),
        pytest.param(BeforeRun(None), "before a run", id="rollback-of-a-run-that-a-plan-file-does-not-name"),
    ],
)
def test_a_schedule_says_where_it_comes_from(origin, expected):
    assert str(schedule(origin=origin).origin) == expected


@pytest.mark.parametrize(
    "one, other, expected",
    [
        pytest.param("0 0 2 15W,20W * ?", "0 0 2 15W * ?", False, id="only-2.3-leaves-20W-out"),
        pytest.param("0 0 2 15W,20W * ?", "0 0 2 15W,20W 1-12 ?", True, id="alike-in-both"),
        pytest.param("0 0 2 L,15 * ?", "0 0 2 15,L * ?", False, id="2.3-refuses-them"),
        pytest.param("0 0 2 L * ?", "0 0 2 L 1-12 ?", True, id="no-list"),
    ],
)
def test_what_two_versions_of_quartz_read_differently_is_not_proven(one, other, expected):
    assert same_cron(one, other) is expected


def test_what_one_version_of_quartz_takes_is_parseable():
    assert conditions((row("0 0 2 L,15 * ?"),)) == ()

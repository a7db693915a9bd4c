"""Canaries: one update and one create go first, alone; unless both are verified nothing follows them."""

from __future__ import annotations

import pytest

from reconcile.flows.canaries import CANARY_TRIES
from reconcile.model.outcome import Result
from reconcile.model.schedule import State
from reconcile.model.workspace import Limits, SaveMode, ServiceSettings
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, NIGHTLY_TOO, WEEKLY, key, row, schedule
from tests.flows.fakes import UNREAD, FakeService
from tests.flows.running import LOST, creates, planned, results, run, updates

REFUSED = SaveAnswer(AnswerKind.REJECTED, "no such bizcode")
UNLIMITED = Limits(max_change_percent=None)
UPSERT = ServiceSettings(save=SaveMode.UPSERT)


def codes(service):
    return [[saved.code for saved in wave] for wave in service.saved]


@pytest.mark.parametrize(
    "settings", [pytest.param(ServiceSettings(), id="save-unknown"), pytest.param(UPSERT, id="save-upserts")]
)
def test_an_update_goes_first_then_a_create_then_whole_waves(settings):
    service = FakeService({})
    run(planned(service, *creates(3), *updates(service, 3)), service, settings=settings, wave_size=3)
    assert codes(service) == [["u00"], ["c00"], ["c01", "c02", "u01"], ["u02"]]


@pytest.mark.parametrize(
    "created, updated, sizes",
    [
        pytest.param(0, 4, [1, 3], id="updates-alone-need-one"),
        pytest.param(4, 0, [1, 3], id="creates-alone-need-one"),
        pytest.param(1, 1, [1, 1], id="a-small-plan-is-done-with-them"),
    ],
)
def test_there_is_a_canary_for_each_kind_that_there_is(created, updated, sizes):
    service = FakeService({})
    done = run(planned(service, *creates(created), *updates(service, updated)), service)
    assert [len(saved) for saved in service.saved] == sizes
    assert done.exit_code == 0


def test_parking_is_a_canary_where_there_is_no_plain_update():
    service = FakeService({key("p0"): (row(),), key("p1"): (row(),)})
    plan = planned(service, *(schedule(code, state=State.PARKED) for code in ("p0", "p1")))
    assert run(plan, service).exit_code == 0
    assert codes(service) == [["p0"], ["p1"]]
    service = FakeService({key("p0"): (row(),)})
    run(planned(service, schedule("p0", state=State.PARKED), *updates(service, 1)), service)
    assert codes(service) == [["u00"], ["p0"]]


@pytest.mark.parametrize(
    "answer, expected",
    [
        pytest.param(LOST, (Result.UNKNOWN, "lost-reply"), id="unknown"),
        pytest.param(SaveAnswer(AnswerKind.ACKNOWLEDGED), (Result.MISMATCHED, "not-taken"), id="mismatched"),
    ],
)
def test_a_canary_that_may_have_been_saved_and_was_not_verified_stops_the_run(answer, expected):
    service = FakeService({})
    service.on_save = lambda *_: answer
    done = run(planned(service, *creates(2), *updates(service, 2)), service)
    found = results(done)
    assert found.pop("u00") == expected
    assert set(found.values()) == {(Result.SKIPPED, "run-stopped")}
    assert f"{key('u00')}, which went first" in done.outcomes[0].message
    assert done.exit_code == 4


def test_a_create_that_is_not_verified_stops_the_run_after_the_update_was():
    service = FakeService({})
    service.on_save = lambda _, save: LOST if save.key.code == "c00" else None
    done = run(planned(service, *creates(2), *updates(service, 2)), service)
    assert results(done) == {
        "u00": (Result.VERIFIED, "saved"),
        "c00": (Result.UNKNOWN, "lost-reply"),
        "c01": (Result.SKIPPED, "run-stopped"),
        "u01": (Result.SKIPPED, "run-stopped"),
    }


def test_one_bad_key_does_not_keep_the_others_from_being_applied():
    service = FakeService({})
    service.on_save = lambda _, save: REFUSED if save.key.code == "u00" else None
    done = run(planned(service, *updates(service, 4)), service)
    assert codes(service) == [["u00"], ["u01"], ["u02", "u03"]]
    assert results(done)["u00"] == (Result.FAILED, "rejected")
    assert done.exit_code == 4


def test_when_several_in_a_row_cannot_be_saved_the_run_stops():
    service = FakeService({})
    service.on_save = lambda *_: REFUSED
    done = run(planned(service, *updates(service, 9)), service)
    assert done.count(Result.FAILED) == CANARY_TRIES
    assert done.count(Result.SKIPPED) == 9 - CANARY_TRIES
    assert done.exit_code == 1


def test_a_stale_update_is_no_canary():
    service = FakeService({})
    plan = planned(service, *updates(service, 3))
    service.rows[key("u00")] = (row(WEEKLY),)
    done = run(plan, service)
    assert codes(service) == [["u01"], ["u02"]]
    assert results(done)["u00"] == (Result.REFUSED, "stale")


def test_a_guarded_update_is_no_canary():
    service = FakeService({key("a"): (row(HOURLY, active=False),)})
    run(planned(service, schedule("a"), *updates(service, 2)), service)
    assert codes(service) == [["u00"], ["u01"]]


def test_what_is_done_already_is_passed_over_in_whole_waves():
    service = FakeService({})
    plan = planned(service, *updates(service, 50))
    for number in range(48):
        service.rows[key(f"u{number:02}")] = (row(NIGHTLY_TOO),)
    done = run(plan, service, wave_size=20, limits=UNLIMITED)
    assert codes(service) == [["u48"], ["u49"]]
    assert done.exit_code == 0
    assert [len(keys) for keys, _ in service.queries[:4]] == [1, 20, 20, 9]


def test_when_nothing_can_be_read_the_run_is_given_up():
    service = FakeService({})
    plan = planned(service, *updates(service, 50))
    service.on_query = lambda *_: UNREAD
    done = run(plan, service, wave_size=10, limits=UNLIMITED)
    assert (done.count(Result.FAILED), done.count(Result.SKIPPED)) == (11, 39)
    assert done.exit_code == 1


def test_on_a_service_that_adds_jobs_only_the_first_update_is_doubled_whatever_the_setting_says():
    service = FakeService({}, mode="append")
    done = run(planned(service, *creates(3), *updates(service, 5)), service, settings=UPSERT)
    assert [code for code, rows in service.rows.items() if len(rows) > 1] == [key("u00")]
    assert done.count(Result.REFUSED) == 4
    assert done.count(Result.SKIPPED) == 3
    assert [finding.rule for finding in done.findings] == ["save-appends"]

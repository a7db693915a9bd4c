"""Apply: nothing is saved blindly, nothing is done that was not read back, and every change has an outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.engine.judges import Situation
from reconcile.engine.overrides import ALLOW_INACTIVE, ENABLE_INACTIVE, Allowances
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.tally import BREAKER_FAILURES
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.outcome import Result
from reconcile.model.schedule import PARKED_CRON, State
from reconcile.model.workspace import Limits
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, WEEKLY, key, row, schedule
from tests.flows.fakes import UNREAD, FakeService, FakeStop, ports
from tests.flows.running import LOST, applied, creates, lost_but_done, planned, renamed, results, run, updates


def test_what_was_planned_is_saved_and_verified():
    service = FakeService({})
    done = run(planned(service, *creates(2), *updates(service, 2), schedule("p", state=State.PARKED)), service)
    assert {outcome.result for outcome in done.outcomes} == {Result.VERIFIED}
    assert done.exit_code == 0
    assert planned(service, *creates(2)).changes == ()


def test_a_job_is_parked_by_saving_the_far_cron():
    service = FakeService({key("p"): (row(),)})
    run(planned(service, schedule("p", state=State.PARKED)), service)
    assert service.rows[key("p")][0].cron == PARKED_CRON


def test_two_rows_after_a_save_stop_the_run():
    service = FakeService({}, mode="append")
    done = run(planned(service, *creates(1), *updates(service, 3)), service)
    assert results(done) == {
        "c00": (Result.SKIPPED, "run-stopped"),
        "u00": (Result.MISMATCHED, "duplicated"),
        "u01": (Result.REFUSED, "save-appends"),
        "u02": (Result.REFUSED, "save-appends"),
    }
    assert all("service.save" in outcome.hint for outcome in done.outcomes if outcome.result is Result.REFUSED)
    assert [finding.rule for finding in done.findings] == ["save-appends"]
    assert "service.save" in (done.findings[0].hint or "")
    assert done.exit_code == 4


def test_a_key_that_moved_since_the_plan_is_stale():
    service = FakeService({key("c00"): ()})
    plan = planned(service, *creates(1), *updates(service, 2))
    service.rows[key("u01")] = (row(WEEKLY),)
    service.rows[key("c00")] = (row(WEEKLY),)
    done = run(plan, service)
    assert results(done)["u01"] == results(done)["c00"] == (Result.REFUSED, "stale")
    assert service.rows[key("u01")] == (row(WEEKLY),)
    assert done.exit_code == 4


def test_a_key_that_was_paused_since_the_plan_is_stale():
    service = FakeService({})
    plan = planned(service, *updates(service, 1))
    service.rows[key("u00")] = (row(HOURLY, active=False),)
    done = run(plan, service)
    assert results(done)["u00"] == (Result.REFUSED, "stale")
    assert done.exit_code == 3


def test_a_key_that_is_already_as_desired_is_done_without_a_save():
    service = FakeService({})
    plan = planned(service, *updates(service, 1))
    service.rows[key("u00")] = (row(NIGHTLY_TOO),)
    done = run(plan, service)
    assert results(done)["u00"] == (Result.VERIFIED, "already-as-desired")
    assert (service.saved, done.exit_code) == ([], 0)


def test_a_new_cron_with_a_new_name_that_is_live_already_is_done():
    service = FakeService({key("r"): (row(HOURLY),)})
    change = replace(renamed("r"), live=(row(HOURLY),))
    assert applied(service, change).exit_code == 0
    (again,) = applied(service, change).outcomes
    assert (again.result, again.reason) == (Result.VERIFIED, "already-as-desired")


def test_a_paused_job_that_was_saved_over_and_stayed_paused_is_done():
    service = FakeService({key("p"): (row(HOURLY, active=False),)})
    plan = planned(service, schedule("p"))
    service.rows[key("p")] = (row(active=False),)
    done = run(plan, service, allowances=Allowances({ALLOW_INACTIVE: True}))
    assert results(done) == {"p": (Result.VERIFIED, "already-as-desired")}


def test_a_key_that_is_as_desired_but_was_paused_since_the_plan_is_stale():
    service = FakeService({})
    plan = planned(service, *updates(service, 1))
    service.rows[key("u00")] = (row(active=False),)
    assert results(run(plan, service)) == {"u00": (Result.REFUSED, "stale")}


def test_running_again_finishes_the_rest():
    service = FakeService({})
    plan = planned(service, *creates(4))
    service.on_save = lambda _, save: SaveAnswer(AnswerKind.UNSENT, "refused") if save.key.code > "c01" else None
    assert run(plan, service).exit_code == 4
    service.on_save = None
    again = run(plan, service)
    assert again.exit_code == 0
    assert [outcome.saves for outcome in again.outcomes] == [0, 0, 1, 1]


def test_a_key_that_cannot_be_reread_is_not_saved():
    service = FakeService({})
    plan = planned(service, *creates(1))
    service.on_query = lambda *_: UNREAD
    done = run(plan, service)
    assert results(done) == {"c00": (Result.FAILED, "unreadable")}
    assert (service.saved, done.exit_code) == ([], 1)


def test_a_guard_that_refuses_the_plan_leaves_everything_unsaved():
    service = FakeService({})
    plan = planned(service, *updates(service, 3))
    done = run(plan, service, limits=Limits(max_changes=2))
    assert {reason for _, reason in results(done).values()} == {"guard"}
    assert (service.queries, service.saved, done.exit_code) == ([], [], 3)


def test_a_guard_that_refuses_one_key_leaves_the_rest_to_go_on():
    service = FakeService({key("p"): (row(HOURLY, active=False),)})
    done = run(planned(service, *creates(1), schedule("p")), service)
    assert results(done) == {"c00": (Result.VERIFIED, "saved"), "p": (Result.REFUSED, "guard")}
    assert done.exit_code == 4


def test_a_limit_does_not_hide_why_a_single_key_is_refused():
    service = FakeService({key("p"): (row(HOURLY, active=False),)})
    done = run(planned(service, *updates(service, 3), schedule("p")), service, limits=Limits(max_changes=2))
    refused = {outcome.key.code: outcome.message for outcome in done.outcomes}
    assert "paused" in refused["p"]
    assert "the limit is 2" in refused["u00"]


@pytest.mark.parametrize(
    "enables, said",
    [pytest.param(True, "active now", id="it-enables"), pytest.param(False, "still inactive", id="it-does-not")],
)
def test_after_saving_over_a_paused_job_the_outcome_says_what_became_of_it(enables, said):
    service = FakeService({key("p"): (row(HOURLY, active=False),)})

    def save(fake, save):
        fake.rows[save.key] = (row(save.cron, active=enables),)
        return SaveAnswer(AnswerKind.ACKNOWLEDGED)

    service.on_save = save
    done = run(planned(service, schedule("p")), service, allowances=Allowances({ALLOW_INACTIVE: True}))
    assert done.outcomes[0].result is Result.VERIFIED
    assert said in done.outcomes[0].message


def leaving_it_inactive(fake, save):
    fake.rows[save.key] = (row(save.cron, active=False),)
    return SaveAnswer(AnswerKind.ACKNOWLEDGED)


def test_enabling_that_has_no_effect_is_a_mismatch():
    service = FakeService({key("p"): (row(active=False),)})
    allowances = Allowances({ENABLE_INACTIVE: True})
    done = run(planned(service, schedule("p"), allowances=allowances), service, allowances=allowances)
    assert results(done)["p"] == (Result.MISMATCHED, "still-inactive")
    assert "still inactive" in done.outcomes[0].message
    assert "service.save_enables" in (done.outcomes[0].hint or "")
    assert done.exit_code == 4


@pytest.mark.parametrize("rows", [(row(HOURLY, active=False),), (row(HOURLY),), ()], ids=["paused", "active", "absent"])
def test_where_active_jobs_are_asked_for_a_save_that_leaves_an_inactive_one_is_a_mismatch(rows):
    service = FakeService({key("p"): rows})
    service.on_save = leaving_it_inactive
    allowances = Allowances({ALLOW_INACTIVE: True, ENABLE_INACTIVE: True})
    plan = planned(service, schedule("p"), allowances=allowances)
    done = run(plan, service, allowances=allowances)
    assert results(done) == {"p": (Result.MISMATCHED, "still-inactive")}
    again = run(planned(service, schedule("p"), allowances=allowances), service, allowances=allowances)
    assert (results(again), again.exit_code) == (results(done), done.exit_code)
    # Of a plan that was made before it, nothing counts as done either.
    assert results(run(plan, service, allowances=allowances)) == {"p": (Result.REFUSED, "stale")}


def test_one_job_that_stays_inactive_does_not_keep_the_others_from_being_saved():
    service = FakeService({key("a"): (row(HOURLY, active=False),)})
    service.on_save = lambda fake, save: leaving_it_inactive(fake, save) if save.key.code == "a" else None
    allowances = Allowances({ALLOW_INACTIVE: True, ENABLE_INACTIVE: True})
    plan = planned(service, schedule("a"), *updates(service, 2), *creates(1), allowances=allowances)
    done = run(plan, service, allowances=allowances)
    assert results(done)["a"] == (Result.MISMATCHED, "still-inactive")
    assert (done.count(Result.VERIFIED), done.exit_code) == (3, 4)


def test_a_lost_reply_is_settled_by_reading_back():
    service = FakeService({})
    service.on_save = lost_but_done
    done = run(planned(service, *creates(2), *updates(service, 2)), service)
    assert done.exit_code == 0
    assert [outcome.saves for outcome in done.outcomes] == [1, 1, 1, 1]


def test_a_lost_create_is_not_repeated_while_upserting_is_not_established():
    service = FakeService({})
    service.on_save = lambda *_: LOST
    done = run(planned(service, *creates(1)), service)
    assert results(done) == {"c00": (Result.UNKNOWN, "lost-reply")}
    assert (len(service.saved), done.exit_code) == (1, 4)


def test_a_lost_update_is_repeated_once_after_growing_pauses():
    service = FakeService({})
    tried = []

    def first_lost(fake, save):
        tried.append(save.key)
        return LOST if len(tried) == 1 else None

    service.on_save = first_lost
    made = ports(service)
    plan = planned(service, *updates(service, 1))
    done = apply_plan(plan, made, situation=Situation())
    assert results(done) == {"u00": (Result.VERIFIED, "saved")}
    assert done.outcomes[0].saves == 2
    assert made.clock.slept[:3] == [0.5, 1.0, 2.0]


def test_the_hint_of_the_service_is_kept_when_a_save_fails():
    service = FakeService({})
    service.on_save = lambda *_: SaveAnswer(AnswerKind.REJECTED, "HTTP 403", hint="check headers.Authorization")
    (outcome,) = run(planned(service, *creates(1)), service).outcomes
    assert outcome.hint == "check headers.Authorization"
    assert "HTTP 403" in outcome.message


def test_what_is_unknown_says_that_the_next_run_settles_it_and_then_what_the_service_hints():
    service = FakeService({})
    service.on_save = lambda *_: SaveAnswer(AnswerKind.LOST, "no answer in time", hint="is the service overloaded?")
    (outcome,) = run(planned(service, *creates(1)), service).outcomes
    assert outcome.result is Result.UNKNOWN
    assert outcome.hint == "the next run reads and settles it; is the service overloaded?"


def test_intents_are_recorded_before_the_first_save_of_a_wave():
    ledger = MemoryLedger()
    service = FakeService({})
    service.on_save = lambda _, save: order.append(("save", len(ledger.intents)))
    order: list = []
    run(planned(service, *creates(3)), service, ledger=ledger, wave_size=2)
    assert order == [("save", 1), ("save", 3), ("save", 3)]
    assert [intent.key.code for intent in ledger.intents] == ["c00", "c01", "c02"]
    assert [outcome.result for outcome in ledger.outcomes] == [Result.VERIFIED] * 3


def test_each_outcome_is_told_once():
    told = []
    service = FakeService({})
    run(planned(service, *creates(3)), service, wave_size=2, on_outcome=told.append)
    assert sorted(outcome.key.code for outcome in told) == ["c00", "c01", "c02"]


def test_a_run_that_mostly_fails_is_given_up():
    service = FakeService({})
    down = SaveAnswer(AnswerKind.UNSENT, "connection refused")
    service.on_save = lambda fake, save: down if len(fake.saved) > 1 else None
    done = run(planned(service, *creates(20)), service, wave_size=BREAKER_FAILURES)
    assert done.count(Result.FAILED) == BREAKER_FAILURES
    assert done.count(Result.SKIPPED) == 20 - BREAKER_FAILURES - 1
    assert "5 of 6" in done.outcomes[-1].message
    assert done.exit_code == 4


def test_a_few_failures_do_not_stop_a_run():
    service = FakeService({})
    bad = {f"c{number:02}" for number in range(0, 20, 3)}
    refusal = SaveAnswer(AnswerKind.REJECTED, "no")
    service.on_save = lambda _, save: refusal if save.key.code in bad else None
    done = run(planned(service, *creates(20)), service, wave_size=4)
    assert done.count(Result.SKIPPED) == 0
    assert done.count(Result.FAILED) == len(bad)


def test_a_signal_between_waves_skips_the_rest():
    stop = FakeStop()
    service = FakeService({})

    def told(_):
        stop.come = True

    done = run(planned(service, *creates(4)), service, wave_size=2, stop=stop, on_outcome=told)
    assert [outcome.result for outcome in done.outcomes] == [Result.VERIFIED] + [Result.SKIPPED] * 3
    assert "interrupted" in done.outcomes[-1].message
    assert done.interrupted


def test_a_signal_during_the_reread_saves_nothing():
    stop = FakeStop()
    service = FakeService({})
    plan = planned(service, *creates(2))

    def come(_, rows):
        stop.come = True
        return rows

    service.on_query = come
    done = run(plan, service, stop=stop)
    assert {outcome.result for outcome in done.outcomes} == {Result.SKIPPED}
    assert service.saved == []


def test_a_signal_during_the_saves_leaves_them_unknown():
    stop = FakeStop()
    service = FakeService({})

    def come(*_):
        stop.come = True

    service.on_save = come
    done = run(planned(service, *creates(2)), service, stop=stop)
    assert results(done) == {"c00": (Result.UNKNOWN, "interrupted"), "c01": (Result.SKIPPED, "run-stopped")}
    assert done.exit_code == 4


def test_a_message_shows_what_was_read_last():
    service = FakeService({})
    plan = planned(service, *updates(service, 2))
    service.rows[key("u00")] = ()
    service.rows[key("u01")] = (row(WEEKLY, job_id="77"),)
    gone, moved = run(plan, service).outcomes
    assert "absent" in gone.message
    assert repr(WEEKLY) in moved.message
    assert "job 77" in moved.message


def test_cut_lists_during_an_apply_are_told():
    service = FakeService({})
    plan = planned(service, *updates(service, 3), *creates(2))
    service.cuts_at = 2
    done = run(plan, service)
    assert "batch-truncated" in {finding.rule for finding in done.findings}
    assert results(done)["c01"] == (Result.FAILED, "unreadable")


def test_nightly_in_other_words_counts_as_read_back():
    service = FakeService({})

    def normalising(fake, save):
        fake.rows[save.key] = (row(NIGHTLY_TOO),)
        return SaveAnswer(AnswerKind.ACKNOWLEDGED)

    service.on_save = normalising
    done = run(planned(service, schedule("c", NIGHTLY)), service)
    assert done.exit_code == 0

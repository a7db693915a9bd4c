"""A later run reads what a run recorded: intents, outcomes, last applied, holds, and how it ended."""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconcile.errors import LedgerError, LedgerGoneError, UsageError
from reconcile.ledger.encoding import applied_of, applied_value, json_text, live_of, live_value
from reconcile.ledger.lease import LEASE
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.model.change import Change
from reconcile.model.keys import Key
from reconcile.model.last_applied import VALUES_KEPT, Applied, LastDeclaration, ValueInForce, last_declaration
from reconcile.model.ledger_records import (
    ChangeRecord,
    Ending,
    Hold,
    Learned,
    RunKind,
    RunRecord,
    RunStart,
    RunState,
    Settled,
)
from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.outcome import Intent, Outcome, Result
from reconcile.model.schedule import PARKED_CRON, BeforeRun, State
from reconcile.model.verdicts import Action
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, key, row, schedule
from tests.examples import examples
from tests.ledger.conftest import IN_GIT, in_databases, open_at
from tests.ledger.run_builders import LATER_RUN, NOON, RUN, Clock, applied, end, hold, outcome, run_in, start, update


def test_an_intent_is_open_until_its_outcome_is_recorded(ledger, opened):
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1")), Intent(update("2"))])
        open_now = opened(create=False).open_changes()
        assert [(of_run, record.key, record.is_open) for of_run, record in open_now] == [
            (RUN, key("1"), True),
            (RUN, key("2"), True),
        ]
        run.record_outcomes([outcome(update("1"))])
        end(run, Ending.UNFINISHED)
    assert [record.key for _, record in opened(create=False).open_changes()] == [key("2")]


def test_an_unknown_outcome_stays_open_until_a_later_run_settles_it(ledger):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update(), Result.UNKNOWN, live=Unreadable("timeout", "no answer", "wait"))])
    ((of_run, record),) = ledger.open_changes()
    assert (of_run, record.result, record.after) == (RUN, Result.UNKNOWN, Unreadable("timeout", "no answer", "wait"))
    assert ledger.last_applied() == {}
    with run_in(ledger, LATER_RUN) as run:
        run.record_settled({(RUN, key()): Settled.AS_DESIRED}, applied())
    assert ledger.open_changes() == ()
    assert ledger.last_applied() == applied()
    assert ledger.run(RUN)[1][0].settled is Settled.AS_DESIRED


def test_a_key_may_be_open_in_several_runs_and_each_is_settled_by_itself(ledger):
    for name in (RUN, LATER_RUN):
        with run_in(ledger, name, started_at=NOON if name == RUN else NOON + timedelta(hours=1)) as run:
            run.record_intents([Intent(update())])
    assert [name for name, _ in ledger.open_changes()] == [RUN, LATER_RUN]
    with run_in(ledger, "20261125T140000Z-cccccc") as run:
        run.record_settled({(RUN, key()): Settled.AS_BEFORE}, {})
    assert [name for name, _ in ledger.open_changes()] == [LATER_RUN]


def test_a_later_outcome_replaces_an_earlier_one(ledger):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update())])
        run.record_outcomes([outcome(update(), Result.MISMATCHED, live=(row(HOURLY),)), outcome(update("2"))])
    _, changes = ledger.run(RUN)
    assert [(record.key.code, record.result) for record in changes] == [
        ("1", Result.MISMATCHED),
        ("2", Result.VERIFIED),
    ]


def test_of_two_outcomes_of_a_key_in_one_call_the_later_counts(ledger):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update(), Result.UNKNOWN), outcome(update())])
    assert ledger.open_changes() == ()


@pytest.mark.parametrize("result", [result for result in Result if result is not Result.VERIFIED])
def test_only_what_was_verified_becomes_last_applied(ledger, result):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update(), result)])
    assert ledger.last_applied() == {}


def test_last_applied_is_what_was_saved_with_every_job_id_seen(ledger):
    before = Change(schedule("1", NIGHTLY), None, (row(HOURLY, job_id="100"),))
    with run_in(ledger) as run:
        run.record_outcomes([outcome(before, live=(row(NIGHTLY_TOO, job_id="101"),))])
    in_file = last_declaration(schedule())
    assert ledger.last_applied() == {key(): Applied(NIGHTLY, "订单同步", ("100", "101"), RUN, "c0ffee", in_file)}
    again = Change(schedule("1", HOURLY, name="新"), None, (row(NIGHTLY, job_id="101"),))
    with run_in(ledger, LATER_RUN, revision="beef") as run:
        run.record_outcomes([outcome(again, live=(row(HOURLY, job_id="102"),))])
    in_file = last_declaration(again.desired)
    assert ledger.last_applied() == {key(): Applied(HOURLY, "新", ("100", "101", "102"), LATER_RUN, "beef", in_file)}


def test_what_the_files_declared_is_kept_and_what_a_rollback_restores_declares_nothing(ledger):
    guarded = update("1", protect=True, labels={"tier": "gold"})
    with run_in(ledger) as run:
        run.record_outcomes([outcome(guarded)])
    kept = LastDeclaration(NIGHTLY, State.ACTIVE, True, {"tier": "gold"}, "schedules/tenants/acme.yaml")
    assert ledger.last_applied()[key()].declared == kept
    restored = Change(schedule("1", HOURLY, origin=BeforeRun(RUN)), None, (row(NIGHTLY),))
    with run_in(ledger, LATER_RUN) as run:
        run.record_outcomes([outcome(restored)])
    assert (ledger.last_applied()[key()].cron, ledger.last_applied()[key()].declared) == (HOURLY, kept)


def test_a_declaration_that_changed_otherwise_is_kept_without_another_run(ledger):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update())])
    protected = last_declaration(schedule(protect=True))
    with run_in(ledger, LATER_RUN, revision="beef") as run:
        run.record_applied({key(): Applied(NIGHTLY, "订单同步", declared=protected)})
    assert ledger.last_applied() == applied("1", declared=protected)


def test_the_last_values_of_a_key_are_kept_with_the_instants_from_which_they_were_in_force(ledger, clock):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update())])
        clock.passed = 60
        run.record_outcomes([outcome(update())])
    first = ValueInForce(NIGHTLY, "订单同步", State.ACTIVE, RUN, NOON)
    assert ledger.in_force([key()]) == {key(): (first,)}
    with run_in(ledger, LATER_RUN) as run:
        run.record_outcomes([outcome(update(state=State.PARKED))])
    parked = ValueInForce(PARKED_CRON, "订单同步", State.PARKED, LATER_RUN, NOON + timedelta(seconds=60))
    assert ledger.in_force([key(), key("9")]) == {key(): (first, parked)}
    with run_in(ledger, "many") as run:
        for number in range(VALUES_KEPT):
            run.record_outcomes([outcome(update(name=f"n{number}"))])
    values = ledger.in_force([key()])[key()]
    assert [value.name for value in values] == [f"n{number}" for number in range(VALUES_KEPT)]


def test_a_parked_key_has_the_parking_cron_applied(ledger):
    parked = Change(schedule("1", NIGHTLY, state=State.PARKED), None, (row(HOURLY, job_id="100"),))
    with run_in(ledger) as run:
        run.record_outcomes([outcome(parked)])
    assert ledger.last_applied()[key()].cron == PARKED_CRON
    assert ledger.run(RUN)[1][0].state is State.PARKED


def test_parking_where_nothing_is_live_applies_nothing_that_could_vanish(ledger):
    parked = Change(schedule("1", NIGHTLY, state=State.PARKED), None, (row(HOURLY),))
    with run_in(ledger) as run:
        run.record_outcomes([outcome(parked, live=(), saves=0)])
    assert ledger.last_applied() == {}


@pytest.mark.parametrize(
    "known, of_change, name",
    [
        pytest.param(applied(name="旧"), None, "旧", id="the-ledgers"),
        pytest.param({}, Applied(NIGHTLY, "旧"), "旧", id="that-of-git"),
        pytest.param({}, None, "新", id="none-known"),
    ],
)
def test_a_name_that_was_not_saved_is_not_taken_for_applied(ledger, known, of_change, name):
    with run_in(ledger) as run:
        run.record_applied(known)
        as_desired = outcome(update(name="新", applied=of_change), saves=0, reason="already-as-desired")
        run.record_outcomes([as_desired])
        run.record_learned()
        assert ledger.last_applied()[key()].name == name
        run.record_outcomes([replace(as_desired, saves=1)])
        assert ledger.last_applied()[key()].name == "新"


def test_what_is_found_as_desired_is_remembered_without_taking_it_from_the_run_that_applied_it(ledger):
    with run_in(ledger) as run:
        run.record_applied(applied("1"))
    with run_in(ledger, LATER_RUN) as run:
        run.record_applied(applied("1", run=LATER_RUN))
        assert ledger.last_applied() == applied("1")
        run.record_applied(applied("1", job_ids=("101",), run=LATER_RUN))
        assert ledger.last_applied() == applied("1", job_ids=("100", "101"), run=LATER_RUN)
        run.record_applied(applied("1", cron=HOURLY, job_ids=()))
        assert ledger.last_applied() == applied("1", cron=HOURLY, job_ids=("100", "101"))


def test_what_was_applied_by_an_unfinished_run_stays_its_own_when_another_finds_it_so(ledger):
    with run_in(ledger) as run:
        run.record_outcomes([outcome(update())])
    with run_in(ledger, LATER_RUN, revision="beef") as run:
        run.record_outcomes([outcome(update(), saves=0, reason="already-as-desired", live=(row(job_id="101"),))])
        run.record_learned()
    in_file = last_declaration(schedule())
    assert ledger.last_applied() == applied("1", job_ids=("100", "101"), declared=in_file)


def test_a_run_that_saves_nothing_records_only_once_it_is_done_what_it_read(ledger):
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1"))])
    with run_in(ledger, LATER_RUN) as run:
        run.learn(Learned({(RUN, key("1")): Settled.AS_DESIRED}, applied("1"), applied("2")))
        run.record_outcomes([outcome(update("3"), saves=0, reason="already-as-desired")])
        run.record_outcomes([outcome(update("4"), Result.FAILED, reason="rejected")])
        assert (ledger.last_applied(), len(ledger.open_changes())) == ({}, 1)
        run.record_learned()
    assert (sorted(one.code for one in ledger.last_applied()), ledger.open_changes()) == (["1", "2", "3"], ())


def test_a_run_that_died_is_settled_by_the_run_that_read_what_became_of_its_saves(ledger):
    with ledger.lock(RUN, "wang@example.com", timeout_seconds=0):
        run = ledger.begin(start())
        run.record_intents([Intent(update("1")), Intent(update("2"))])
        ((alive,), lock) = ledger.runs(most=1), ledger.lock_holder()
        assert (alive.state(lock), alive.settled_by) == (RunState.RUNNING, None)
    third, fourth = "20261125T140000Z-cccccc", "20261125T150000Z-dddddd"
    with run_in(ledger, LATER_RUN) as run:
        run.record_settled({(RUN, key("1")): Settled.AS_BEFORE}, {})
        end(run)
    assert [one.state(None) for one in ledger.runs(most=2)] == [RunState.ENDED, RunState.UNRECORDED]
    with run_in(ledger, third) as run:
        run.record_settled({(RUN, key("2")): Settled.AS_BEFORE}, {})
    with run_in(ledger, fourth) as run:
        end(run)
    settled = {one.start.id: (one.state(None), one.settled_by) for one in ledger.runs(most=4)}
    assert settled == {
        RUN: (RunState.SETTLED, third),
        LATER_RUN: (RunState.ENDED, None),
        # It died too, and left nothing open: the next end says so.
        third: (RunState.SETTLED, fourth),
        fourth: (RunState.ENDED, None),
    }


def test_a_run_that_lost_its_lock_settles_no_other_run(ledger, opened):
    with run_in(ledger) as dead:
        dead.record_intents([Intent(update("1"))])
        dead.record_outcomes([outcome(update("1"))])
    with run_in(ledger, LATER_RUN) as frozen:
        ledger.secure()
        other = opened()
        assert other.unlock(other.lock_holder().id) is not None
        with run_in(other, "20261125T140000Z-cccccc"):
            other.secure()
            # A database keeps the end of a run that lost its lock; a ref was moved by another.
            with contextlib.suppress(LedgerError):
                end(frozen)
            assert {one.settled_by for one in opened().runs(most=3)} == {None}


@in_databases
@pytest.mark.parametrize("how", ["DELETE FROM", "DROP TABLE"])
def test_a_run_that_the_ledger_does_not_hold_any_more_records_nothing_and_says_so(ledger, how):
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1"))])
        with ledger._database.writing() as connection:
            for table in ("changes", "runs"):
                connection.exec_driver_sql(f"{how} reconcile_{table}")
        for write in (
            lambda: run.record_outcomes([outcome(update("1"))]),
            lambda: run.record_intents([Intent(update("2"))]),
            lambda: run.hold([hold("1")]),
            lambda: run.end(Ending.FINISHED, {}),
        ):
            with pytest.raises(LedgerGoneError, match=r"any more|has lost a table"):
                write()
    assert (ledger.holds(), ledger.last_applied()) == ({}, {})


@pytest.mark.parametrize("result", [Result.VERIFIED, Result.MISMATCHED, Result.UNKNOWN])
def test_what_a_run_read_is_recorded_with_the_first_outcome_that_may_have_changed_the_service(ledger, result):
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1"))])
    with run_in(ledger, LATER_RUN) as run:
        run.learn(Learned({(RUN, key("1")): Settled.AS_DESIRED}, applied("1"), applied("2")))
        run.record_outcomes([outcome(update("1", name="now"), result)])
    found = ledger.last_applied()
    assert found[key("2")] == applied("2")[key("2")]
    # A save of this run comes after what it read of an earlier one.
    assert found[key("1")].name == ("now" if result is Result.VERIFIED else "订单同步")
    assert [run for run, _ in ledger.open_changes()] == ([LATER_RUN] if result is Result.UNKNOWN else [])


def test_a_key_that_a_save_doubled_is_remembered_until_a_later_save_is_verified(ledger):
    doubled = outcome(update(), Result.MISMATCHED, live=(row(), row(job_id="101")), reason="duplicated")
    with run_in(ledger) as run:
        assert ledger.doubled() == frozenset()
        run.record_outcomes([outcome(update("2")), doubled])
    assert ledger.doubled() == {key()}
    with run_in(ledger, LATER_RUN) as run:
        run.record_outcomes([outcome(update())])
    assert ledger.doubled() == frozenset()


@in_databases
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda run: run.record_intents([Intent(update("2")), Intent(update("1"))]), id="intents"),
        pytest.param(lambda run: run.record_outcomes([outcome(update("2")), outcome(update("1"))]), id="outcomes"),
        pytest.param(lambda run: run.record_applied({**applied("2"), **applied("1")}), id="applied"),
        pytest.param(lambda run: run.record_settled({}, {**applied("2"), **applied("1")}), id="settled"),
    ],
)
def test_a_key_of_another_workspace_is_refused_and_nothing_of_the_call_is_kept(opened, address, clock, write):
    mine = opened()
    with run_in(mine) as run:
        end(run)
    # A file becomes shared only by a workspace that was split in two; a server is shared by all who name it.
    other = opened() if address.path else opened(workspace="billing")
    other._owner = other._owner._replace(workspace="billing")
    with run_in(other, "20261125T123000Z-dddddd") as run:
        run.record_applied(applied("1"))
    with run_in(mine, LATER_RUN) as run, pytest.raises(LedgerError) as refused:
        write(run)
    assert refused.value.message == "acme/1 belongs to workspace billing, not to shop"
    assert mine.last_applied() == {}
    assert mine.open_changes() == ()
    assert mine.foreign_keys() == {key("1"): "billing"}
    assert other.last_applied() == applied("1")


def test_environments_do_not_see_each_other(opened):
    prod, test = opened(environment="prod"), opened(environment="test")
    with run_in(prod) as run:
        run.record_outcomes([outcome(update("1")), outcome(update("2"), Result.UNKNOWN)])
        run.hold([hold()])
    assert prod.runs(most=1)
    assert not test.runs(most=1)
    assert (test.last_applied(), test.open_changes(), test.holds(), test.runs(most=9)) == ({}, (), {}, ())
    assert test.run(RUN) is None
    assert test.foreign_keys() == {}


def applying(ledger, **more):
    return [run.start.id for run in ledger.applying_runs(most=9, **more)]


def test_a_run_applied_its_commit_once_a_save_of_it_was_verified_though_it_never_ended(ledger):
    with run_in(ledger, desired_digest="d") as run:
        run.record_intents([Intent(update("1")), Intent(update("2"))])
        assert (applying(ledger), applying(ledger, besides=[RUN])) == ([], [RUN])
        run.record_outcomes([outcome(update("1"))])
        assert applying(ledger) == [RUN]


def test_a_run_applied_its_commit_where_a_later_one_read_that_its_save_is_live(ledger):
    with run_in(ledger, desired_digest="d") as run:
        run.record_intents([Intent(update())])
    with run_in(ledger, LATER_RUN, desired_digest="d") as run:
        run.record_settled({(RUN, key()): Settled.AS_DESIRED}, {})
        run.end(Ending.UNFINISHED, {"refused": 1})
    assert applying(ledger) == [RUN]


def test_an_apply_that_finished_with_nothing_to_save_applied_its_commit_and_the_newest_is_first(ledger):
    for name in (LATER_RUN, RUN):
        with run_in(ledger, name, desired_digest="d") as run:
            run.end(Ending.FINISHED, {})
    assert applying(ledger) == [RUN, LATER_RUN]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"kind": RunKind.ROLLBACK}, id="a-rollback"),
        pytest.param({"kind": RunKind.ADOPT}, id="a-rebuilt-ledger"),
        pytest.param({"revision": None}, id="outside-git"),
        pytest.param({"desired_digest": None}, id="of-nothing-declared"),
    ],
)
def test_what_is_no_apply_of_a_commit_applied_none(ledger, more):
    with run_in(ledger, **{"desired_digest": "d", **more}) as run:
        run.record_outcomes([outcome(update())])
        end(run)
    assert applying(ledger) == []


def test_refused_runs_are_passed_over_however_many_they_are(ledger):
    with run_in(ledger, desired_digest="d") as run:
        end(run)
    for number in range(30):
        with run_in(ledger, f"{LATER_RUN}{number}", desired_digest="e") as run:
            run.end(Ending.UNFINISHED, {"refused": 1})
    assert applying(ledger) == [RUN]


def test_runs_are_listed_newest_first(ledger):
    names = [f"2026112{day}T000000Z-aaaaaa" for day in range(1, 6)]
    for day, name in enumerate(names):
        with run_in(ledger, name, started_at=NOON + timedelta(days=day)) as run:
            end(run, Ending.UNFINISHED)
    assert [record.start.id for record in ledger.runs(most=3)] == names[:1:-1]


def test_which_run_came_last_is_not_decided_by_clocks(ledger):
    """The first run is of a runner whose clock is ahead: its id and its times are those of a later one."""
    plan = {"plan_digest": "d1", "plan_made_at": "2026-11-25T11:00:00Z"}
    with run_in(ledger, LATER_RUN, started_at=NOON + timedelta(hours=1), **plan) as run:
        run.record_intents([Intent(update("1")), Intent(update("2"))])
        run.record_outcomes([outcome(update("2"), Result.MISMATCHED, reason="duplicated")])
        end(run)
    assert ledger.doubled() == {key("2")}
    with run_in(ledger, RUN, **plan) as run:
        run.record_intents([Intent(update("1"))])
        run.record_outcomes([outcome(update("2"))])
        end(run)
    assert [(record.start.id, record.serial) for record in ledger.runs(most=9)] == [(RUN, 2), (LATER_RUN, 1)]
    assert [run for run, _ in ledger.open_changes()] == [LATER_RUN, RUN]
    assert ledger.doubled() == frozenset()
    assert ledger.finished_with(*plan.values()).start.id == LATER_RUN


def test_each_environment_of_each_workspace_has_a_lineage_of_its_own(opened):
    for number, environment in enumerate(("prod", "test", "prod")):
        ledger = opened(environment=environment)
        assert (ledger.lineage() is None) is (number < 2)
        with run_in(ledger, f"r{number}") as run:
            end(run)
    prod, test = (opened(environment=environment).lineage() for environment in ("prod", "test"))
    assert (prod.serial, test.serial) == (2, 1)
    assert prod.id != test.id


def test_a_run_is_found_by_the_beginning_of_its_id_if_that_is_enough(ledger):
    for name in (RUN, LATER_RUN, "20261125T130000Z-bbbbbb2"):
        with run_in(ledger, name) as run:
            run.record_outcomes([outcome(update("2")), outcome(update("1"))])
    record, changes = ledger.run("20261125T12")
    assert record.start.id == RUN
    assert [change.key.code for change in changes] == ["1", "2"]
    assert ledger.run(LATER_RUN)[0].start.id == LATER_RUN
    assert ledger.run("2027") is None
    assert ledger.run("") is None
    assert ledger.run("%") is None
    with pytest.raises(UsageError, match="3 runs begin with 2026: 20261125T120000Z-aaaaaa") as refused:
        ledger.run("2026")
    assert refused.value.hint == "give more of the id"


def test_many_alike_runs_are_not_all_named(ledger):
    for number in range(5):
        with run_in(ledger, f"{RUN}{number}"):
            pass
    with pytest.raises(UsageError, match=r"5 runs begin .*, …$"):
        ledger.run(RUN)


def test_only_a_finished_run_uses_a_plan_up(ledger):
    plan = {"plan_digest": "d1", "plan_made_at": "2026-11-25T11:00:00Z"}
    with run_in(ledger, **plan) as run:
        assert ledger.finished_with("d1", "2026-11-25T11:00:00Z") is None
        end(run, Ending.UNFINISHED)
    assert ledger.finished_with("d1", "2026-11-25T11:00:00Z") is None
    with run_in(ledger, LATER_RUN, **plan) as run:
        end(run, Ending.FINISHED)
    assert ledger.finished_with("d1", "2026-11-25T11:00:00Z").start.id == LATER_RUN
    assert ledger.finished_with("d1", "2026-11-25T11:30:00Z") is None
    assert ledger.finished_with("d2", "2026-11-25T11:00:00Z") is None


def test_a_run_that_was_killed_has_no_ending(ledger, clock):
    with run_in(ledger):
        pass
    assert ledger.runs(most=1) == (RunRecord(start(), serial=1),)
    clock.passed = 90
    with run_in(ledger, LATER_RUN) as run:
        run.end(Ending.INTERRUPTED, {"verified": 3, "skipped": 4})
    ended = ledger.run(LATER_RUN)[0]
    assert (ended.ended_at, ended.ending) == (NOON + timedelta(seconds=90), Ending.INTERRUPTED)
    assert ended.summary == {"verified": 3, "skipped": 4}


def test_a_run_is_recorded_once(ledger):
    with run_in(ledger):
        pass
    with pytest.raises(LedgerError, match="cannot be written"), run_in(ledger):
        pytest.fail("two runs have one id")


def test_the_guards_of_the_workspace_are_kept_for_each_owner(ledger, opened):
    assert ledger.guards() is None
    guards = {"limits.max_changes": "500", "freeze 月末": "Fri 18:00 to Mon 08:00"}
    with run_in(ledger) as run:
        assert ledger.guards() is None
        run.record_guards(guards)
        assert ledger.guards() == guards
    with run_in(ledger, LATER_RUN):
        assert ledger.guards() == guards
    assert opened(environment="test").guards() is None


def test_holds_are_placed_replaced_lifted_and_released(ledger):
    with run_in(ledger) as run:
        run.hold([hold("1"), hold("2"), hold("3")])
        run.hold([hold("1", reason="again")])
        run.lift([key("2"), key("9")])
        run.lift([])
    assert ledger.holds() == {key("1"): hold("1", reason="again"), key("3"): hold("3")}
    serial = ledger.lineage().serial
    assert ledger.release([key("3"), key("9")]) == (key("3"),)
    assert ledger.lineage().serial == serial + 1, "a copy of the ledger from before is behind"
    assert ledger.release([key("3")]) == ()
    assert ledger.lineage().serial == serial + 1, "nothing was released"
    assert ledger.holds().keys() == {key("1")}


def test_nothing_to_record_is_no_trouble(ledger):
    with run_in(ledger) as run:
        run.record_intents([])
        run.record_outcomes([])
        run.record_applied({})
        run.record_settled({}, {})
        run.hold([])
    assert ledger.run(RUN) == (RunRecord(start(), serial=1), ())


def test_thousands_of_keys_are_taken_in_and_given_back(ledger):
    many = {Key(f"t{n % 100}", str(n)): Applied(NIGHTLY, "订单", (str(n),)) for n in range(3_000)}
    with run_in(ledger) as run:
        run.record_applied(many)
        run.record_applied(many)
    assert ledger.last_applied() == many


# Laws: whatever is recorded is read back equal.

anything = st.text(max_size=30)
# No control character gets into a name, and no lone surrogate into a file: only a live row may hold either.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
codes = st.text("0123456789abcXYZ_.-", min_size=1, max_size=64)
instants = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001
live_rows = st.lists(st.builds(LiveRow, anything, anything, anything, st.booleans()), max_size=2).map(tuple)
unreadable = st.builds(Unreadable, words, words, st.none() | words)
last_applied = st.builds(
    Applied, words, words, st.lists(words, max_size=3, unique=True).map(tuple), st.none() | words, st.none() | words
)
keys = st.builds(Key, codes, codes)
states = st.sampled_from(State)
holds = st.builds(Hold, keys, words, words, states, words, words, instants)
starts = st.builds(
    RunStart,
    id=st.just("later"),
    kind=st.sampled_from(RunKind),
    started_at=instants,
    actor=words,
    revision=st.none() | words,
    plan_digest=st.none() | words,
    plan_made_at=st.none() | words,
    desired_digest=st.none() | words,
    overrides=st.lists(words, max_size=2).map(tuple),
    of_run=st.none() | words,
)


@given(live=st.none() | live_rows | unreadable, applied=st.none() | last_applied)
def test_what_json_columns_hold_comes_back_equal(live, applied):
    for value, read, of in ((live_value(live), live, live_of), (applied_value(applied), applied, applied_of)):
        text = json_text(value)
        assert text.encode() and "\0" not in text
        assert of(json.loads(text)) == read


@pytest.fixture
def fresh(address, opened):
    """Opens the ledger of an environment: in a database with one connection for all."""
    values = {"workspace": "shop", "clock": Clock()}
    if address.remote is not None:
        return lambda environment: open_at(address, environment=environment, **values)
    database = opened()._database
    # Who leaves it does not close the connection.
    return lambda environment: contextlib.nullcontext(
        SqlLedger(database, environment=environment, lease=LEASE, **values)
    )


@pytest.mark.parametrize("address", ["sqlite", "postgres", IN_GIT], indirect=True)
@settings(
    examples(0.5),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # to explain a failure takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=starts,
    known=st.dictionaries(keys, last_applied, max_size=4),
    held=st.lists(holds, max_size=3, unique_by=lambda one: one.key),
    before=live_rows.filter(lambda rows: len(rows) < 2),
    after=live_rows | unreadable,
    wanted=st.builds(schedule, codes, st.just(NIGHTLY), name=words, state=states),
    result=st.sampled_from([result for result in Result if result is not Result.VERIFIED]),
    message=words,
    of_change=st.none() | last_applied,
)
def test_whatever_is_recorded_is_read_back_equal(
    fresh, start, known, held, before, after, wanted, result, message, of_change
):
    change = Change(wanted, of_change, before)
    if change.action is None:
        return
    # An environment and a run of its own for each example: one may come twice.
    start = replace(start, id=uuid.uuid4().hex)
    with fresh(start.id) as ledger, ledger.lock(start.id, start.actor, timeout_seconds=0):
        run = ledger.begin(start)
        run.record_applied(known)
        run.hold(held)
        run.record_outcomes([Outcome(change, result, "reason", message, 2, after)])
        run.end(Ending.UNFINISHED, {})
    with fresh(start.id) as ledger:
        assert ledger.last_applied() == known
        assert ledger.holds() == {one.key: one for one in held}
        recorded = ledger.run(start.id)
    assert recorded == (
        RunRecord(start, NOON, Ending.UNFINISHED, serial=1),
        (
            ChangeRecord(
                key=wanted.key,
                action=change.action,
                name=wanted.name,
                cron=wanted.cron_to_save,
                state=wanted.state,
                before=before,
                applied=of_change,
                result=result,
                reason="reason",
                message=message,
                saves=2,
                after=after,
            ),
        ),
    )


@pytest.mark.parametrize("text", ["\0", "a\ud800b", "\udfff"])
def test_a_character_that_no_database_holds_is_replaced_rather_than_refused(ledger, text):
    with run_in(ledger, actor=f"wang{text}") as run:
        run.record_outcomes([outcome(update(), Result.FAILED, message=text, live=(LiveRow(text, text, text),))])
    record, (change,) = ledger.run(RUN)
    assert "\ufffd" in record.start.actor
    assert "\ufffd" in change.message
    assert change.after == (LiveRow(text, text, text),)
    assert change.action is Action.UPDATE

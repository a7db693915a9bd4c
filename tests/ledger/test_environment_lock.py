"""One apply in an environment: a second run waits or is refused, and a run that lost the lock records no more."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from reconcile.errors import LedgerError, LedgerMovedError, LockLostError
from reconcile.ledger import git_ledger, git_steps
from reconcile.ledger.environment_lock import POLL_SECONDS
from reconcile.ledger.lease import Lease
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import Ending
from reconcile.model.outcome import Intent
from reconcile.service.system_clock import SystemClock
from tests import pgbouncer
from tests.builders import key
from tests.ledger.conftest import IN_GIT
from tests.ledger.run_builders import LATER_RUN, NOON, RUN, Clock, applied, hold, outcome, run_in, start, update

ROOT = Path(__file__).resolve().parents[2]
# No lease is renewed before the tests are over.
SLEEPY = Lease(seconds=60, renew_seconds=10_000)


POOLER = pytest.param("pgbouncer", marks=[pgbouncer.needed, pytest.mark.slow])
# For the row that is the lock in a database: `test_git_ledger` tries the same of the file that is the lock in Git.
in_databases = pytest.mark.parametrize("address", ["sqlite", "postgres", POOLER], indirect=True)


@pytest.fixture(params=["sqlite", "postgres", POOLER, IN_GIT])
def address(request):
    """The address of a ledger that does not exist yet; the lock is the same in each."""
    return request.getfixturevalue(f"{request.param}_address")


@pytest.fixture
def poll(address):
    """How often who waits looks again: a look at a remote costs more."""
    return POLL_SECONDS if address.remote is None else git_steps.POLL_SECONDS


@contextlib.contextmanager
def holding(ledger, run=RUN):
    """Hold the lock so that others see it: in Git the first intents take it."""
    with ledger.lock(run, "wang@example.com", timeout_seconds=0) as held:
        ledger.begin(start(run)).record_intents([])
        yield held


def refused(ledger, timeout_seconds=0.0) -> RefusedError:
    with pytest.raises(RefusedError) as found, ledger.lock(LATER_RUN, "li", timeout_seconds=timeout_seconds):
        pytest.fail("two hold the lock")
    return found.value


def test_who_comes_second_is_refused_and_told_who_has_the_lock(opened):
    with holding(opened()) as held:
        error = refused(opened())
    assert error.exit_code == 3
    assert [refusal.rule for refusal in error.refusals] == ["locked"]
    assert error.refusals[0].override == "--lock-timeout 10m"
    assert error.message == error.refusals[0].message
    assert error.message == (
        "environment prod is locked: wang@example.com has been applying since 2026-11-25T12:00:00Z "
        f"(run {RUN}, lock {held.id}, last renewed 2026-11-25T12:00:00Z by its own clock)"
    )
    assert error.hint == (
        "wait for it with --lock-timeout 10m: if that run is dead, waiting takes the lock over after 60 s, and "
        f"`reconcile unlock {held.id}` at once"
    )


def test_the_lock_says_who_holds_it_while_it_is_held(opened):
    first = opened()
    assert first.lock_holder() is None
    with holding(first) as held:
        assert opened(create=False).lock_holder() == first.lock_holder() == held
        assert (held.run, held.actor, held.since, held.renewed_at) == (RUN, "wang@example.com", NOON, NOON)
    assert opened(create=False).lock_holder() is first.lock_holder() is None


@in_databases
def test_workspaces_that_share_an_environment_share_its_lock(opened):
    first = opened()
    second = opened(workspace="billing")
    with first.lock(RUN, "wang", timeout_seconds=0):
        assert "wang has been applying" in refused(second).message


def test_locks_of_different_environments_do_not_know_each_other(opened):
    with contextlib.ExitStack() as stack:
        for number, environment in enumerate(("prod", "test", "生产")):
            ledger = opened(environment=environment)
            stack.enter_context(run_in(ledger, f"{RUN}{number}")).record_intents([Intent(update())])
            assert len(ledger.open_changes()) == 1


def test_who_waits_gets_the_lock_when_it_is_given_back(opened, clock, poll):
    held = contextlib.ExitStack()
    held.enter_context(holding(opened()))
    second = opened()
    clock.on_sleep = lambda: held.close() if len(clock.slept) == 3 else None
    with second.lock(LATER_RUN, "li", timeout_seconds=50) as mine:
        second.begin(start(LATER_RUN)).record_intents([])
        assert opened(create=False).lock_holder() == mine
    assert clock.slept == [poll] * 3


def test_who_waits_is_refused_after_the_time_that_was_given(opened, clock, poll):
    with holding(opened()):
        assert "has been applying" in refused(opened(), timeout_seconds=2.4 * poll).message
    assert clock.slept == pytest.approx([poll, poll, 0.4 * poll])


def test_who_waits_and_is_stopped_waits_no_longer(opened, clock):
    clock.sleep = clock.slept.append  # returns at once, as when the run was stopped
    with holding(opened()):
        refused(opened(), timeout_seconds=600)
    assert len(clock.slept) == 1


def test_a_lock_is_given_back_when_the_run_fails(opened):
    with pytest.raises(ZeroDivisionError), holding(opened()):
        raise ZeroDivisionError
    with holding(opened(), LATER_RUN):
        refused(opened())
    with holding(opened(), "third"):
        pass


def test_of_many_that_come_at_once_one_gets_the_lock(opened):
    ledgers = [opened() for _ in range(6)]
    everybody = threading.Barrier(len(ledgers))
    found = []

    def come(ledger, name):
        everybody.wait(60)
        try:
            with holding(ledger, name):
                found.append("held")
                everybody.wait(60)
        except (RefusedError, LedgerMovedError):
            found.append("not")
            everybody.wait(60)

    threads = [threading.Thread(target=come, args=(ledger, f"run-{n}")) for n, ledger in enumerate(ledgers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["held"] + ["not"] * 5


def test_a_run_does_not_begin_without_the_lock(ledger):
    with pytest.raises(LedgerError, match="without the lock of prod"):
        ledger.begin(start())
    assert not ledger.runs(most=1)


WRITES = [
    pytest.param(lambda run: run.record_intents([Intent(update("9"))]), id="intents"),
    pytest.param(lambda run: run.record_outcomes([outcome(update("9"))]), id="outcomes"),
    pytest.param(lambda run: run.record_applied(applied("9")), id="applied"),
    pytest.param(lambda run: run.record_settled({}, applied("9")), id="settled"),
    pytest.param(lambda run: run.hold([hold("9")]), id="hold"),
    pytest.param(lambda run: run.lift([key("3")]), id="lift"),
]


@in_databases
@pytest.mark.parametrize("write", WRITES)
def test_who_was_unlocked_records_nothing_more(opened, write):
    holder, other = opened(), opened(create=False)
    with run_in(holder) as run:
        run.hold([hold("3")])
        lock = other.lock_holder()
        assert other.unlock("another") is None
        assert other.unlock(lock.id) == lock
        assert other.lock_holder() is None
        assert other.unlock(lock.id) is None
        with pytest.raises(LedgerError):
            write(run)
        with pytest.raises(LockLostError, match=f"run {RUN} no longer holds the lock of prod") as lost:
            write(run)
        assert "apply again" in lost.value.hint
        assert (other.open_changes(), other.last_applied()) == ((), {})
        assert other.holds().keys() == {key("3")}
        run.end(Ending.UNFINISHED, {})
    assert other.run(RUN)[0].ending is Ending.UNFINISHED


def test_who_was_unlocked_does_not_take_the_lock_from_the_next_one(opened):
    with run_in(opened()) as run:
        run.record_intents([])
        second = opened()
        second.unlock(second.lock_holder().id)
        with run_in(second, LATER_RUN) as later:
            for _ in range(2):
                with pytest.raises(LedgerError):
                    run.record_intents([Intent(update("1"))])
            later.record_intents([Intent(update("2"))])
    assert [record.key.code for _, record in second.open_changes()] == ["2"]


# The lease, counted by each with its own clock. No renewal comes by itself before these tests are over.


@pytest.fixture
def sleepy(opened, monkeypatch):
    """Opens the ledger with a lease that is never renewed in the background."""
    monkeypatch.setattr(git_steps.Steps, "renew", lambda _: None)
    return lambda **more: opened(**{"lease": SLEEPY, **more})


def token(ledger) -> int:
    with ledger._database.reading() as connection:
        return connection.exec_driver_sql("SELECT token FROM reconcile_environment_locks").scalar()


@in_databases
def test_a_token_grows_with_each_taking_and_is_kept_while_the_lock_is_free(opened):
    ledger, seen = opened(), []
    for expected in (1, 2):
        with ledger.lock(RUN, "wang", timeout_seconds=0) as held:
            seen.append(held.id)
            assert token(ledger) == expected
        assert token(ledger) == expected
    with ledger.lock(RUN, "wang", timeout_seconds=0):
        ledger.unlock(ledger.lock_holder().id)
        assert token(ledger) == 3
    assert len(set(seen)) == 2


def test_a_transaction_that_will_write_keeps_others_from_writing_from_its_beginning(opened, sqlite_address):
    address = sqlite_address
    with (
        open_ledger(
            address, workspace="shop", environment="prod", create=True, clock=Clock()
        )._database.writing() as connection,
        contextlib.closing(sqlite3.connect(address.path, timeout=0)) as other,
    ):
        connection.exec_driver_sql("SELECT count(*) FROM reconcile_environment_locks").scalar()
        assert other.execute("SELECT count(*) FROM reconcile_environment_locks").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


@in_databases
def test_the_lock_is_not_taken_between_the_check_of_a_transaction_and_its_commit(sleepy):
    """The holder has checked, and has not committed yet; then it is unlocked, and another run takes the lock."""
    holder, other = sleepy(), sleepy()
    order = []
    with run_in(holder) as run:
        lock_id = holder.lock_holder().id

        def take_away():
            other.unlock(lock_id)
            order.append("unlocked")

        thread = threading.Thread(target=take_away)
        with run.writing():
            thread.start()
            thread.join(0.3)
            order.append("committing")
        thread.join(60)
        assert order == ["committing", "unlocked"]


@in_databases
def test_a_dead_holder_s_lock_is_taken_over_by_who_waits_and_it_records_nothing_more(sleepy, clock):
    first, second = sleepy(), sleepy()
    with run_in(first) as run, second.lock(LATER_RUN, "li", timeout_seconds=90):
        assert clock.passed == pytest.approx(60, abs=POLL_SECONDS)
        second.begin(start(LATER_RUN)).record_intents([Intent(update("2"))])
        with pytest.raises(LockLostError, match="no longer holds the lock"):
            run.record_intents([Intent(update("1"))])
        with pytest.raises(LockLostError, match="taken over or unlocked"):
            run.record_outcomes([outcome(update("1"))])
        assert isinstance(run.objection(), LockLostError)  # without waiting for a renewal
    assert [name for name, _ in second.open_changes()] == [LATER_RUN]


def test_who_does_not_wait_takes_no_lock_over_however_old_it_is(sleepy, clock):
    with holding(sleepy()):
        second = sleepy()
        clock.passed = 6_000
        refused(second)
        clock.passed = 12_000
        refused(second, timeout_seconds=59)


@in_databases
def test_a_lock_that_is_renewed_is_never_taken_over(sleepy, clock):
    first, second = sleepy(), sleepy()
    with first.lock(RUN, "wang", timeout_seconds=0):
        clock.on_sleep = lambda: clock.passed % 30 == 0 and first._lock.renew(first._held)
        assert "last renewed 2026-11-25T12:10:00Z" in refused(second, timeout_seconds=600).message


def test_who_waits_counts_by_its_own_clock_whatever_the_holder_s_says(sleepy, clock, poll):
    """The holder's machine is two hours ahead, or behind: neither lengthens nor shortens the wait."""
    for hours in (2, -2):
        other = Clock()
        other.passed = hours * 3600
        dead = holding(sleepy(clock=other), f"dead{hours}")
        dead.__enter__()
        began = clock.passed
        with sleepy().lock(LATER_RUN, "li", timeout_seconds=90):
            assert clock.passed - began == pytest.approx(60, abs=poll)
        dead.__exit__(None, None, None)


@in_databases
def test_a_holder_stops_saving_before_its_lease_ends_and_for_good(sleepy, clock):
    ledger = sleepy()
    with run_in(ledger) as run:
        clock.passed = 50
        assert run.objection() is None
        run.record_intents([Intent(update("1"))])
        clock.passed = 51
        assert "its lock could not be renewed for 51 s, and another run may have it" in run.objection().message
        with pytest.raises(LockLostError, match=f"run {RUN} no longer holds the lock of prod: its lock") as lost:
            run.record_intents([Intent(update("2"))])
        assert "apply again" in lost.value.hint
        # It wakes up late: a renewal would find the row its own, and is not made.
        assert not ledger._lock.renew(ledger._held)
        assert run.objection() is not None
        # What became of what it saved is recorded all the same: no other run has had the lock.
        run.record_outcomes([outcome(update("1"))])
    assert ledger.last_applied().keys() == {key("1")}


@in_databases
def test_a_lease_is_counted_from_the_beginning_of_a_renewal(sleepy, clock, monkeypatch):
    ledger = sleepy()
    with run_in(ledger) as run:
        clock.passed = 40
        real = ledger._lock._database.writing

        @contextlib.contextmanager
        def slow():
            with real() as connection:
                yield connection
            clock.passed = 80  # the answer took this long

        monkeypatch.setattr(ledger._database, "writing", slow)
        assert ledger._lock.renew(ledger._held)
        monkeypatch.undo()
        clock.passed = 90
        assert run.objection() is None
        clock.passed = 91
        assert run.objection() is not None


@in_databases
def test_who_was_unlocked_says_so_after_its_next_renewal(sleepy):
    holder, other = sleepy(), sleepy()
    with run_in(holder) as run:
        other.unlock(other.lock_holder().id)
        assert run.objection() is None
        assert not holder._lock.renew(holder._held)
        assert "its lock was taken over or unlocked" in run.objection().message


QUICK = Lease(seconds=60, renew_seconds=0.01)


@in_databases
def test_a_holder_renews_its_lease_in_the_background(opened, clock):
    first, second = opened(lease=QUICK), opened()
    with first.lock(RUN, "wang", timeout_seconds=0):
        for passed in (45, 90, 135):
            clock.passed = passed
            until(lambda: second.lock_holder().renewed_at == clock.now())
        assert first._held.objection() is None
        refused(second)


@in_databases
def test_a_beat_that_fails_is_made_up_for_by_the_next(opened, clock):
    first, second = opened(lease=QUICK), opened()
    real, failed = first._lock.renew, []

    def failing(*given):
        if len(failed) < 3:
            failed.append(True)
            raise OperationalError("BEGIN", {}, Exception("database is locked"))
        return real(*given)

    first._lock.renew = failing
    with first.lock(RUN, "wang", timeout_seconds=0):
        clock.passed = 30
        until(lambda: second.lock_holder().renewed_at == NOON + timedelta(seconds=30))
    assert len(failed) == 3


@in_databases
def test_who_was_unlocked_stops_renewing(opened):
    first, second = opened(lease=QUICK), opened()
    with first.lock(RUN, "wang", timeout_seconds=0) as held:
        second.unlock(held.id)
        until(lambda: "ledger-lease" not in {thread.name for thread in threading.enumerate()})
        assert second.lock_holder() is None


def until(is_so):
    """Wait until something in another thread is so."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.005)


# Real processes: killed, and waiting for each other.

HOLDER = """
import sys, threading, time
from pathlib import Path
from reconcile.ledger.address import ledger_address
from reconcile.ledger.lease import Lease
from reconcile.model.outcome import Intent
from tests.ledger.conftest import open_at
from tests.ledger.run_builders import run_in, update
from reconcile.service.system_clock import SystemClock

setting, folder = sys.argv[1:]
address = ledger_address(setting or None, Path(folder) / ".reconcile" / "shop" / "ledger.db", {})
clock = SystemClock(threading.Event())
lease = Lease(renew_seconds=0.2)
with open_at(address, workspace="shop", environment="prod", clock=clock, lease=lease) as ledger:
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1"))])
        print("held", flush=True)
        time.sleep(600)
"""


def test_a_holder_that_is_killed_loses_the_lock_to_who_waits_and_leaves_its_intents(
    opened, address, tmp_path, monkeypatch
):
    setting = "" if address.path else address.url or f"git+{address.remote}"
    short = Lease(seconds=2, margin_seconds=-3600)
    for module in (git_ledger, git_steps):
        monkeypatch.setattr(module, "LEASE", short)
    monkeypatch.setattr(git_ledger, "POLL_SECONDS", 0.5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, setting, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        ledger = opened(clock=SystemClock(threading.Event()), lease=short)
        assert "has been applying" in refused(ledger).message
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with run_in_time(ledger) as run:
            assert [(name, record.key.code) for name, record in ledger.open_changes()] == [(RUN, "1")]
            run.record_intents([Intent(update("1"))])
        assert len(ledger.open_changes()) == 2
    finally:
        holder.kill()
        holder.communicate()


@contextlib.contextmanager
def run_in_time(ledger):
    with ledger.lock(LATER_RUN, "li", timeout_seconds=60):
        yield ledger.begin(start(LATER_RUN))

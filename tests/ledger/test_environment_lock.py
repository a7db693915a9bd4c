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

from reconcile.errors import LedgerError
from reconcile.ledger.environment_lock import POLL_SECONDS
from reconcile.ledger.open_ledger import open_ledger
from reconcile.ledger.sqlite_lock import Lease
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import Ending
from reconcile.model.outcome import Intent
from reconcile.service.system_clock import SystemClock
from tests import postgres
from tests.builders import key
from tests.ledger.run_builders import LATER_RUN, NOON, RUN, applied, hold, outcome, run_in, start, update

ROOT = Path(__file__).resolve().parents[2]
# No lease is renewed before the tests are over.
SLEEPY = Lease(seconds=60, renew_seconds=10_000)


def refused(ledger, timeout_seconds=0.0) -> RefusedError:
    with pytest.raises(RefusedError) as found, ledger.lock(LATER_RUN, "li", timeout_seconds=timeout_seconds):
        pytest.fail("two hold the lock")
    return found.value


def test_who_comes_second_is_refused_and_told_who_has_the_lock(opened, address):
    first, second = opened(), opened()
    with first.lock(RUN, "wang@example.com", timeout_seconds=0) as held:
        error = refused(second)
    assert error.exit_code == 3
    assert [refusal.rule for refusal in error.refusals] == ["locked"]
    assert error.refusals[0].override == "--lock-timeout 10m"
    assert error.message == error.refusals[0].message
    until = "2026-11-25T12:01:00Z unless renewed" if address.path else "its connection ends"
    assert error.message == (
        "environment prod is locked: wang@example.com has been applying since 2026-11-25T12:00:00Z "
        f"(run {RUN}, lock {held.id}, until {until})"
    )
    assert f"reconcile unlock {held.id}" in error.hint


def test_the_lock_says_who_holds_it_while_it_is_held(opened, address):
    first, second = opened(), opened(create=False)
    assert second.lock_holder() is None
    with first.lock(RUN, "wang@example.com", timeout_seconds=0) as held:
        assert second.lock_holder() == first.lock_holder() == held
        assert (held.run, held.actor, held.since) == (RUN, "wang@example.com", NOON)
        assert held.expires_at == (NOON + timedelta(seconds=60) if address.path else None)
    assert second.lock_holder() is None


def test_workspaces_that_share_an_environment_share_its_lock(opened, address):
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


def test_who_waits_gets_the_lock_when_it_is_given_back(opened, clock):
    first, second = opened(), opened()
    holding = contextlib.ExitStack()
    holding.enter_context(first.lock(RUN, "wang", timeout_seconds=0))
    clock.on_sleep = lambda: holding.close() if len(clock.slept) == 3 else None
    with second.lock(LATER_RUN, "li", timeout_seconds=30):
        assert second.lock_holder().actor == "li"
    assert clock.slept == [POLL_SECONDS] * 3


def test_who_waits_is_refused_after_the_time_that_was_given(opened, clock):
    first, second = opened(), opened()
    with first.lock(RUN, "wang", timeout_seconds=0):
        assert "wang has been applying" in refused(second, timeout_seconds=1.2).message
    assert clock.slept == pytest.approx([0.5, 0.5, 0.2])


def test_who_waits_and_is_stopped_waits_no_longer(opened, clock):
    first, second = opened(), opened()
    clock.sleep = clock.slept.append  # returns at once, as when the run was stopped
    with first.lock(RUN, "wang", timeout_seconds=0):
        refused(second, timeout_seconds=600)
    assert len(clock.slept) == 1


def test_a_lock_is_given_back_when_the_run_fails(opened):
    first, second = opened(), opened()
    with pytest.raises(ZeroDivisionError), first.lock(RUN, "wang", timeout_seconds=0):
        raise ZeroDivisionError
    with second.lock(LATER_RUN, "li", timeout_seconds=0), contextlib.suppress(RefusedError):
        refused(first)
    with first.lock(RUN, "wang", timeout_seconds=0):
        pass


def test_of_many_that_come_at_once_one_gets_the_lock_and_the_others_are_refused(opened):
    ledgers = [opened() for _ in range(6)]
    everybody = threading.Barrier(len(ledgers))
    found = []

    def come(ledger, name):
        everybody.wait(60)
        try:
            with ledger.lock(name, name, timeout_seconds=0):
                found.append("held")
                everybody.wait(60)
        except (RefusedError, LedgerError) as error:
            found.append(type(error).__name__)
            everybody.wait(60)

    threads = [threading.Thread(target=come, args=(ledger, f"run-{n}")) for n, ledger in enumerate(ledgers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["RefusedError"] * 5 + ["held"]


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
        with pytest.raises(LedgerError, match=f"run {RUN} no longer holds the lock of prod") as lost:
            write(run)
        assert "apply again" in lost.value.hint
        assert (other.open_changes(), other.last_applied()) == ((), {})
        assert other.holds().keys() == {key("3")}
        run.end(Ending.UNFINISHED, {})
    assert other.run(RUN)[0].ending is Ending.UNFINISHED


def test_who_was_unlocked_does_not_take_the_lock_from_the_next_one(opened):
    first, second = opened(), opened()
    with run_in(first) as run:
        second.unlock(second.lock_holder().id)
        with run_in(second, LATER_RUN) as later:
            for _ in range(2):
                with pytest.raises(LedgerError):
                    run.record_intents([Intent(update("1"))])
            later.record_intents([Intent(update("2"))])
    assert [record.key.code for _, record in second.open_changes()] == ["2"]


# A lock row in a file, with an end.


@pytest.fixture
def files(sqlite_address, clock):
    """Opens the ledger in a SQLite file, with a lease that is never renewed."""
    with contextlib.ExitStack() as stack:
        values = {"workspace": "shop", "environment": "prod", "create": True}

        def opener(**more):
            found = open_ledger(sqlite_address, **{**values, "clock": clock, "lease": SLEEPY, **more})
            return stack.enter_context(found)

        yield opener


def test_a_transaction_that_will_write_keeps_others_from_writing_from_its_beginning(files, sqlite_address):
    with (
        files()._database.writing() as connection,
        contextlib.closing(sqlite3.connect(sqlite_address.path, timeout=0)) as other,
    ):
        connection.exec_driver_sql("SELECT count(*) FROM reconcile_locks").scalar()
        assert other.execute("SELECT count(*) FROM reconcile_locks").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_records_nothing_more(files, clock):
    first, second = files(), files()
    with run_in(first) as run:
        clock.passed = 59
        refused(second)
        clock.passed = 61
        assert second.lock_holder() is None
        with run_in(second, LATER_RUN) as later:
            later.record_intents([Intent(update("2"))])
            with pytest.raises(LedgerError, match="no longer holds the lock"):
                run.record_intents([Intent(update("1"))])
    assert [name for name, _ in second.open_changes()] == [LATER_RUN]


def test_a_lease_that_ran_out_and_was_not_taken_over_goes_on(files, clock):
    first, second = files(), files()
    with run_in(first) as run:
        clock.passed = 600
        run.record_intents([Intent(update("1"))])
        assert second.lock_holder().expires_at == NOON + timedelta(seconds=660)
        refused(second)


def test_a_lock_that_is_waited_for_longer_than_its_lease_is_taken_from_the_dead(files, clock):
    first, second = files(), files()
    dead = first.lock(RUN, "wang", timeout_seconds=0)
    dead.__enter__()
    with second.lock(LATER_RUN, "li", timeout_seconds=90):
        assert clock.passed == pytest.approx(60, abs=POLL_SECONDS)
    with contextlib.suppress(LedgerError):
        dead.__exit__(None, None, None)


def test_a_holder_renews_its_lease_in_the_background(files, clock):
    first, second = files(lease=Lease(seconds=60, renew_seconds=0.01)), files()
    with first.lock(RUN, "wang", timeout_seconds=0):
        for passed in (50, 100, 150):
            clock.passed = passed
            until(
                lambda: second.lock_holder() and second.lock_holder().expires_at == clock.now() + timedelta(seconds=60)
            )
        refused(second)


def test_a_beat_that_fails_is_made_up_for_by_the_next(files, clock, sqlite_address):
    first, second = files(lease=Lease(seconds=60, renew_seconds=0.01)), files()
    real, failed = first._database.engine.connect, []

    def failing():
        if len(failed) < 3:
            failed.append(True)
            raise OperationalError("BEGIN", {}, Exception("database is locked"))
        return real()

    first._database.engine.connect = failing
    with first.lock(RUN, "wang", timeout_seconds=0):
        clock.passed = 30
        until(lambda: second.lock_holder().expires_at == NOON + timedelta(seconds=90))
    assert len(failed) == 3


def test_who_was_unlocked_stops_renewing(files):
    first, second = files(lease=Lease(seconds=60, renew_seconds=0.01)), files()
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
from reconcile.ledger.sqlite_lock import Lease
from reconcile.ledger.open_ledger import open_ledger
from reconcile.model.outcome import Intent
from tests.ledger.run_builders import run_in, update
from reconcile.service.system_clock import SystemClock

setting, folder = sys.argv[1:]
address = ledger_address(setting or None, Path(folder) / "schedules", {})
clock = SystemClock(threading.Event())
lease = Lease(seconds=3600, renew_seconds=0.2)
with open_ledger(address, workspace="shop", environment="prod", clock=clock, create=True, lease=lease) as ledger:
    with run_in(ledger) as run:
        run.record_intents([Intent(update("1"))])
        print("held", flush=True)
        time.sleep(600)
"""


class Ahead(SystemClock):
    """The clock of a machine where it is later than here."""

    ahead = timedelta(0)

    def now(self):
        return super().now() + self.ahead


def test_a_holder_that_is_killed_frees_the_lock_and_leaves_its_intents(opened, address, tmp_path):
    setting = "" if address.path else address.url
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, setting, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        clock = Ahead(threading.Event())
        ledger = opened(clock=clock)
        assert "has been applying" in refused(ledger).message
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        clock.ahead = timedelta(hours=2)  # more than a lease without a renewal
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


# A lock of a session.


@pytest.fixture
def sessions(postgres_address, clock):
    """Opens the ledger in a PostgreSQL database."""
    with contextlib.ExitStack() as stack:
        values = {"workspace": "shop", "environment": "prod", "clock": clock, "create": True}
        yield lambda: stack.enter_context(open_ledger(postgres_address, **values))


def test_a_session_that_ends_frees_the_lock(sessions):
    first, second = sessions(), sessions()
    with first.lock(RUN, "wang", timeout_seconds=0):
        first.close()
        until(lambda: second.lock_holder() is None)
        with second.lock(LATER_RUN, "li", timeout_seconds=30):
            assert second.lock_holder().actor == "li"


def test_a_lock_whose_holder_has_not_said_yet_who_it_is_refuses_all_the_same(sessions, postgres_address):
    first, second = sessions(), sessions()
    with first.lock(RUN, "wang", timeout_seconds=0) as held:
        postgres.execute(postgres_address.url.replace("+psycopg", ""), "DELETE FROM reconcile_locks")
        error = refused(second)
        assert "which has not said yet" in error.message
        assert "--lock-timeout" in error.hint
        assert second.lock_holder() is None
        assert second.unlock(held.id) is None


def test_a_session_that_does_not_end_is_an_error(sessions, monkeypatch):
    first, second = sessions(), sessions()
    with first.lock(RUN, "wang", timeout_seconds=0) as held:
        # As a server whose backend hangs: it was told to end, and holds the lock still.
        monkeypatch.setattr(type(second._lock), "_held_by", lambda *_: True)
        with pytest.raises(LedgerError, match="does not end") as error:
            second.unlock(held.id)
        assert "pg_stat_activity" in error.value.hint


def test_a_session_outlasts_a_soak(sessions):
    with sessions()._database.reading() as connection:
        assert connection.exec_driver_sql("SHOW idle_session_timeout").scalar() == "0"

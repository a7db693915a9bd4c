"""A ledger that fails in the middle of a run: nothing is saved that it has no intent of, and every change is told."""

from __future__ import annotations

import pytest

from reconcile.errors import LedgerError, LedgerGoneError, LockLostError
from reconcile.flows.pacing import Pacing
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.outcome import Result
from reconcile.model.run import Run
from tests.builders import NIGHTLY_TOO, key, row
from tests.flows.fakes import FakeService
from tests.flows.running import LOST, creates, lost_but_done, planned, results, run, updates
from tests.flows.test_closing import ClosingClock

FULL = LedgerError("the disk is full", hint="make room")


class FailingLedger(MemoryLedger):
    """Fails from the given call on: the 0th is the first."""

    def __init__(self, *, intents=99, outcomes=99):
        super().__init__()
        self.left = {"intents": intents, "outcomes": outcomes}

    def _spend(self, kind):
        self.left[kind] -= 1
        if self.left[kind] < 0:
            raise FULL

    def record_intents(self, intents):
        self._spend("intents")
        super().record_intents(intents)

    def record_outcomes(self, outcomes):
        self._spend("outcomes")
        super().record_outcomes(outcomes)


def test_where_intents_cannot_be_recorded_nothing_is_saved():
    service = FakeService({})
    done = run(planned(service, *creates(2), *updates(service, 2)), service, ledger=FailingLedger(intents=0))
    assert service.saved == []
    assert results(done) == {
        "c00": (Result.SKIPPED, "run-stopped"),
        "c01": (Result.SKIPPED, "run-stopped"),
        "u00": (Result.SKIPPED, "no-intent"),
        "u01": (Result.SKIPPED, "run-stopped"),
    }
    (finding,) = done.findings
    assert finding.rule == "ledger-not-written"
    assert "the disk is full" in finding.message
    assert "make room" in (finding.hint or "")
    assert done.exit_code == 1


def test_a_wave_whose_intents_cannot_be_recorded_is_not_saved():
    service = FakeService({})
    ledger = FailingLedger(intents=2)
    done = run(planned(service, *creates(8)), service, wave_size=3, ledger=ledger)
    assert sum(len(saved) for saved in service.saved) == len(ledger.intents) == 4
    assert done.count(Result.VERIFIED) == 4
    assert len(done.outcomes) == 8
    assert [reason for _, reason in results(done).values()].count("no-intent") == 3
    assert done.exit_code == 4


def test_where_outcomes_cannot_be_recorded_the_run_stops_and_tells_them():
    service = FakeService({})
    done = run(planned(service, *creates(3)), service, ledger=FailingLedger(outcomes=0))
    assert results(done)["c00"] == (Result.VERIFIED, "saved")
    assert done.count(Result.SKIPPED) == 2
    assert [finding.rule for finding in done.findings] == ["ledger-open-intents"]
    assert done.exit_code == 4


def test_a_run_that_verified_all_and_could_not_record_it_is_not_done():
    service = FakeService({})
    done = run(planned(service, *creates(1)), service, ledger=FailingLedger(outcomes=0))
    assert done.count(Result.VERIFIED) == 1
    assert (done.is_done, done.exit_code) == (False, 4)


def test_a_run_that_saved_nothing_and_could_not_record_it_is_an_error():
    service = FakeService({})
    plan = planned(service, *updates(service, 1))
    service.rows[key("u00")] = (row(NIGHTLY_TOO),)
    done = run(plan, service, ledger=FailingLedger(outcomes=0))
    assert [finding.rule for finding in done.findings] == ["ledger-not-written"]
    assert done.exit_code == 1


def closing(service, ledger, then) -> Run:
    plan = planned(service, *creates(1))
    return run(plan, service, ledger=ledger, clock=ClosingClock(then), pacing=Pacing(closing_seconds=77.0))


def test_a_correction_that_cannot_be_recorded_is_told():
    service = FakeService({})
    service.on_save = lambda *_: LOST
    done = closing(service, FailingLedger(outcomes=1), lambda: service.rows.update({key("c00"): (row(),)}))
    assert results(done) == {"c00": (Result.VERIFIED, "landed-late")}
    assert [finding.rule for finding in done.findings] == ["ledger-open-intents"]
    assert done.exit_code == 4


def test_a_ledger_that_has_failed_is_not_asked_again():
    service = FakeService({})
    service.on_save = lost_but_done
    ledger = FailingLedger(outcomes=0)
    done = closing(service, ledger, lambda: service.rows.update({key("c00"): (row(), row())}))
    assert results(done) == {"c00": (Result.MISMATCHED, "duplicated")}
    assert ledger.left["outcomes"] == -1


@pytest.mark.parametrize("hint", [pytest.param("unlock it", id="hint"), pytest.param(None, id="none")])
def test_what_the_ledger_advises_is_kept(hint):
    class Lost(MemoryLedger):
        def record_intents(self, intents):
            raise LedgerError("the lock is lost", hint=hint)

    done = run(planned(FakeService({}), *creates(1)), FakeService({}), ledger=Lost())
    assert (done.findings[0].hint or "").startswith(hint or "run plan and apply again")


TAKEN_OVER = LockLostError("the lock was taken over", hint="look at who has it")


class LosingLedger(MemoryLedger):
    """Loses its lock after so many waves. It then *notices* by itself, or not before it writes."""

    def __init__(self, *, waves, notices=False, error=TAKEN_OVER):
        super().__init__()
        self._left, self._notices, self._error = waves, notices, error
        self.is_lost = notices and waves == 0

    def objection(self):
        return self._error if self.is_lost else None

    def record_intents(self, intents):
        self._write(is_refused=self._left == 0)
        super().record_intents(intents)

    def record_outcomes(self, outcomes):
        self._write(is_refused=False)
        super().record_outcomes(outcomes)
        self._left -= 1
        self.is_lost = self._notices and self._left == 0

    def _write(self, *, is_refused):
        self.is_lost = self.is_lost or is_refused
        if self.is_lost:
            raise self._error


@pytest.mark.parametrize("notices", [pytest.param(True, id="by-its-clock"), pytest.param(False, id="by-the-ledger")])
@pytest.mark.parametrize(
    "waves, saved, code",
    [pytest.param(0, 0, 3, id="before-the-first-save"), pytest.param(2, 4, 4, id="between-two-waves")],
)
def test_what_is_left_when_the_lock_is_lost_is_refused(notices, waves, saved, code):
    service = FakeService({})
    done = run(planned(service, *creates(8)), service, wave_size=3, ledger=LosingLedger(waves=waves, notices=notices))
    assert sum(len(each) for each in service.saved) == saved
    assert list(results(done).values()) == [(Result.VERIFIED, "saved")] * saved + [(Result.REFUSED, "guard")] * (
        8 - saved
    )
    assert "the lock was taken over" in done.outcomes[-1].message
    assert done.outcomes[-1].hint == "look at who has it"
    (found,) = done.findings
    assert (found.rule, done.exit_code) == ("lock-lost", code)


def test_a_lock_that_is_lost_in_the_middle_of_the_last_wave_is_told():
    service = FakeService({})
    ledger = LosingLedger(waves=2)

    def lose(*_):
        ledger.is_lost = len(service.saved) == 2

    service.on_save = lose
    done = run(planned(service, *creates(4)), service, ledger=ledger)
    assert list(results(done).values()) == [(Result.VERIFIED, "saved")] * 2 + [(Result.REFUSED, "guard")] * 2
    assert ([one.rule for one in done.findings], done.exit_code) == (["lock-lost"], 4)


def test_a_ledger_that_is_gone_is_not_taken_for_a_lost_lock():
    service = FakeService({})
    gone = LedgerGoneError("the file was removed")
    done = run(planned(service, *creates(4)), service, ledger=LosingLedger(waves=1, error=gone))
    assert ([one.rule for one in done.findings], done.exit_code) == (["ledger-gone"], 4)

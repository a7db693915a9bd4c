"""The closing read-back: a save in doubt is looked at once more, when it has had time to land."""

from __future__ import annotations

import pytest

from reconcile.engine.overrides import ENABLE_INACTIVE, Allowances
from reconcile.flows.pacing import Pacing
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.outcome import Result
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, WEEKLY, key, row, schedule
from tests.flows.fakes import UNREAD, FakeClock, FakeService, FakeStop, ports
from tests.flows.running import LOST, applied, creates, lost_but_done, planned, renamed, results, run, updates

CLOSING = 77.0
PACING = Pacing(closing_seconds=CLOSING)


class ClosingClock(FakeClock):
    """Lets *then* happen when the closing pause comes."""

    def __init__(self, then):
        super().__init__()
        self.then = then

    def sleep(self, seconds):
        super().sleep(seconds)
        if seconds == CLOSING:
            self.then()


def closed(plan, service, then, **more):
    """Apply *plan*; *then* happens before the closing look."""
    return run(plan, service, clock=ClosingClock(then), pacing=PACING, **more)


def in_the_end(service, code, *rows):
    def then():
        service.rows[key(code)] = rows

    return then


def test_without_doubt_there_is_neither_pause_nor_look():
    service = FakeService({})
    clock = FakeClock()
    run(planned(service, *creates(1), *updates(service, 1)), service, clock=clock)
    assert clock.slept == []
    assert len(service.queries) == 5


def test_a_save_that_lands_late_is_verified_in_the_end():
    service = FakeService({})
    service.on_save = lambda *_: LOST
    done = closed(planned(service, *creates(1)), service, in_the_end(service, "c00", row()))
    assert results(done) == {"c00": (Result.VERIFIED, "landed-late")}
    assert (done.findings, done.exit_code) == ((), 0)


def test_a_save_that_never_lands_stays_unknown():
    service = FakeService({})
    service.on_save = lambda *_: LOST
    done = closed(planned(service, *creates(1)), service, lambda: None)
    assert results(done) == {"c00": (Result.UNKNOWN, "lost-reply")}


def test_a_verified_key_that_a_late_save_doubles_is_told():
    service = FakeService({})
    service.on_save = lost_but_done
    done = closed(planned(service, *updates(service, 1)), service, in_the_end(service, "u00", row(), row()))
    assert results(done) == {"u00": (Result.MISMATCHED, "duplicated")}
    (finding,) = done.findings
    assert (finding.rule, finding.key) == ("landed-late", key("u00"))
    assert "service.save" in (finding.hint or "")
    assert done.exit_code == 4


@pytest.mark.parametrize("cron", [pytest.param(WEEKLY, id="other"), pytest.param(HOURLY, id="as-before")])
def test_a_verified_key_that_has_moved_is_told(cron):
    service = FakeService({})
    service.on_save = lost_but_done
    done = closed(planned(service, *updates(service, 1)), service, in_the_end(service, "u00", row(cron)))
    assert results(done) == {"u00": (Result.MISMATCHED, "moved-after")}
    assert [finding.rule for finding in done.findings] == ["landed-late"]


def test_what_was_doubled_already_is_not_told_again():
    service = FakeService({}, mode="append")
    service.on_save = lost_but_done
    done = closed(planned(service, *updates(service, 1)), service, lambda: None)
    assert results(done) == {"u00": (Result.MISMATCHED, "duplicated")}
    assert [finding.rule for finding in done.findings] == ["save-appends"]


def test_a_key_that_cannot_be_read_again_keeps_its_outcome_and_is_told():
    service = FakeService({})
    service.on_save = lost_but_done

    def blind():
        service.on_query = lambda *_: UNREAD

    done = closed(planned(service, *updates(service, 1)), service, blind)
    assert results(done) == {"u00": (Result.VERIFIED, "saved")}
    assert [finding.rule for finding in done.findings] == ["not-read-again"]


def test_an_acknowledged_save_that_could_not_be_read_back_is_read_in_the_end():
    service = FakeService({})
    plan = planned(service, *updates(service, 1))

    def blind(fake, save):
        fake.on_query = lambda *_: UNREAD

    def seeing():
        service.on_query = None

    service.on_save = blind
    done = closed(plan, service, seeing)
    assert results(done) == {"u00": (Result.VERIFIED, "landed-late")}


def test_only_what_is_in_doubt_is_read_again():
    service = FakeService({})
    service.on_save = lambda fake, save: lost_but_done(fake, save) if save.key.code == "c02" else None
    closed(planned(service, *creates(5)), service, lambda: None)
    assert service.queries[-1][0] == [key("c02")]


def test_what_a_late_save_showed_is_recorded_and_told_as_a_correction():
    service, ledger, told, corrected = FakeService({}), MemoryLedger(), [], []
    service.on_save = lambda *_: LOST
    done = closed(
        planned(service, *creates(1)),
        service,
        in_the_end(service, "c00", row()),
        ledger=ledger,
        on_outcome=told.append,
        on_correction=corrected.append,
    )
    assert [outcome.result for outcome in ledger.outcomes] == [Result.UNKNOWN, Result.VERIFIED]
    assert [outcome.result for outcome in told] == [Result.UNKNOWN]
    assert tuple(corrected) == done.outcomes


def test_an_interrupted_run_does_not_wait_for_late_saves():
    service, stop = FakeService({}), FakeStop()

    def come(*_):
        stop.come = True
        return LOST

    service.on_save = come
    clock = FakeClock()
    done = run(planned(service, *creates(2)), service, stop=stop, clock=clock, pacing=PACING)
    assert results(done)["c00"] == (Result.UNKNOWN, "interrupted")
    assert CLOSING not in clock.slept


def test_a_signal_during_the_closing_pause_leaves_the_outcomes_as_they_are():
    service, stop = FakeService({}), FakeStop()
    service.on_save = lambda *_: LOST

    def come():
        stop.come = True
        service.rows[key("c00")] = (row(),)

    done = closed(planned(service, *creates(1)), service, come, stop=stop)
    assert results(done) == {"c00": (Result.UNKNOWN, "lost-reply")}
    assert done.interrupted


def test_a_rename_is_verified_by_the_word_of_the_service():
    service = FakeService({key("r"): (row(),)})
    (outcome,) = applied(service, renamed("r")).outcomes
    assert (outcome.result, outcome.reason) == (Result.VERIFIED, "acknowledged")
    assert "name cannot be read back" in outcome.message


def test_a_rename_whose_replies_are_lost_is_saved_twice_and_stays_unknown():
    service = FakeService({key("r"): (row(),)})
    service.on_save = lost_but_done
    (outcome,) = applied(service, renamed("r")).outcomes
    assert (outcome.result, outcome.reason, outcome.saves) == (Result.UNKNOWN, "lost-reply", 2)


def test_a_rename_that_could_not_be_read_back_is_believed_in_the_end():
    service = FakeService({key("r"): (row(),)})
    made = ports(service, clock=ClosingClock(lambda: setattr(service, "on_query", None)))

    def blind(fake, save):
        fake.on_query = lambda *_: UNREAD
        return SaveAnswer(AnswerKind.ACKNOWLEDGED)

    service.on_save = blind
    (outcome,) = applied(service, renamed("r"), made, pacing=PACING).outcomes
    assert (outcome.result, outcome.reason) == (Result.VERIFIED, "acknowledged")


def test_enabling_whose_replies_are_lost_is_verified_only_when_the_job_is_active():
    service = FakeService({key("p"): (row(active=False),)})
    allowances = Allowances({ENABLE_INACTIVE: True})
    plan = planned(service, schedule("p"), allowances=allowances)
    service.on_save = lost_but_done
    done = run(plan, service, allowances=allowances)
    assert results(done) == {"p": (Result.UNKNOWN, "lost-reply")}
    assert done.outcomes[0].saves == 2
    done = closed(plan, service, in_the_end(service, "p", row()), allowances=allowances)
    assert results(done) == {"p": (Result.VERIFIED, "landed-late")}
    assert "the job is active now" in done.outcomes[0].message

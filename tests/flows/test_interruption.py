"""A signal may come at any moment: each change has an outcome, and what may have been saved is never called skipped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconcile.flows.pacing import Pacing
from reconcile.ledger.memory_ledger import MemoryLedger
from reconcile.model.live import Unreadable
from reconcile.model.outcome import Result
from reconcile.ports import AnswerKind, SaveAnswer
from tests.flows.fakes import FakeClock, FakeService, FakeStop
from tests.flows.running import LOST, creates, lost_but_done, planned, run, updates

INTERRUPTED = Unreadable("interrupted", "the run was stopped before the service had answered")
NOT_STARTED = SaveAnswer(AnswerKind.NOT_STARTED, "the run was stopped before this save was begun")
PACING = Pacing(soak=timedelta(minutes=5))


class Signal(FakeStop):
    """Comes with the given step of the run: a query, a save, a pause, a write to the ledger."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def step(self):
        self.left -= 1
        self.come = self.come or self.left < 0


class Service(FakeService):
    """Answers as the client does: once the signal has come nothing is asked and nothing begun."""

    def __init__(self, stop):
        super().__init__({})
        self.stop = stop

    def query(self, keys, **more):
        self.stop.step()
        return dict.fromkeys(keys, INTERRUPTED) if self.stop.come else super().query(keys, **more)

    def answer(self, save):
        self.stop.step()
        return NOT_STARTED if self.stop.come else super().answer(save)


class Ledger(MemoryLedger):
    def __init__(self, stop):
        super().__init__()
        self.stop = stop

    def record_intents(self, intents):
        self.stop.step()
        super().record_intents(intents)


class Clock(FakeClock):
    def __init__(self, stop):
        super().__init__()
        self.stop = stop

    def sleep(self, seconds):
        self.stop.step()
        if not self.stop.come:
            super().sleep(seconds)


def lost_at_first(fake, save):
    return LOST if save.key not in [key for wave in fake.saved[:-1] for key in wave] else None


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param(None, id="replies-come"),
        pytest.param(lost_but_done, id="replies-are-lost"),
        pytest.param(lost_at_first, id="first-saves-are-lost"),
    ],
)
def test_whenever_the_signal_comes_every_change_has_a_true_outcome_and_the_next_run_finishes(replies):
    steps = 0
    while True:
        stop = Signal(steps)
        service = Service(stop)
        plan = planned(service, *creates(3), *updates(service, 4))
        before = dict(service.rows)
        service.on_save = replies
        ledger = Ledger(stop)
        done = run(plan, service, stop=stop, ledger=ledger, clock=Clock(stop), wave_size=3, pacing=PACING)
        assert [outcome.key for outcome in done.outcomes] == [change.key for change in plan.changes]
        assert done.interrupted == stop.come
        for outcome in done.outcomes:
            moved = service.rows.get(outcome.key, ()) != before.get(outcome.key, ())
            assert not moved or outcome.result in (Result.VERIFIED, Result.UNKNOWN)
            assert moved or outcome.result is not Result.VERIFIED
        recorded = {outcome.key for outcome in ledger.outcomes}
        assert {intent.key for intent in ledger.intents} <= recorded
        if not done.interrupted:
            break
        service.stop, service.on_save = FakeStop(), None
        service.stop.step = lambda: None
        assert run(plan, service, wave_size=3).exit_code == 0
        steps += 1
    assert steps > 20
    assert done.exit_code == 0

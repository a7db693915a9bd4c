"""The moment of a save: freezes and fires that come while a run is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconcile.engine.judges import Situation
from reconcile.engine.overrides import OVERRIDE_FREEZE, Allowances
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.pacing import Pacing
from reconcile.model.outcome import Result
from reconcile.model.workspace import Freeze, SaveMode, ServiceSettings
from tests.builders import row, schedule
from tests.flows.fakes import NOON, FakeClock, FakeService, ports
from tests.flows.running import LOST, creates, planned, results, updates

GUARD = (Result.REFUSED, "guard")
SAVED = (Result.VERIFIED, "saved")
IN_A_MINUTE = (NOON + timedelta(minutes=1)).replace(tzinfo=None)
CLOSING = Freeze("the books are closed", between=(IN_A_MINUTE, IN_A_MINUTE + timedelta(days=1)))
NEAR = Freeze("not while it runs", near_fire=timedelta(minutes=10))
UPSERT = ServiceSettings(save=SaveMode.UPSERT)


class Slow(FakeService):
    """Each save takes twenty seconds of *clock*."""

    def __init__(self, rows=()):
        super().__init__(rows)
        self.clock = FakeClock()

    def answer(self, save):
        self.clock.sleep(20)
        return super().answer(save)


def applied(service, plan, *freezes, wave_size=2, allowances=Allowances()):
    return apply_plan(
        plan,
        ports(service, clock=service.clock),
        situation=Situation(service=UPSERT, freezes=freezes),
        pacing=replace(Pacing(), wave_size=wave_size),
        allowances=allowances,
    )


@pytest.mark.parametrize(
    "wave_size", [pytest.param(2, id="between-two-waves"), pytest.param(100, id="in-the-middle-of-a-wave")]
)
def test_no_save_is_begun_in_a_freeze_that_begins_during_the_run(wave_size):
    service = Slow()
    done = applied(service, planned(service, *creates(7)), CLOSING, wave_size=wave_size)
    assert [one for _, one in sorted(results(done).items())] == [SAVED] * 3 + [GUARD] * 4
    assert sum(map(len, service.saved)) == 3
    assert "the books are closed" in done.outcomes[-1].message
    assert "--override-freeze" in done.outcomes[-1].hint
    assert done.exit_code == 4


def test_what_a_freeze_refuses_before_a_wave_is_neither_read_nor_intended():
    service = Slow()
    applied(service, planned(service, *creates(3)), CLOSING, wave_size=2)
    read = len(service.queries)
    service = Slow()
    applied(service, planned(service, *creates(50)), CLOSING, wave_size=2)
    assert len(service.queries) == read


def test_an_override_lifts_a_freeze_that_begins_during_the_run_too():
    service = Slow()
    allowances = Allowances({OVERRIDE_FREEZE: "incident 7"})
    done = applied(service, planned(service, *creates(7)), CLOSING, allowances=allowances)
    assert (set(results(done).values()), done.exit_code) == ({SAVED}, 0)


def test_a_freeze_that_begins_before_the_first_save_leaves_nothing_saved():
    service = Slow()
    plan = planned(service, *updates(service, 3))

    def late(key, rows):
        service.clock.sleep(120)
        return rows

    service.on_query = late
    done = applied(service, plan, CLOSING)
    assert (set(results(done).values()), service.saved, done.exit_code) == ({GUARD}, [[]], 3)
    assert all(outcome.saves == 0 for outcome in done.outcomes)


def test_a_schedule_that_comes_near_its_fire_during_the_run_is_left_alone():
    service = Slow()
    wanted = [schedule(f"c{number}", "0 0 2 * * ?") for number in range(6)]
    wanted[5] = schedule("c5", "0 11 12 * * ?")
    done = applied(service, planned(service, *wanted), NEAR, wave_size=100)
    assert results(done) == {f"c{number}": SAVED for number in range(5)} | {"c5": GUARD}
    assert "fires at 2026-03-01 12:11:00" in done.outcomes[-1].message


def test_a_canary_that_is_near_its_fire_only_now_gives_its_turn_to_the_next():
    service = Slow({schedule(code).key: (row("0 0 3 * * ?"),) for code in ("u0", "u1", "u2", "u3", "u4")})
    wanted = [schedule(f"u{number}", "0 10 12 * * ?") for number in range(4)]
    plan = planned(service, *wanted, schedule("u4"))

    def late(key, rows):
        service.clock.sleep(1)
        return rows

    service.on_query = late
    done = applied(service, plan, NEAR)
    assert results(done) == {f"u{number}": GUARD for number in range(4)} | {"u4": SAVED}


def test_a_save_in_doubt_that_may_not_be_repeated_in_a_freeze_stays_in_doubt():
    service = Slow()
    plan = planned(service, *updates(service, 1))

    def lost(_fake, _save):
        service.clock.sleep(120)
        return LOST

    service.on_save = lost
    (outcome,) = applied(service, plan, CLOSING).outcomes
    assert (outcome.result, outcome.reason, outcome.saves) == (Result.UNKNOWN, "lost-reply", 1)
    assert "no reply within 10 s; not saved again: frozen until" in outcome.message

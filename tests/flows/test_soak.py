"""Soaking: the canaries are left alone, seen to fire where that is asked for, and read again before the rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from reconcile.engine.judges import Situation
from reconcile.engine.overrides import ALLOW_INACTIVE, OVERRIDE_FREEZE, Allowances
from reconcile.errors import ServiceError
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.pacing import Pacing, SoakUntil
from reconcile.flows.soak import LONGEST_PAUSE_SECONDS
from reconcile.model.clock_skew import RESOLUTION, ClockSkew
from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.outcome import Result
from reconcile.model.reading import Reading
from reconcile.model.schedule import State
from reconcile.model.workspace import Freeze
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, NIGHTLY, WEEKLY, key, row, schedule
from tests.flows.fakes import NOON, UNREAD, FakeClock, FakeService, FakeStop, ports
from tests.flows.running import planned, results, run

EVERY_TEN = "0 0/10 * * * ?"
TIMED_OUT = "java.net.SocketTimeoutException: timeout"
SPAN = Pacing(soak=timedelta(minutes=5))
FIRE = Pacing(soak=SoakUntil.NEXT_FIRE)
AT_TEN = NOON + timedelta(minutes=10)


class TimedClock(FakeClock):
    """Lets things happen when their time has come: *events* are seconds from noon and what happens then."""

    def __init__(self, *events):
        super().__init__()
        self.events = sorted(events, key=lambda event: event[0])

    def sleep(self, seconds):
        super().sleep(seconds)
        while self.events and self.events[0][0] <= self.monotonic():
            self.events.pop(0)[1]()


class FiringService(FakeService):
    """Has a history: rows by job id, newest first; each look at it is noted with the time."""

    def __init__(self, rows, clock=None):
        super().__init__(rows)
        self.clock = clock or FakeClock()
        self.histories = {}
        self.looks = []
        self.breaks = lambda: False

    def history(self, tenant, job_id, *, page=1, page_size=10):
        self.looks.append((job_id, page, self.clock.monotonic()))
        if self.breaks():
            raise ServiceError("no reply within 10 s")
        rows = tuple(self.histories.get(job_id, ()))[:page_size]
        return HistoryPage(page, page_size, 1, len(rows), rows)

    def fire(
        self,
        fired_at,
        *,
        job_id="900",
        trigger="",
        status="success",
        how="trigger",
        triggered="success",
        message=TIMED_OUT,
    ):
        fired = Execution(
            job_id,
            trigger or f"t{len(self.histories.get(job_id, ()))}",
            fired_at,
            fired_at,
            fired_at,
            status,
            status == "success",
            triggered,
            how,
            "" if status == "success" else message,
        )
        self.histories.setdefault(job_id, []).insert(0, fired)


def frequent(count):
    return [schedule(f"u{number}", EVERY_TEN) for number in range(count)]


def firing(*, clock=None):
    """A service with a job for each of the updates to come."""
    return FiringService({key(f"u{number}"): (row(WEEKLY),) for number in range(4)}, clock)


def soaked(service, *schedules, pacing=FIRE, **more):
    return run(planned(service, *schedules), service, clock=service.clock, pacing=pacing, **more)


def test_after_a_span_the_canaries_are_read_again_and_the_rest_follows():
    service = firing()
    done = soaked(service, *frequent(3), pacing=SPAN)
    assert service.clock.slept[0] == 300
    assert [len(saved) for saved in service.saved] == [1, 2]
    assert done.exit_code == 0


@pytest.mark.parametrize(
    "pacing, count", [pytest.param(Pacing(), 3, id="none-asked-for"), pytest.param(SPAN, 1, id="nothing-behind-it")]
)
def test_there_is_no_soak_where_it_is_for_nothing(pacing, count):
    service = firing()
    soaked(service, *frequent(count), pacing=pacing)
    assert service.clock.slept == []


@pytest.mark.parametrize(
    "rows, reason",
    [
        pytest.param((row(HOURLY),), "moved-after", id="moved"),
        pytest.param((row(EVERY_TEN), row(WEEKLY)), "duplicated", id="doubled"),
        pytest.param((), "moved-after", id="gone"),
    ],
)
def test_a_canary_that_does_not_stand_the_soak_stops_the_run(rows, reason):
    service = firing()
    service.clock.sleep = lambda _: service.rows.update({key("u0"): rows})
    done = soaked(service, *frequent(3), pacing=SPAN)
    left = (Result.REFUSED, "save-appends") if reason == "duplicated" else (Result.SKIPPED, "run-stopped")
    assert results(done) == {"u0": (Result.MISMATCHED, reason), "u1": left, "u2": left}
    assert [finding.rule for finding in done.findings] == ["moved-after"]
    assert ("after the soak" in done.outcomes[-1].message) is (left[0] is Result.SKIPPED)
    assert done.exit_code == 4


def test_a_canary_is_read_patiently_after_the_soak():
    service = firing()
    looks = iter([UNREAD, UNREAD, UNREAD])

    def soak_begins(_):
        service.on_query = lambda _, rows: next(looks, rows)

    service.clock.sleep = soak_begins
    assert soaked(service, *frequent(2), pacing=SPAN).count(Result.VERIFIED) == 2
    assert next(looks, None) is None


def test_a_canary_that_cannot_be_read_after_the_soak_stops_the_run():
    service = firing()

    def blind(_):
        service.on_query = lambda *_: UNREAD

    service.clock.sleep = blind
    done = soaked(service, *frequent(2), pacing=SPAN)
    assert results(done) == {"u0": (Result.VERIFIED, "saved"), "u1": (Result.SKIPPED, "run-stopped")}
    assert "could not be read again" in done.outcomes[1].message


def test_a_signal_while_the_canary_is_read_again_is_no_fault_of_the_canary():
    service, stop = firing(), FakeStop()

    def come(*_):
        stop.come = True
        return UNREAD

    def soak_ends(_):
        service.on_query = come

    service.clock.sleep = soak_ends
    done = soaked(service, *frequent(2), pacing=SPAN, stop=stop)
    assert "interrupted" in done.outcomes[1].message


def test_a_signal_ends_a_soak_and_skips_the_rest():
    service, stop = firing(), FakeStop()

    def come(_):
        stop.come = True

    service.clock.sleep = come
    for pacing in (SPAN, FIRE):
        stop.come = False
        service.rows[key("u0")] = (row(WEEKLY),)
        done = soaked(service, *frequent(2), pacing=pacing, stop=stop)
        assert results(done) == {"u0": (Result.VERIFIED, "saved"), "u1": (Result.SKIPPED, "run-stopped")}
        assert "interrupted" in done.outcomes[1].message
        assert done.interrupted


def test_the_rest_follows_when_the_history_shows_a_new_fire():
    clock = TimedClock((600, lambda: service.fire(AT_TEN)))
    service = firing(clock=clock)
    service.fire(NOON - timedelta(minutes=10))
    done = soaked(service, *frequent(3))
    assert (done.exit_code, done.findings) == (0, ())
    assert clock.monotonic() == 602
    assert [at for *_, at in service.looks] == [0, 602]


@pytest.mark.parametrize(
    "fired_at, how, triggered",
    [
        pytest.param(NOON - timedelta(seconds=2), "trigger", "success", id="before-the-save"),
        pytest.param(None, "trigger", "success", id="without-a-time"),
        pytest.param(AT_TEN, "manual", "success", id="by-a-person"),
        pytest.param(AT_TEN, "trigger", "failure", id="not-fired-by-the-scheduler"),
    ],
)
def test_what_is_no_fire_of_the_schedule_is_waited_past(fired_at, how, triggered):
    clock = TimedClock((600, lambda: service.fire(fired_at, how=how, triggered=triggered)))
    service = firing(clock=clock)
    done = soaked(service, *frequent(2))
    assert results(done)["u1"] == (Result.SKIPPED, "run-stopped")
    assert [finding.rule for finding in done.findings] == ["soak-no-fire"]


def test_a_row_that_was_there_before_is_no_new_fire_even_if_the_clock_of_the_service_is_ahead():
    service = firing(clock=TimedClock())
    service.fire(NOON + timedelta(minutes=3), trigger="old")
    assert [finding.rule for finding in soaked(service, *frequent(2)).findings] == ["soak-no-fire"]


@pytest.mark.parametrize("early_ms", [0, 348, 999])
def test_a_fire_may_be_written_a_little_before_its_second(early_ms):
    service = firing(clock=TimedClock((600, lambda: service.fire(NOON - timedelta(milliseconds=early_ms)))))
    assert soaked(service, *frequent(2)).exit_code == 0


def test_where_no_fire_is_seen_the_run_stops_at_the_limit_and_says_what_to_look_at():
    service = firing(clock=TimedClock())
    done = soaked(service, *frequent(2), pacing=Pacing(soak=SoakUntil.NEXT_FIRE, soak_limit=timedelta(minutes=15)))
    assert service.clock.monotonic() == 900
    (finding,) = done.findings
    assert "within 15m" in finding.message
    assert "reconcile history acme u0" in (finding.hint or "")
    assert done.exit_code == 4


def test_the_history_is_looked_at_once_more_when_the_limit_is_reached():
    service = firing(clock=TimedClock((610, lambda: service.fire(AT_TEN))))
    pacing = Pacing(soak=SoakUntil.NEXT_FIRE, soak_limit=timedelta(seconds=611))
    assert soaked(service, *frequent(2), pacing=pacing).exit_code == 0
    assert service.clock.monotonic() == 611


def test_a_plan_that_is_done_with_its_canaries_needs_no_fire():
    service = firing()
    assert soaked(service, schedule("u0", NIGHTLY)).exit_code == 0
    assert service.clock.slept == []


def test_the_history_is_looked_at_one_page_at_a_time_and_ever_less_often():
    service = firing(clock=TimedClock())
    soaked(service, *frequent(2))
    assert {page for _, page, _ in service.looks} == {1}
    at = [at for *_, at in service.looks][1:]
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert pauses[:5] == [2, 4, 8, 16, LONGEST_PAUSE_SECONDS]
    assert len(at) < 3600 / LONGEST_PAUSE_SECONDS


def test_a_history_that_cannot_be_read_for_a_while_is_asked_for_again():
    clock = TimedClock((600, lambda: service.fire(AT_TEN)))
    service = firing(clock=clock)
    service.breaks = lambda: clock.monotonic() < 650
    assert soaked(service, *frequent(2)).exit_code == 0


def test_a_history_that_can_never_be_read_is_said_to_be_the_reason():
    service = firing(clock=TimedClock())
    service.breaks = lambda: True
    (finding,) = soaked(service, *frequent(2)).findings
    assert "no reply within 10 s" in finding.message


def test_a_run_that_fails_passes_the_soak_and_is_told():
    service = firing(clock=TimedClock((600, lambda: service.fire(AT_TEN, status="failure"))))
    done = soaked(service, *frequent(2))
    assert done.exit_code == 0
    (finding,) = done.findings
    assert (finding.rule, finding.severity.value) == ("canary-run-failed", "warning")
    assert "SocketTimeoutException" in finding.message


def test_a_failed_run_without_a_word_is_told_too():
    service = firing(clock=TimedClock((600, lambda: service.fire(AT_TEN, status="broken", message=""))))
    done = soaked(service, *frequent(2))
    assert done.findings[0].message.endswith("its run ended as 'broken'")


def test_the_canary_is_the_one_that_fires_first():
    service = firing(clock=TimedClock((600, lambda: service.fire(AT_TEN))))
    soaked(service, schedule("u0", NIGHTLY), schedule("u1", "0 30 * * * ?"), *frequent(4)[2:3])
    assert service.saved[0] == [key("u2")]


def test_both_canaries_are_waited_for():
    at_twenty = NOON + timedelta(minutes=20)
    clock = TimedClock(
        (600, lambda: service.fire(AT_TEN, job_id="u0")), (1200, lambda: service.fire(at_twenty, job_id="c"))
    )
    service = firing(clock=clock)
    service.on_save = with_ids_of_codes
    done = soaked(service, *frequent(2), schedule("c", "0 0/20 * * * ?"))
    assert (done.exit_code, clock.monotonic()) == (0, 1202)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"cron": NIGHTLY}, id="later-than-the-limit"),
        pytest.param({"cron": "0 0 0 1 1 ? 2020"}, id="never"),
        pytest.param({"state": State.PARKED}, id="parked"),
        pytest.param({"cron": "what is this"}, id="unparseable"),
    ],
)
def test_where_no_canary_can_fire_in_time_nothing_is_saved_and_that_is_said_at_once(wanted):
    service = firing()
    done = soaked(service, *(schedule(f"u{number}", **wanted) for number in range(3)))
    assert (service.saved, service.clock.slept) == ([], [])
    assert done.count(Result.SKIPPED) == 3
    (finding,) = done.findings
    assert finding.rule == "soak-in-vain"
    assert "--soak 5m" in (finding.hint or "")
    assert done.exit_code == 1


def test_a_canary_that_fires_too_late_is_told_and_the_other_is_waited_for():
    service = firing(clock=TimedClock((600, lambda: service.fire(AT_TEN))))
    done = soaked(service, *frequent(2), schedule("c", NIGHTLY))
    assert done.exit_code == 0
    (finding,) = done.findings
    assert (finding.rule, finding.key) == ("soak-not-seen", key("c"))


def test_a_canary_that_is_still_paused_is_not_waited_for():
    service = FiringService({key("u0"): (row(WEEKLY, active=False),), key("u1"): (row(WEEKLY),)})

    def paused(fake, save):
        fake.rows[save.key] = (row(save.cron, active=False),)
        return SaveAnswer(AnswerKind.ACKNOWLEDGED)

    service.on_save = paused
    done = soaked(service, *frequent(2), allowances=Allowances({ALLOW_INACTIVE: True}))
    assert service.clock.slept == []
    assert {finding.rule for finding in done.findings} == {"soak-not-seen", "soak-in-vain"}
    assert results(done)["u1"] == (Result.SKIPPED, "run-stopped")


def test_the_fire_is_expected_in_the_zone_of_the_environment():
    local = datetime(2026, 3, 1, 20, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    clock = TimedClock((1800, lambda: service.fire(local)))
    service = firing(clock=clock)
    at_half_past_eight = [schedule(f"u{number}", "0 30 20 * * ?") for number in range(2)]
    plan = planned(service, *at_half_past_eight)
    situation = Situation(zone="Asia/Shanghai")
    done = apply_plan(plan, ports(service, clock=clock), situation=situation, pacing=FIRE)
    assert (done.exit_code, clock.monotonic()) == (0, 1802)


class OnTheTwentieth(TimedClock):
    """Begins nineteen days later, on a Friday."""

    def now(self):
        return super().now() + timedelta(days=19)


@pytest.mark.parametrize(
    "quartz, code, saved",
    [
        pytest.param("2.5", 0, ["u0", "u1"], id="2.5-fires-on-both-days-of-a-list"),
        pytest.param("2.3", 1, [], id="2.3-does-not-and-a-soak-would-be-in-vain"),
    ],
)
def test_the_fire_is_expected_as_the_environments_quartz_reads_the_cron(quartz, code, saved):
    clock = OnTheTwentieth((1800, lambda: service.fire(NOON + timedelta(days=19, minutes=30))))
    service = firing(clock=clock)
    plan = planned(service, *(schedule(f"u{number}", "0 30 12 15W,20W * ?") for number in range(2)))
    situation = Situation(reading=Reading(quartz))
    done = apply_plan(plan, ports(service, clock=clock), situation=situation, pacing=FIRE)
    assert (done.exit_code, [one.code for wave in service.saved for one in wave]) == (code, saved)


def apart(minutes):
    """The service's clock is so much ahead of the runner's."""
    by = timedelta(minutes=minutes)
    skew = ClockSkew(by, by + RESOLUTION, NOON + by, NOON)
    return lambda: skew


def soaked_apart(service, minutes, *schedules, allowances=Allowances()):
    made = ports(service, clock=service.clock, skew=apart(minutes))
    plan = planned(service, *schedules)
    return apply_plan(plan, made, situation=Situation(), pacing=FIRE, allowances=allowances)


# By the clock of the service it is 12:10, or 11:50, when the soak begins.
BY_ONE_CLOCK = [
    pytest.param(10, NOON + timedelta(minutes=5), id="an-old-fire-that-the-runner-takes-for-new"),
    pytest.param(-10, NOON - timedelta(minutes=5), id="a-new-fire-that-the-runner-takes-for-old"),
]


@pytest.mark.parametrize("minutes, fired_at", BY_ONE_CLOCK)
def test_a_fire_that_is_new_by_one_clock_alone_ends_no_soak(minutes, fired_at):
    service = firing(clock=TimedClock((300, lambda: service.fire(fired_at))))
    done = soaked_apart(service, minutes, *frequent(2))
    assert results(done) == {"u0": (Result.VERIFIED, "saved"), "u1": (Result.REFUSED, "guard")}
    assert (service.clock.monotonic(), done.exit_code, done.findings) == (3600, 4, ())
    left = done.outcomes[1]
    told = f"{fired_at:%Y-%m-%dT%H:%M:%SZ}", "2026-03-01T12:00:00Z", f"{NOON + timedelta(minutes=minutes):%H:%M:00Z}"
    assert all(text in left.message for text in ("acme/u0", "this runner", "the service", *told))
    assert "not seen" not in left.message
    assert "set the clocks" in (left.hint or "")


@pytest.mark.parametrize("minutes, fired_at", BY_ONE_CLOCK)
def test_one_that_is_new_by_both_ends_it_also_after_such_a_one(minutes, fired_at):
    late = NOON + timedelta(minutes=12)
    clock = TimedClock((300, lambda: service.fire(fired_at)), (1400, lambda: service.fire(late)))
    service = firing(clock=clock)
    done = soaked_apart(service, minutes, *frequent(2))
    assert (done.exit_code, done.findings) == (0, ())
    assert 1400 <= clock.monotonic() <= 1400 + LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("minutes, fired_at", BY_ONE_CLOCK)
def test_who_goes_on_where_the_clocks_disagree_needs_one_of_them_alone(minutes, fired_at):
    service = firing(clock=TimedClock((300, lambda: service.fire(fired_at))))
    allowances = Allowances({OVERRIDE_FREEZE: "the clock of the service is wrong"})
    assert soaked_apart(service, minutes, *frequent(2), allowances=allowances).exit_code == 0


@pytest.mark.parametrize("minutes", [10, -10])
def test_where_no_clock_has_seen_a_fire_that_is_said_and_not_that_they_disagree(minutes):
    service = firing(clock=TimedClock((300, lambda: service.fire(NOON - timedelta(minutes=30)))))
    done = soaked_apart(service, minutes, *frequent(2))
    assert results(done)["u1"] == (Result.SKIPPED, "run-stopped")
    assert [finding.rule for finding in done.findings] == ["soak-no-fire"]


def with_ids_of_codes(fake, save):
    fake.rows[save.key] = (row(save.cron, job_id=save.key.code),)
    return SaveAnswer(AnswerKind.ACKNOWLEDGED)


# The clock of the service is at 12:50: a day has no 12:30 left, and 13:20 is within the hour.
@pytest.mark.parametrize(
    "cron", [pytest.param("0 30 12 * * ?", id="by-the-runner"), pytest.param("0 20 13 * * ?", id="by-the-service")]
)
def test_a_canary_that_fires_in_time_by_one_clock_alone_is_waited_for(cron):
    clock = TimedClock((600, lambda: service.fire(NOON + timedelta(minutes=60), job_id="u0")))
    service = firing(clock=clock)
    service.on_save = with_ids_of_codes
    done = soaked_apart(service, 50, *frequent(2), schedule("c", cron))
    assert results(done)["u1"] == (Result.REFUSED, "guard")
    message = done.outcomes[-1].message
    assert message.startswith("acme/c, which went first, was not seen to fire: by the clock of")
    one, other = message.split(", and by that of")
    assert ("this runner" in one, "the service" in other) == 2 * (cron == "0 30 12 * * ?",)
    assert (done.findings, clock.monotonic()) == ((), 3600)


def test_and_ends_the_soak_when_it_fires():
    fires = [(600, 60, "u0"), (1800, 80, "c")]
    clock = TimedClock(
        *(
            (at, partial(lambda *fire: service.fire(NOON + timedelta(minutes=fire[0]), job_id=fire[1]), minute, job))
            for at, minute, job in fires
        )
    )
    service = firing(clock=clock)
    service.on_save = with_ids_of_codes
    done = soaked_apart(service, 50, *frequent(2), schedule("c", "0 20 13 * * ?"))
    assert (done.exit_code, done.findings) == (0, ())
    assert 1800 <= clock.monotonic() <= 1800 + LONGEST_PAUSE_SECONDS


def test_the_canary_is_one_that_fires_in_time_by_both_clocks():
    service = firing(clock=TimedClock((600, lambda: service.fire(NOON + timedelta(minutes=60)))))
    done = soaked_apart(service, 50, schedule("u0", "0 5 12 * * ?"), *frequent(3)[1:])
    assert service.saved[0] == [key("u1")]
    assert done.exit_code == 0


def test_where_none_does_by_both_nothing_is_saved():
    service = firing()
    done = soaked_apart(service, 50, schedule("u0", "0 30 12 * * ?"), schedule("u1", "0 20 13 * * ?"))
    assert results(done) == {"u0": (Result.REFUSED, "guard"), "u1": (Result.REFUSED, "guard")}
    assert (service.saved, done.exit_code) == ([], 3)
    assert "and none by both" in done.outcomes[0].message


def test_a_freeze_that_begins_during_the_soak_holds_for_the_rest():
    service = firing(clock=TimedClock())
    begins = (NOON + timedelta(minutes=3)).replace(tzinfo=None)
    freeze = Freeze("the books are closed", between=(begins, begins + timedelta(days=1)))
    situation = Situation(freezes=(freeze,))
    plan = planned(service, *frequent(3))
    done = apply_plan(plan, ports(service, clock=service.clock), situation=situation, pacing=SPAN)
    assert results(done) == {
        "u0": (Result.VERIFIED, "saved"),
        "u1": (Result.REFUSED, "guard"),
        "u2": (Result.REFUSED, "guard"),
    }
    assert "the books are closed" in done.outcomes[-1].message
    assert done.exit_code == 4

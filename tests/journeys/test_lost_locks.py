"""A run that lost its lock, one that waits for it, and runs whose clocks are set wrong: in each home.

A run of another process is held up where the service answers it. Who waits for its lock runs in this process, and its
sleeps take no time: they move its own clock, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from datetime import timedelta

import pytest

from reconcile.service.system_clock import SystemClock
from tests.journeys.conftest import rules, run_ids

TEN_MINUTES = 600.0


class HeldUp:
    """A run that waits for an answer of the service, until it is let go."""

    def __init__(self, warm, folder, number, go_on):
        self._warm, self._folder, self.number, self._go_on = warm, folder, number, go_on

    def ended(self):
        """Let it go on, and return how it ended."""
        self._go_on.set()
        return self._warm.ended(self._folder, self.number)


@pytest.fixture
def held_up(at_home, warm, service, tmp_path):
    """Hold an apply of another process up: in the answer to its first save, or to the query that *at* tells."""
    with contextlib.ExitStack() as stack:

        def one(*, at=None, **more):
            reached, go_on = threading.Event(), threading.Event()
            stack.callback(go_on.set)

            def hook(tenant, body):
                is_save = body.get("xw_quartz", {}).get("opttype") == "save"
                if is_save if at is None else "codes" in body and at(body["codes"].split(",")):
                    service.hook = lambda *_: None
                    answer = service.save(tenant, body["xw_quartz"]) if is_save else None  # it is done, and not told
                    reached.set()
                    service._lock.release()  # others ask the service too
                    try:
                        assert go_on.wait(120)
                    finally:
                        service._lock.acquire()
                    return answer
                return None

            service.hook = hook
            number = warm.start(tmp_path, "apply", "--yes", "--format", "json", "--actor", "first", **more)
            assert reached.wait(120)
            return HeldUp(warm, tmp_path, number, go_on)

        yield one


@pytest.fixture
def waiting(monkeypatch):
    """Let sleeps in this process take no time. What is called at each of them can be given."""
    slept = [0.0]

    def one(at_sleep=lambda: None, *, wall_seconds=0.0):
        now = SystemClock.now

        def sleep(_, seconds):
            slept[0] += seconds
            at_sleep()

        monkeypatch.setattr(SystemClock, "sleep", sleep)
        monkeypatch.setattr(SystemClock, "monotonic", lambda _: slept[0])
        monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + timedelta(seconds=wall_seconds))
        return slept

    return one


@pytest.mark.parametrize("machine_slept", [0, 61], ids=["by-the-ledger", "by-its-own-clock"])
def test_a_run_that_was_stopped_past_its_lease_saves_nothing_more(
    at_home, held_up, waiting, service, tmp_path, machine_slept
):
    """What it saved stays saved; the run that took the lock over saves the rest, and each is saved once."""
    program, _ = at_home
    (tmp_path / "slept").write_text("0")
    first = held_up(slept=str(tmp_path / "slept"))
    os.kill(first.number, signal.SIGSTOP)
    (tmp_path / "slept").write_text(str(machine_slept))
    waiting()
    code, run = program.json("apply", "--yes", "--lock-timeout", "5m")
    assert (code, len(service.saves)) == (0, 3), run
    os.kill(first.number, signal.SIGCONT)
    ended = first.ended()
    assert (ended.code, rules(ended.document), len(service.saves)) == (4, ["locked"], 3), ended
    said = ended.out + ended.err
    assert "lock" in said
    assert "taken over" in said or "could not be renewed" in said or "was not renewed" in said
    _, status = program.json("status")
    assert (status["environments"][0]["open"], status["environments"][0]["lock"]) == ([], None)
    assert program("plan", "--detailed-exitcode").code == 0


def reading_for_the_plan(service):
    return lambda _: True


def reading_again_before_its_first_wave(service):
    return lambda codes: codes == ["1"]


def reading_again_before_its_second_wave(service):
    return lambda codes: codes == ["2", "3"] and len(service.saves) == 1


@pytest.fixture
def lost_by(program, waiting):
    """Take the lock from a run that stands still, by another apply: it waits for the lock, or frees it first."""

    def one(way):
        lock = program.json("status")[1]["environments"][0]["lock"]
        if way == "unlocked" and lock is not None:
            assert program("unlock", lock["id"]).code == 0
        else:
            waiting()
        assert program("apply", "--yes", "--lock-timeout", "5m").code == 0

    return one


@pytest.mark.parametrize("way", ["taken-over", "unlocked"])
@pytest.mark.parametrize("at", [reading_for_the_plan, reading_again_before_its_first_wave])
def test_a_run_that_was_stopped_before_its_first_save_saves_nothing(at_home, home, held_up, lost_by, service, at, way):
    """In Git a run has no lock before its first push: it plans anew, and finds all done."""
    first = held_up(at=at(service))
    os.kill(first.number, signal.SIGSTOP)
    lost_by(way)
    os.kill(first.number, signal.SIGCONT)
    ended = first.ended()
    assert len(service.saves) == 3
    if home == "git":
        assert (ended.code, ended.document["changes"]) == (0, [])
        return
    assert (ended.code, rules(ended.document)) == (3, ["locked"]), ended
    assert "taken over" in ended.out


@pytest.mark.parametrize("way", ["taken-over", "unlocked"])
def test_a_run_that_was_stopped_between_two_waves_refuses_what_is_left(at_home, held_up, lost_by, service, way):
    first = held_up(at=reading_again_before_its_second_wave(service))
    os.kill(first.number, signal.SIGSTOP)
    lost_by(way)
    os.kill(first.number, signal.SIGCONT)
    ended = first.ended()
    assert (ended.code, rules(ended.document), len(service.saves)) == (4, ["locked"], 3), ended
    outcomes = [one["outcome"] for one in ended.document["changes"]]
    assert [(one["result"], one["reason"]) for one in outcomes][:1] == [("verified", "saved")]
    assert {one["result"] for one in outcomes[1:]} <= {"refused", "verified"}


def test_of_two_applies_at_once_one_waits_and_then_finds_nothing_to_do(at_home, held_up, waiting, service):
    program, _ = at_home
    first, ended = held_up(), []
    waiting(lambda: ended or ended.append(first.ended()))
    code, run = program.json("apply", "--yes", "--lock-timeout", "50s")
    assert (code, run["changes"], ended[0].code, len(service.saves)) == (0, [], 0, 3)
    assert len(run_ids(program)) == 2


@pytest.mark.parametrize("wall_seconds", [TEN_MINUTES, -TEN_MINUTES], ids=["ahead", "behind"])
def test_a_clock_that_is_ten_minutes_off_steals_no_lock(at_home, held_up, waiting, service, wall_seconds):
    program, _ = at_home
    first = held_up()
    slept = waiting(wall_seconds=wall_seconds)
    code, refused = program.json("apply", "--yes", "--lock-timeout", "30s")
    assert (code, rules(refused), len(service.saves)) == (3, ["locked"], 1)
    assert slept[0] <= 31
    assert first.ended().code == 0


@pytest.mark.parametrize("wall_seconds", [TEN_MINUTES, -TEN_MINUTES], ids=["ahead", "behind"])
def test_a_dead_run_whose_clock_was_ten_minutes_off_holds_the_lock_no_longer(
    at_home, held_up, waiting, service, wall_seconds
):
    program, _ = at_home
    first = held_up(wall_seconds=wall_seconds)
    os.kill(first.number, signal.SIGKILL)
    assert first.ended().code == -signal.SIGKILL
    slept = waiting()
    code, _ = program.json("apply", "--yes", "--lock-timeout", "5m")
    assert (code, len(service.saves)) == (0, 3)
    assert 60 <= slept[0] <= 100

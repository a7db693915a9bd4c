"""The threads of a client."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from reconcile.service.crew import Crew, Ticket


def crew(size):
    return Crew(size, prepare=lambda: None, leave=lambda: None)


def test_a_crew_that_gets_no_more_threads_works_with_those_it_has(monkeypatch):
    ready = SimpleQueue()
    members = crew(3)
    members.submit(Ticket(lambda: 1, ready))
    assert ready.get(timeout=60).outcome == 1

    def full(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    for _ in range(5):
        members.submit(Ticket(lambda: 2, ready))
    assert [ready.get(timeout=60).outcome for _ in range(5)] == [2] * 5
    members.close()


def test_a_crew_without_any_thread_says_so(monkeypatch):
    def full(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with pytest.raises(RuntimeError, match="can't start"):
        crew(3).submit(Ticket(lambda: 1, SimpleQueue()))


class Hesitant:
    """A queue whose takers, their ticket in hand, hesitate before they do anything more."""

    def __init__(self):
        self._queue = SimpleQueue()
        self.put, self.qsize = self._queue.put, self._queue.qsize
        self.taken = threading.Semaphore(0)
        self.on = threading.Event()

    def get(self):
        ticket = self._queue.get()
        self.taken.release()
        self.on.wait(60)
        return ticket


def test_a_thread_that_has_just_taken_a_ticket_does_not_count_as_free():
    ready, members = SimpleQueue(), crew(2)
    members._work = hesitant = Hesitant()
    together = threading.Barrier(2, timeout=60)
    members.submit(Ticket(together.wait, ready))
    assert hesitant.taken.acquire(timeout=60)
    members.submit(Ticket(together.wait, ready))
    assert hesitant.taken.acquire(timeout=60), "the second ticket has a thread of its own"
    hesitant.on.set()
    assert {ready.get(timeout=60).outcome for _ in range(2)} == {0, 1}
    members.close()


def test_a_ticket_ends_once():
    ticket = Ticket(lambda: 1, SimpleQueue())
    assert ticket.begin()
    assert not ticket.begin()
    assert not ticket.cancel()
    assert ticket.abandon()
    assert not ticket.finish()
    assert not ticket.abandon()


def test_a_cancelled_ticket_is_not_worked_on():
    ready, worked = SimpleQueue(), []
    gate = threading.Event()
    members = crew(1)
    members.submit(Ticket(lambda: gate.wait(60), ready))
    cancelled = Ticket(lambda: worked.append(1), ready)
    members.submit(cancelled)
    members.submit(Ticket(lambda: 3, ready))
    assert cancelled.cancel()
    gate.set()
    assert [ready.get(timeout=60).outcome for _ in range(2)] == [True, 3]
    assert worked == []
    members.close()


def test_a_thread_that_is_stuck_is_replaced_and_goes_home_when_it_is_not():
    ready, gate, left = SimpleQueue(), threading.Event(), []
    members = Crew(1, prepare=lambda: None, leave=lambda: left.append(threading.get_ident()))
    stuck = Ticket(lambda: gate.wait(60), ready)
    members.submit(stuck)
    members.submit(Ticket(lambda: 2, ready))
    while not stuck.thread:
        pass
    assert stuck.abandon()
    members.replace(stuck.thread)
    assert ready.get(timeout=60).outcome == 2
    members.close()
    gate.set()
    while len(left) < 2:
        pass
    assert stuck.thread in left

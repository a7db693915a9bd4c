"""The threads of a client."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from reconcile.service.pool import Task, WorkerPool


def pool(size):
    return WorkerPool(size, prepare=lambda: None, leave=lambda: None)


def test_a_pool_that_gets_no_more_threads_works_with_those_it_has(monkeypatch):
    ready = SimpleQueue()
    workers = pool(3)
    workers.submit(Task(lambda: 1, ready))
    assert ready.get(timeout=60).outcome == 1

    def full(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    for _ in range(5):
        workers.submit(Task(lambda: 2, ready))
    assert [ready.get(timeout=60).outcome for _ in range(5)] == [2] * 5
    workers.close()


def test_a_pool_without_any_thread_says_so(monkeypatch):
    def full(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with pytest.raises(RuntimeError, match="can't start"):
        pool(3).submit(Task(lambda: 1, SimpleQueue()))


class Hesitant:
    """A queue whose takers, their task in hand, hesitate before they do anything more."""

    def __init__(self):
        self._queue = SimpleQueue()
        self.put, self.qsize = self._queue.put, self._queue.qsize
        self.taken = threading.Semaphore(0)
        self.on = threading.Event()

    def get(self):
        task = self._queue.get()
        self.taken.release()
        self.on.wait(60)
        return task


def test_a_thread_that_has_just_taken_a_task_does_not_count_as_free():
    ready, workers = SimpleQueue(), pool(2)
    workers._tasks = hesitant = Hesitant()
    together = threading.Barrier(2, timeout=60)
    workers.submit(Task(together.wait, ready))
    assert hesitant.taken.acquire(timeout=60)
    workers.submit(Task(together.wait, ready))
    assert hesitant.taken.acquire(timeout=60), "the second task has a thread of its own"
    hesitant.on.set()
    assert {ready.get(timeout=60).outcome for _ in range(2)} == {0, 1}
    workers.close()


def test_a_task_ends_once():
    task = Task(lambda: 1, SimpleQueue())
    assert task.begin()
    assert not task.begin()
    assert not task.cancel()
    assert task.abandon()
    assert not task.finish()
    assert not task.abandon()


def test_a_cancelled_task_is_not_run():
    ready, worked = SimpleQueue(), []
    gate = threading.Event()
    workers = pool(1)
    workers.submit(Task(lambda: gate.wait(60), ready))
    cancelled = Task(lambda: worked.append(1), ready)
    workers.submit(cancelled)
    workers.submit(Task(lambda: 3, ready))
    assert cancelled.cancel()
    gate.set()
    assert [ready.get(timeout=60).outcome for _ in range(2)] == [True, 3]
    assert worked == []
    workers.close()


def test_a_thread_that_is_stuck_is_replaced_and_goes_home_when_it_is_not():
    ready, gate, left = SimpleQueue(), threading.Event(), []
    workers = WorkerPool(1, prepare=lambda: None, leave=lambda: left.append(threading.get_ident()))
    stuck = Task(lambda: gate.wait(60), ready)
    workers.submit(stuck)
    workers.submit(Task(lambda: 2, ready))
    while not stuck.thread:
        pass
    assert stuck.abandon()
    workers.replace(stuck.thread)
    assert ready.get(timeout=60).outcome == 2
    workers.close()
    gate.set()
    while len(left) < 2:
        pass
    assert stuck.thread in left

"""A person at a terminal is asked before the lock is taken; what changed until the answer is asked about again."""

from __future__ import annotations

import contextlib
import json
import sys
import threading

import pytest

from tests.journeys.conftest import LEDGER, TENANT, run_ids
from tests.journeys.service import nothing

EARLIER = "0 0 2 * * ?"
LATER = "0 0 3 * * ?"
QUESTION = "Apply it?"


class Terminal:
    """A terminal. A person types what *answers* say or return, one a question; a further question fails."""

    def __init__(self, stream, *answers):
        self._stream = stream
        self._answers = iter(answers)

    def isatty(self):
        return True

    def readline(self):
        answer = next(self._answers)
        return f"{answer() if callable(answer) else answer}\n"

    def __getattr__(self, name):
        return getattr(self._stream, name)


@pytest.fixture
def ask(monkeypatch, program):
    """Run a command at a terminal where these answers are typed; give how it ended."""

    def one(*arguments, answers):
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", Terminal(sys.stdin, *answers))
            patch.setattr("sys.stderr", Terminal(sys.stderr))
            return program(*arguments)

    return one


@pytest.fixture
def other(at_home, warm, tmp_path):
    """Run a command as a process of its own, to its end; give its document."""

    def one(*arguments):
        ended = warm.run(tmp_path, *arguments, "--format", "json")
        assert ended.code == 0, ended
        return ended.document

    return one


@pytest.fixture
def meanwhile(other):
    """Answer yes after another run was typed and came to its end."""

    def one(*arguments):
        def answer():
            other(*arguments)
            return "yes"

        return answer

    return one


@pytest.fixture
def held_up(warm, service, tmp_path):
    """Hold an apply of another process up at its first save, until the block is left."""

    @contextlib.contextmanager
    def one(*arguments):
        reached, go_on = threading.Event(), threading.Event()

        def hold_up(_, body):
            if body.get("xw_quartz", {}).get("opttype") == "save":
                service.hook = nothing
                reached.set()
                service._lock.release()  # others ask the service too
                try:
                    assert go_on.wait(120)
                finally:
                    service._lock.acquire()

        service.hook = hold_up
        number = warm.start(tmp_path, "apply", "--yes", *arguments)
        assert reached.wait(120)
        try:
            yield
        finally:
            go_on.set()
            assert warm.ended(tmp_path, number).code == 0

    return one


def in_json(ended):
    return json.loads(ended.out)


def test_the_lock_is_free_while_a_person_thinks_and_what_another_run_did_is_not_done_again(
    at_home, ask, meanwhile, service
):
    program, _ = at_home
    ended = ask("apply", "--format", "json", answers=[meanwhile("apply", "--yes")])
    assert (ended.code, in_json(ended)["changes"], len(service.saves)) == (0, [], 3)
    assert len(run_ids(program)) == 2


def test_where_nothing_changed_the_answer_stands(at_home, ask, service):
    ended = ask("apply", answers=["yes"])
    assert (ended.code, len(service.saves), ended.err.count(QUESTION)) == (0, 3, 1)
    assert "Changed since" not in ended.err


def test_a_part_that_another_run_did_is_told_and_the_rest_is_asked_about_again(at_home, ask, meanwhile, service):
    ended = ask("apply", answers=[meanwhile("apply", "--code", "1", "--yes"), "yes"])
    assert (ended.code, len(service.saves), ended.err.count(QUESTION)) == (0, 3, 2)
    first, again = ended.err.split(QUESTION)[:2]
    assert "Changed since your answer" not in first
    assert "Changed since your answer:\n  acme/1: is in the plan no more" in again
    assert "Plan: 2 to create, 1 unchanged." in again


def test_a_job_that_was_changed_meanwhile_is_not_saved_over_without_another_answer(at_home, ask, other, service):

    def by_hand(cron, answer):
        def change():
            service.put("acme", "1", cron)
            assert lock(other) is None
            return answer

        return change

    service.put("acme", "1", "0 0 5 * * ?")
    ended = ask("apply", answers=[by_hand("0 0 6 * * ?", "yes"), by_hand("0 0 7 * * ?", "yes"), "no"])
    assert (ended.code, service.saves, ended.err.count(QUESTION)) == (1, [], 3)
    assert "acme/1: live was 0 0 5 * * ? (enable, job 1-0), and is 0 0 6 * * ? (enable, job 1-0)" in ended.err
    assert "acme/1: live was 0 0 6 * * ? (enable, job 1-0), and is 0 0 7 * * ? (enable, job 1-0)" in ended.err
    assert lock(other) is None
    assert ask("apply", answers=[by_hand("0 0 8 * * ?", "yes"), "yes"]).code == 0
    assert service.jobs["acme", "1"][0]["cronexpression"] == EARLIER


def lock(other):
    """Return the lock, as another process sees it."""
    return other("status")["environments"][0]["lock"]


def test_a_rollback_is_asked_about_without_the_lock_and_again_where_it_would_do_something_else(
    at_home, ask, meanwhile, service
):
    program, redeclare = at_home
    assert program("apply", "--yes").code == 0
    redeclare(TENANT.replace(EARLIER, LATER).replace("0 0 4", "0 0 5"))
    assert program("apply", "--yes").code == 0
    run = run_ids(program)[0]
    ended = ask("rollback", run, answers=[meanwhile("rollback", run, "--code", "3", "--yes"), "yes"])
    assert (ended.code, ended.err.count(QUESTION)) == (0, 2), ended
    assert "acme/3: is in the plan no more" in ended.err
    assert service.jobs["acme", "1"][0]["cronexpression"] == EARLIER
    _, status = program.json("status")
    assert [hold["code"] for hold in status["environments"][0]["holds"]] == ["1", "3"]
    redeclare(TENANT)


def test_a_rollback_of_a_rollback_that_was_done_meanwhile_is_not_asked_about_again(at_home, ask, meanwhile, service):
    program, redeclare = at_home
    assert program("apply", "--yes").code == 0
    redeclare(TENANT.replace(EARLIER, LATER))
    assert program("apply", "--yes").code == 0
    run, saved = run_ids(program)[0], len(service.saves)
    ended = ask("rollback", run, answers=[meanwhile("rollback", run, "--yes")])
    assert (ended.code, len(service.saves)) == (0, saved + 1)


@pytest.mark.slow
@pytest.mark.parametrize("home", ["git"], indirect=True)
@pytest.mark.parametrize(
    "coming, questions",
    [
        pytest.param(("release", "acme/9"), 1, id="moved-and-the-same"),
        pytest.param(("apply", "--code", "1", "--yes"), 2, id="moved-and-another"),
    ],
)
def test_a_ledger_that_is_moved_after_the_answer_is_planned_from_anew(at_home, ask, other, service, coming, questions):
    """The other run comes between the plan under the lock and the first push, which takes the lock."""
    program, redeclare = at_home
    assert program("apply", "--yes").code == 0
    redeclare(TENANT.replace(EARLIER, LATER).replace("0 0 4", "0 0 5"))

    def read_under_the_lock(_, body):
        if "codes" in body:
            service.hook = nothing
            service._lock.release()  # the other run asks the service too
            try:
                other(*coming)
            finally:
                service._lock.acquire()

    def answer():
        service.hook = read_under_the_lock
        return "yes"

    ended = ask("apply", answers=[answer, "yes"][:questions])
    assert (ended.code, ended.err.count(QUESTION), len(service.saves)) == (0, questions, 5), ended


def test_a_lock_that_is_held_is_told_before_the_question_and_refuses_after_it(at_home, ask, held_up, service):
    with held_up("--actor", "night pipeline", "--code", "1"):
        ended = ask("apply", "--format", "json", "--code", "3", answers=["yes"])
    assert (ended.code, [one["rule"] for one in in_json(ended)["refusals"]]) == (3, ["locked"])
    assert "warning: test is locked now: night pipeline has been applying since" in ended.err.split(QUESTION)[0]
    assert [code for _, code, _, _ in service.saves] == ["1"]


def test_a_dry_run_of_a_rollback_takes_no_lock(at_home, held_up, service):
    program, redeclare = at_home
    assert program("apply", "--yes").code == 0
    redeclare(TENANT.replace(EARLIER, LATER))
    with held_up():
        ended = program("rollback", run_ids(program)[-1], "--dry-run")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("home", ["file"], indirect=True)
def test_no_ledger_is_begun_before_the_answer(at_home, ask, tmp_path):
    assert ask("apply", answers=["no"]).code == 1
    assert not (tmp_path / LEDGER).exists()
    ended = ask("rollback", "20", answers=[])
    assert (ended.code, "there is no run '20' of test" in ended.err) == (1, True)
    assert not (tmp_path / LEDGER).exists()

"""A ledger in Git: pushes, the lock that the first push takes, and a ref that another run or a mirror moved."""

from __future__ import annotations

import contextlib

import pytest

from reconcile.errors import (
    LedgerError,
    LedgerGoneError,
    LedgerMovedError,
    LedgerRefusedError,
    LockLostError,
    UsageError,
)
from reconcile.git.refs import ledger_ref
from reconcile.ledger import git_ledger
from reconcile.ledger.git_steps import LEASE, POLL_SECONDS
from reconcile.model.finding import RefusedError
from reconcile.model.ledger_records import Ending
from reconcile.model.outcome import Intent
from reconcile.model.rules import LedgerRule
from reconcile.ports import Pushed, PushKind
from tests.builders import key
from tests.ledger.git_ledgers import Remote
from tests.ledger.run_builders import LATER_RUN, RUN, applied, end, hold, outcome, run_in, start, update

REF = ledger_ref("shop", "prod")


@pytest.fixture
def remote(tmp_path):
    return Remote(tmp_path)


@pytest.fixture
def opened(remote, clock):
    with contextlib.ExitStack() as stack:
        yield lambda **more: stack.enter_context(remote.opened(clock, **more))


def pushes(ledger):
    """Count the pushes of *ledger* from now on."""
    real, made = ledger.steps.ref.push, []

    def push(old, new):
        made.append(new)
        return real(old, new)

    ledger.steps.ref.push = push
    return made


def whole_run(ledger, run=RUN, codes=("1",)):
    with run_in(ledger, run) as entry:
        entry.record_intents([Intent(update(code)) for code in codes])
        entry.record_outcomes([outcome(update(code)) for code in codes])
        end(entry)


def test_who_only_reads_makes_nothing(opened, remote):
    assert opened(create=False) is None
    with opened().lock(RUN, "wang", timeout_seconds=0):
        pass
    assert not remote.git("for-each-ref")


def test_a_run_of_one_wave_pushes_twice_and_commits_each_step(opened, remote):
    ledger = opened()
    made = pushes(ledger)
    whole_run(ledger, codes=("1", "2"))
    assert len(made) == 2
    assert remote.subjects() == [
        f"apply {RUN}: begin",
        f"apply {RUN}: intents of 2",
        f"apply {RUN}: outcomes of 2",
        f"apply {RUN}: end: finished",
    ]
    assert "lock.json" not in remote.files()
    assert "lock.json" in remote.git("ls-tree", "--name-only", f"{REF}~2")


def test_a_run_of_three_waves_pushes_four_times(opened):
    ledger = opened()
    made = pushes(ledger)
    with run_in(ledger) as entry:
        for code in "123":
            entry.record_intents([Intent(update(code))])
            entry.record_outcomes([outcome(update(code))])
        end(entry)
    assert len(made) == 4


def test_a_run_that_saves_nothing_pushes_once(opened, remote):
    ledger = opened()
    made = pushes(ledger)
    with run_in(ledger) as entry:
        entry.record_applied(applied("3"))
        end(entry)
    assert len(made) == 1
    assert opened().last_applied().keys() == {key("3")}


def test_what_one_run_wrote_the_next_reads(opened):
    whole_run(opened())
    with run_in(opened(), LATER_RUN) as entry:
        entry.hold([hold("1"), hold("2")])
        entry.record_intents([Intent(update("7"))])
        entry.end(Ending.UNFINISHED, {})
    later = opened(create=False)
    assert later.last_applied().keys() == {key("1")}
    assert later.holds().keys() == {key("1"), key("2")}
    assert [(run, record.key.code) for run, record in later.open_changes()] == [(LATER_RUN, "7")]
    assert [record.start.id for record in later.runs(most=5)] == [LATER_RUN, RUN]
    assert later.release([key("2"), key("9")]) == (key("2"),)
    assert opened().holds().keys() == {key("1")}


def test_the_guards_of_the_workspace_are_pushed_with_the_end(opened):
    ledger = opened()
    made = pushes(ledger)
    guards = {"limits.max_changes": "500", "freeze 月末": "Fri 18:00 to Mon 08:00"}
    with run_in(ledger) as entry:
        entry.record_guards(guards)
        end(entry)
    assert (len(made), opened(create=False).guards()) == (1, guards)


def test_a_step_writes_only_the_files_whose_rows_changed(opened, remote):
    whole_run(opened(), codes=[str(number) for number in range(60)])
    whole_run(opened(), LATER_RUN, codes=("1",))
    changed = remote.git("diff", "--name-only", f"{REF}~4", REF).split("\n")
    assert sorted(path.partition("/")[0] for path in changed) == [
        "meta.json",
        "runs",
        "state",
        "state",
    ]  # the key, and the serial


def test_the_last_runs_are_in_the_tree_and_those_before_in_its_history(opened, remote, monkeypatch):
    monkeypatch.setattr(git_ledger, "KEPT_RUNS", 2)
    names = [f"20261125T12000{number}Z-aaaaaa" for number in range(4)]
    for name in names:
        whole_run(opened(), name)
    assert [path for path in remote.files() if path.startswith("runs/")] == [
        f"runs/{name}.ndjson" for name in names[2:]
    ]
    ledger = opened(create=False)
    assert [record.start.id for record in ledger.runs(most=2)] == names[:1:-1]
    record, changes = ledger.run(names[0])
    assert (record.ending, [change.result.value for change in changes]) == (Ending.FINISHED, ["verified"])
    assert [record.start.id for record in ledger.runs(most=9)] == names[::-1]
    with pytest.raises(UsageError, match="4 runs begin with 2026"):
        opened(create=False).run("2026")


def test_a_run_whose_saves_are_open_stays_in_the_tree(opened, remote, monkeypatch):
    monkeypatch.setattr(git_ledger, "KEPT_RUNS", 1)
    with run_in(opened()) as entry:
        entry.record_intents([Intent(update("7"))])
        entry.end(Ending.UNFINISHED, {})
    for number in range(3):
        whole_run(opened(), f"20261126T12000{number}Z-aaaaaa")
    assert [run for run, _ in opened().open_changes()] == [RUN]
    assert f"runs/{RUN}.ndjson" in remote.files()


def test_the_run_that_applied_a_commit_last_is_found_however_many_were_refused_after_it(opened, monkeypatch):
    monkeypatch.setattr(git_ledger, "KEPT_RUNS", 2)
    with run_in(opened(), desired_digest="d") as entry:
        end(entry)
    for number in range(3):
        with run_in(opened(), f"20261126T12000{number}Z-aaaaaa", desired_digest="e") as entry:
            entry.end(Ending.UNFINISHED, {"refused": 1})
    assert [record.start.id for record in opened(create=False).applying_runs(most=9)] == [RUN]


# Two runs.


@pytest.mark.parametrize("saves", [True, False])
def test_a_run_whose_ledger_was_moved_since_it_was_read_saves_nothing(opened, remote, saves):
    first, second = opened(), opened()
    whole_run(first)
    tip = remote.tip()
    with pytest.raises(LedgerMovedError), run_in(second, LATER_RUN) as entry:
        if saves:
            entry.record_intents([Intent(update("1"))])
        end(entry)
    assert remote.tip() == tip


def test_who_comes_second_is_refused_and_told_who_has_the_lock(opened):
    with run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])
        with (
            pytest.raises(
                RefusedError, match=r"wang@example.com has been applying since 2026-11-25T12:00:00Z"
            ) as refused,
            opened().lock(LATER_RUN, "li", timeout_seconds=0),
        ):
            pass
        assert "reconcile unlock" in refused.value.hint
        assert opened(create=False).lock_holder().run == RUN
        with pytest.raises(RefusedError):
            opened().release([key("1")])
    assert opened().lock_holder() is None


def test_who_waits_takes_the_lock_over_from_a_run_that_stands_still(opened, clock):
    dead = opened()
    with contextlib.ExitStack() as stack:
        entry = stack.enter_context(run_in(dead))
        entry.record_intents([Intent(update("1"))])
        dead.steps.renew = lambda: None
        second = opened()
        clock.slept.clear()
        with second.lock(LATER_RUN, "li", timeout_seconds=300):
            assert LEASE.seconds <= sum(clock.slept) <= LEASE.seconds + 2 * POLL_SECONDS
            assert dead.steps.objection() is not None  # long before, by its own clock
            run = second.begin(start(LATER_RUN))
            run.record_intents([Intent(update("2"))])
            with pytest.raises(LockLostError, match="no longer holds the lock"):
                entry.record_intents([Intent(update("3"))])
            end(run)
    assert {record.key.code for _, record in opened().open_changes()} == {"1", "2"}


@pytest.fixture
def dead(opened):
    """A run that has saved something, holds the lock, and will not go on."""
    with contextlib.ExitStack() as stack:
        ledger = opened()
        stack.enter_context(run_in(ledger)).record_intents([Intent(update("1"))])
        ledger.steps.renew = lambda: None
        yield ledger


@pytest.mark.parametrize("begun", [False, True], ids=["nothing-was-done", "broke-off-before-its-first-push"])
def test_who_takes_the_lock_of_a_dead_run_over_and_pushes_nothing_frees_it(opened, remote, dead, begun):
    second = opened()
    with second.lock(LATER_RUN, "li", timeout_seconds=300):
        if begun:
            second.begin(start(LATER_RUN)).record_applied(applied("3"))
    assert remote.subjects()[-1] == f"free the lock of {RUN}, which is dead"
    after = opened(create=False)
    assert after.lock_holder() is None
    assert ([one.start.id for one in after.runs(most=5)], after.last_applied()) == ([RUN], {})


def test_of_two_that_take_the_lock_of_a_dead_run_over_the_one_that_pushes_nothing_leaves_it_to_the_other(opened, dead):
    first, second = opened(), opened()
    with first.lock(LATER_RUN, "li", timeout_seconds=300):
        with second.lock("r3", "wu", timeout_seconds=300):
            first.begin(start(LATER_RUN)).record_intents([Intent(update("2"))])
        assert opened(create=False).lock_holder().run == LATER_RUN
        assert first.steps.objection() is None


def test_who_took_it_over_and_got_no_answer_to_its_first_push_leaves_the_lock_that_may_be_its_own(opened, dead):
    second = opened()
    real = second.steps.ref.push

    def push(old, new):
        real(old, new)
        return Pushed(PushKind.UNKNOWN, "cut")

    with pytest.raises(LedgerRefusedError, match="cut"), second.lock(LATER_RUN, "li", timeout_seconds=300):
        second.steps.ref.push = push
        second.begin(start(LATER_RUN)).record_intents([Intent(update("2"))])
    assert opened(create=False).lock_holder().run == LATER_RUN


@pytest.mark.slow
def test_a_lock_that_is_renewed_is_not_taken_over(opened, clock):
    holder = opened()
    with run_in(holder) as entry:
        entry.record_intents([Intent(update("1"))])
        waiting = opened()
        clock.on_sleep = holder.steps.renew
        with pytest.raises(RefusedError), waiting.lock(LATER_RUN, "li", timeout_seconds=400):
            pass
        clock.on_sleep = lambda: None
        assert holder.steps.objection() is None
        assert holder.steps.lock.counter >= 400 // (LEASE.renew_seconds + POLL_SECONDS)
        entry.record_outcomes([outcome(update("1"))])
        end(entry)
    assert opened().last_applied().keys() == {key("1")}


def test_a_holder_that_cannot_renew_saves_nothing_more(opened, clock):
    with run_in(opened()) as entry:
        entry.git.steps.renew = lambda: None
        entry.record_intents([Intent(update("1"))])
        clock.passed += LEASE.saving_seconds
        assert entry.objection() is None
        clock.passed += 0.1
        assert "not renewed" in entry.objection().message


def test_who_was_unlocked_saves_nothing_more(opened):
    with run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])
        other = opened()
        assert other.unlock("another") is None
        assert other.unlock(other.lock_holder().id).run == RUN
        with pytest.raises(LockLostError, match="no longer holds the lock"):
            entry.record_intents([Intent(update("2"))])
    assert opened().lock_holder() is None


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda run: run.record_outcomes([outcome(update("1"))]), id="outcomes"),
        pytest.param(lambda run: run.record_applied(applied("9")), id="applied"),
        pytest.param(lambda run: run.hold([hold("9")]), id="hold"),
        pytest.param(lambda run: run.lift([key("3")]), id="lift"),
    ],
)
def test_what_a_run_records_after_it_was_unlocked_is_not_in_the_ledger(opened, remote, write):
    with run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])
        other = opened()
        other.unlock(other.lock_holder().id)
        tip = remote.tip()
        write(entry)
        with pytest.raises(LockLostError, match="no longer holds the lock"):
            end(entry)
    assert remote.tip() == tip


def test_a_run_that_was_unlocked_says_so_after_its_next_renewal(opened, clock):
    with run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])
        other = opened()
        other.unlock(other.lock_holder().id)
        assert entry.objection() is None
        clock.passed += LEASE.renew_seconds
        entry.git.steps.renew()
        assert "taken over, or unlocked" in entry.objection().message


def test_a_run_that_pushes_while_it_is_unlocked_is_unlocked_all_the_same(opened, clock):
    holder = opened()
    with run_in(holder) as entry:
        entry.record_intents([Intent(update("1"))])
        other = opened()
        entry.record_intents([Intent(update("2"))])
        assert other.unlock(other.lock_holder().id).run == RUN
        with pytest.raises(LockLostError, match="no longer holds the lock"):
            entry.record_intents([Intent(update("3"))])


def test_a_lease_is_counted_from_the_beginning_of_a_push(opened, clock, monkeypatch):
    with run_in(opened()) as entry:
        real = entry.git.steps.ref.push

        def slow(old, new):
            pushed = real(old, new)
            clock.passed += 40  # the answer took this long
            return pushed

        monkeypatch.setattr(entry.git.steps.ref, "push", slow)
        entry.record_intents([Intent(update("1"))])
        monkeypatch.undo()
        clock.passed = LEASE.saving_seconds
        assert entry.objection() is None
        clock.passed += 1
        assert entry.objection() is not None


def test_a_release_of_nothing_moves_nothing(opened, remote):
    whole_run(opened())
    tip = remote.tip()
    assert opened().release([key("9")]) == ()
    assert remote.tip() == tip


def test_a_run_that_fails_gives_the_lock_back(opened):
    with pytest.raises(ZeroDivisionError), run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])
        raise ZeroDivisionError
    assert opened().lock_holder() is None


# A push without an answer.


def test_a_push_without_an_answer_is_made_again_before_anything_else(opened, remote):
    ledger = opened()
    with run_in(ledger) as entry:
        entry.record_intents([Intent(update("1"))])
        entry.record_outcomes([outcome(update("1"))])
        real = ledger.steps.ref.push

        def push(old, new):
            real(old, new)
            return Pushed(PushKind.UNKNOWN, "cut")

        ledger.steps.ref.push = push
        with pytest.raises(LedgerError, match="cannot be written: cut"):
            entry.record_intents([Intent(update("2"))])
        ledger.steps.ref.push = real
        end(entry)
    assert remote.subjects()[-1].endswith("end: finished")
    assert [record.key.code for _, record in opened().open_changes()] == ["2"]


def test_what_the_host_refuses_is_told_in_its_own_words(opened, remote):
    hook = remote.folder / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no such refs here >&2; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(LedgerRefusedError, match="remote: no such refs here"), run_in(opened()) as entry:
        entry.record_intents([Intent(update("1"))])


# Lineage.


def test_the_first_run_says_which_line_to_commit_and_with_it_absence_is_no_first_run(opened, remote):
    first = opened()
    assert first.notices() == ()
    whole_run(first)
    (notice,) = first.notices_of_run()
    lineage = notice.message.partition('"')[2].rstrip('"')
    assert (notice.rule, len(lineage)) == (LedgerRule.LEDGER_LINEAGE, 16)
    later = opened()
    assert later.notices() == (notice,)
    whole_run(later, "20261125T123000Z-cccccc")
    assert later.notices_of_run() == ()
    named = opened(lineage=lineage)
    whole_run(named, LATER_RUN)
    assert named.notices() == ()
    with pytest.raises(LedgerGoneError, match=f"it is of lineage {lineage}"):
        opened(lineage="a" * 16)
    remote.git("update-ref", "-d", REF)
    for create in (True, False):
        with pytest.raises(LedgerGoneError, match="it is not there, or is hidden"):
            opened(lineage=lineage, create=create)
    assert opened(create=False) is None


@pytest.mark.parametrize("to", ["", "~2"])
def test_a_mirror_that_deletes_or_takes_back_the_ledger_stops_the_run(opened, remote, to):
    whole_run(opened())
    with run_in(opened(), LATER_RUN) as entry:
        entry.record_intents([Intent(update("1"))])
        entry.record_outcomes([outcome(update("1"))])
        remote.git("update-ref", *(["-d", REF] if not to else [REF, f"{REF}{to}"]))
        with pytest.raises(LedgerGoneError, match="deleted or taken back"):
            entry.record_intents([Intent(update("2"))])


# What is no ledger.


@pytest.mark.parametrize(
    "file, content, says",
    [
        pytest.param("meta.json", "{}", "no meta.json that can be read", id="meta"),
        pytest.param("meta.json", '{"schema": 1000, "lineage": "a", "serial": 1}', "newer one", id="newer"),
        pytest.param("lock.json", '{"id": 1}', "no lock.json that can be read", id="lock"),
        pytest.param("state/00", "{}\n", "holds a line that no ledger writes", id="no-table"),
        pytest.param("state/00", '{"table":"reconcile_holds","x":[1]}\n', "holds a line", id="no-column-value"),
        pytest.param("state/00", '{"table":"reconcile_holds","x) --":1}\n', "holds a row", id="no-column"),
        pytest.param("state/00", '{"table":"sqlite_master"}\n', "holds a line", id="another-table"),
    ],
)
def test_what_no_ledger_wrote_is_refused(opened, remote, file, content, says):
    ledger = opened()
    whole_run(ledger)
    new = ledger.steps.ref.commit(ledger.steps.at, {file: content.encode()}, "by hand")
    ledger.steps.ref.push(ledger.steps.at, new)
    with pytest.raises(LedgerError, match=says):
        opened()

"""Which commit is the live one, and how a commit that does not hold it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging, refusals
from reconcile.engine.judge_order import decisive, declared_otherwise, live_commits
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import ALLOW_OLDER, Allowances
from reconcile.model.commit_order import Commit, CommitOrder, Standing
from reconcile.model.last_applied import Applied, LastApplied, LastAppliedSource
from reconcile.model.ledger_records import RunKind, RunRecord, RunStart
from tests.builders import HOURLY, NIGHTLY, NIGHTLY_TOO, desired, key, schedule

NEWER, OLDER, PARTED, UNKNOWN = Standing
START = RunStart("r", RunKind.APPLY, datetime(2026, 1, 1, tzinfo=UTC), "li")
HERE, LIVE = Commit("1a2b3c4d5e6f70", "Begin at two"), Commit("5d6e7f8091a2b3", "Begin at three")
ORDER = CommitOrder(OLDER, HERE, LIVE, (key("1"), key("2")))
NOTHING = make_plan("prod", Sides({}, {}))


def runs(*applied):
    return [RunRecord(replace(START, revision=revision, desired_digest=digest)) for revision, digest in applied]


@pytest.mark.parametrize(
    "applied, expected",
    [
        pytest.param([("b", "2"), ("a", "1")], ("b",), id="that-of-the-newest-run"),
        pytest.param([("c", "1"), ("b", "1"), ("a", "0")], ("c", "b"), id="with-those-before-it-that-declare-the-same"),
        pytest.param([("b", "1"), ("b", "1"), ("a", "1")], ("b", "a"), id="each-once"),
        pytest.param([("c", "1"), ("b", "2"), ("a", "1")], ("c",), id="not-those-before-another-one"),
    ],
)
def test_the_live_commit_is_that_of_the_last_runs_that_applied_the_same(applied, expected):
    assert live_commits(runs(*applied)) == expected


@pytest.mark.parametrize(
    "standings, expected",
    [
        pytest.param([NEWER], ("0", NEWER), id="the-only-one"),
        pytest.param([NEWER, OLDER], ("1", OLDER), id="older-than-one-is-older"),
        pytest.param([PARTED, NEWER], ("1", NEWER), id="newer-than-one-is-newer"),
        pytest.param([UNKNOWN, NEWER], ("1", NEWER), id="newer-than-one-whatever-the-other-is"),
        pytest.param([PARTED, UNKNOWN], ("0", PARTED), id="else-as-the-newest"),
        pytest.param([UNKNOWN, PARTED], ("0", UNKNOWN), id="else-as-the-newest-unknown"),
    ],
)
def test_of_the_commits_that_count_as_the_live_one_one_decides(standings, expected):
    assert decisive({str(at): one for at, one in enumerate(standings)}) == expected


@pytest.mark.parametrize(
    "wanted, expected",
    [
        pytest.param(schedule(cron=NIGHTLY_TOO), (), id="another-spelling-is-no-difference"),
        pytest.param(schedule(cron=HOURLY), (key(),), id="another-cron"),
        pytest.param(schedule(name="另一个"), (key(),), id="another-name"),
        pytest.param(schedule("2"), (), id="never-applied-cannot-go-back"),
    ],
)
def test_what_is_declared_otherwise_than_last_applied_would_go_back(wanted, expected):
    known = LastApplied(LastAppliedSource.LEDGER, {key(): Applied(NIGHTLY, "订单同步")})
    assert declared_otherwise(desired(wanted), known) == expected


def test_what_is_declared_no_more_would_go_back():
    known = LastApplied(LastAppliedSource.LEDGER, {}, {key("9"): schedule("9"), key("3"): schedule("3")})
    assert declared_otherwise({}, known) == (key("3"), key("9"))


@pytest.mark.parametrize(
    "standing, rule",
    [(OLDER, "older-commit"), (PARTED, "not-merged"), (UNKNOWN, "live-unknown")],
    ids=["older", "parted", "unknown"],
)
def test_a_commit_that_does_not_hold_the_live_one_refuses_the_whole_run(standing, rule):
    order = replace(ORDER, standing=standing, why="it is not here", remedy="fetch it")
    situation = Situation(order=order)
    (refusal,) = refusals(NOTHING, Judging(situation))
    assert (refusal.rule, refusal.key, refusal.override) == (rule, None, "--allow-older")
    for said in (str(HERE), str(LIVE), "2 schedules (acme/1, acme/2)"):
        assert said in refusal.message
    assert refusal.hint.endswith("if this commit is meant, run with --allow-older")
    assert refusals(NOTHING, Judging(situation, Allowances({ALLOW_OLDER: True}))) == ()


@pytest.mark.parametrize("order", [None, replace(ORDER, standing=NEWER)], ids=["not-judged", "newer"])
def test_a_commit_that_holds_the_live_one_is_not_refused(order):
    assert refusals(NOTHING, Judging(Situation(order=order))) == ()


def test_a_few_of_many_keys_are_named_with_their_count():
    many = replace(ORDER, differing=tuple(key(str(code)) for code in range(40)))
    (refusal,) = refusals(NOTHING, Judging(Situation(order=many)))
    assert "40 schedules (acme/0, acme/1, acme/2, …) would go back" in refusal.message


def test_where_nothing_would_go_back_that_is_said():
    (refusal,) = refusals(NOTHING, Judging(Situation(order=replace(ORDER, differing=()))))
    assert "no schedule is declared otherwise than last applied" in refusal.message

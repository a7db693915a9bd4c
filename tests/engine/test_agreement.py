"""An answer holds for the plan that was shown: one that does more, or something else, is told and asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.engine.agreement import does_no_more, since_answer
from reconcile.engine.diff import Sides
from reconcile.engine.make_plan import make_plan
from reconcile.model.finding import Refusal
from reconcile.model.last_applied import Applied, LastApplied, LastAppliedSource
from reconcile.model.live import Unreadable
from tests.builders import HOURLY, NIGHTLY, WEEKLY, desired, key, row, schedule

WANTED = desired(schedule("1"), schedule("2"))


def plan_of(first=HOURLY, second=HOURLY, *, refused=(), applied=None):
    live = {key("1"): (row(first),), key("2"): (row(second),)}
    known = LastApplied(LastAppliedSource.LEDGER, {} if applied is None else {key("1"): Applied(applied, "订单同步")})
    plan = make_plan("prod", Sides(WANTED, live, known))
    return replace(plan, refusals=tuple(Refusal("held", "held", key=one) for one in refused))


SHOWN = plan_of()


@pytest.mark.parametrize(
    "shown, now, stands, told",
    [
        pytest.param(SHOWN, plan_of(), True, None, id="the-same"),
        pytest.param(SHOWN, plan_of(NIGHTLY, NIGHTLY), True, None, id="nothing-left"),
        pytest.param(SHOWN, plan_of(refused=[None]), True, None, id="refused-as-a-whole-now"),
        pytest.param(SHOWN, plan_of(refused=[key("1")]), True, None, id="one-is-refused-now"),
        pytest.param(SHOWN, plan_of(NIGHTLY), False, "acme/1: is in the plan no more", id="a-part-is-done"),
        pytest.param(plan_of(NIGHTLY), SHOWN, False, "acme/1: was not in the plan", id="one-more"),
        pytest.param(
            SHOWN,
            plan_of(WEEKLY),
            False,
            f"acme/1: live was {HOURLY} (enable, job 900), and is {WEEKLY} (enable, job 900)",
            id="live-moved",
        ),
        pytest.param(
            SHOWN,
            plan_of(applied=WEEKLY),
            False,
            f"acme/1: last applied was unknown, and is {WEEKLY} '订单同步'",
            id="last-applied-moved",
        ),
        pytest.param(
            plan_of(refused=[key("1")]), SHOWN, False, "acme/1: was refused, and no longer is", id="a-refusal-ended"
        ),
        pytest.param(
            replace(SHOWN, digest="0"),
            SHOWN,
            False,
            "what needs attention is otherwise, or how many jobs are live",
            id="something-else-moved",
        ),
    ],
)
def test_an_answer_stands_for_a_plan_that_does_no_more(shown, now, stands, told):
    assert does_no_more(now, shown) is stands
    assert stands or since_answer(now, shown) == (told,)
    assert does_no_more(now, now)


def test_where_a_plan_is_refused_as_a_whole_each_key_that_is_let_pass_is_told():
    assert since_answer(SHOWN, plan_of(refused=[None])) == tuple(
        f"acme/{code}: was refused, and no longer is" for code in "12"
    )


def test_a_live_side_that_could_not_be_read_is_told_too():
    lost = tuple(replace(one, live=Unreadable("service-timeout", "no reply")) for one in SHOWN.changes)
    told = since_answer(replace(SHOWN, digest="0", changes=lost), SHOWN)
    assert told[0].endswith(f"live was {HOURLY} (enable, job 900), and is unreadable")

"""However the steps of several runs at one lock are interleaved, in each home: two holders never write."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import HealthCheck, event, given, settings

from reconcile.ledger.open_ledger import open_ledger
from tests.ledger.conftest import in_databases
from tests.ledger.git_ledgers import Remote
from tests.ledger.interleavings import RUNS, OwnClock, RefRun, RowRun, Step, World, ended, schedules

_ENVIRONMENTS = itertools.count()
FOR_ALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def ledgers(address):
    """One ledger in a database, opened by each run with its own clock."""
    with contextlib.ExitStack() as stack:
        values = {"workspace": "shop", "environment": "prod", "create": True}
        yield [stack.enter_context(open_ledger(address, clock=OwnClock(number), **values)) for number in RUNS]


def play_rows(ledgers, steps):
    """Play *steps* at the lock of *ledgers*, which is free before and afterwards."""
    world = World()
    for number, ledger in enumerate(ledgers):
        ledger._clock.world = world
        world.runs.append(RowRun(world, number, ledger))
    with ended(world.runs):
        world.play(steps)
        holder = ledgers[0].lock_holder()
        assert (holder and holder.id) == world.current
    assert ledgers[0].lock_holder() is None
    return world


def play_refs(remote, steps):
    """Play *steps* at a ref of its own. What was accepted is its history, in that order."""
    world, environment = World(), f"e{next(_ENVIRONMENTS)}"
    for number in RUNS:
        clock = OwnClock(number)
        clock.world = world
        world.runs.append(RefRun(world, number, lambda clock=clock: remote.opened(clock, environment=environment)))
    with ended(world.runs):
        world.play(steps)
    commits = {commit for one in world.runs for commit in one.commits}
    if commits:
        assert commits <= set(remote.git("rev-list", f"refs/reconcile/ledger/shop/{environment}").split())
    return world


@in_databases
@FOR_ALL
@given(steps=schedules(most=25))
def test_two_holders_of_a_row_never_write(ledgers, steps):
    world = play_rows(ledgers, steps)
    event(f"{len({one for one, _ in world.accepted})} holdings wrote, {world.taken_over} took over")


@pytest.mark.slow
@settings(FOR_ALL, max_examples=15)
@given(steps=schedules(most=10))
def test_two_holders_of_a_ref_never_write(tmp_path_factory, steps):
    world = play_refs(Remote(tmp_path_factory.mktemp("ref")), steps)
    event(f"{len({one for one, _ in world.accepted})} holdings wrote, {world.taken_over} took over")


# The schedules that matter most are also played by hand, so that they are not left to chance.

WAITED = (Step(1, "come"), Step(1, "time", 66.0))
TAKEN_OVER = (*WAITED, Step(1, "come"), Step(1, "intents"))
FROZEN = [
    pytest.param([Step(0, "intents", others=TAKEN_OVER), Step(0, "intents")], id="before-intents"),
    pytest.param([Step(0, "intents"), Step(0, "renew", at=2, others=TAKEN_OVER)], id="before-a-renewal"),
    pytest.param([*TAKEN_OVER, Step(0, "outcomes"), Step(1, "outcomes")], id="before-outcomes"),
    pytest.param([*TAKEN_OVER, Step(0, "leave"), Step(1, "intents")], id="before-it-leaves"),
    pytest.param([Step(2, "come"), *WAITED, Step(2, "come", others=TAKEN_OVER[2:])], id="two-would-take-over"),
    pytest.param([*WAITED[:1], Step(0, "time", 45.0), Step(0, "renew", others=TAKEN_OVER)], id="renews-too-late"),
]


@in_databases
@pytest.mark.parametrize("steps", FROZEN)
def test_a_run_that_was_frozen_writes_no_more_once_another_wrote(ledgers, steps):
    world = play_rows(ledgers, [Step(0, "come"), *steps, Step(1, "intents"), Step(0, "intents")])
    assert world.accepted
    assert world.taken_over == 1


@in_databases
def test_a_run_that_was_unlocked_in_the_middle_of_a_step_writes_no_more(ledgers):
    unlocked = (Step(1, "unlock"), Step(1, "come"), Step(1, "intents"))
    world = play_rows(ledgers, [Step(0, "come"), Step(0, "intents", others=unlocked), Step(0, "outcomes")])
    assert [holding for holding, _ in world.accepted] == [world.accepted[0][0]]


PUSHED = (Step(1, "come"), Step(1, "intents"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([Step(0, "intents", 0.0, 1, (Step(1, "come"), Step(1, "intents")))], id="before-its-first-push"),
        pytest.param(
            [Step(0, "intents"), Step(1, "come"), Step(1, "intents"), Step(0, "intents")], id="before-another"
        ),
        pytest.param(
            [Step(0, "intents"), Step(1, "come"), Step(0, "renew", 1.0, 1, (Step(1, "intents"),))],
            id="before-a-renewal",
        ),
        pytest.param(
            [Step(0, "intents"), Step(1, "come"), Step(1, "intents"), Step(0, "leave")], id="before-it-leaves"
        ),
        pytest.param(
            [Step(0, "intents"), Step(1, "unlock"), Step(0, "intents"), Step(1, "come"), Step(1, "intents")],
            id="unlocked",
        ),
    ],
)
def test_a_run_that_was_frozen_pushes_no_more_once_another_pushed(tmp_path, steps):
    world = play_refs(Remote(tmp_path), [Step(0, "come"), *steps, Step(1, "intents"), Step(0, "intents")])
    assert world.accepted

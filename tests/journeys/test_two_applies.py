"""Two applies of one environment, each a process of its own: one waits or refuses, and never do two save at once."""

from __future__ import annotations

import threading

import pytest

from tests import pgbouncer, postgres
from tests.journeys.crashes import nothing, scene, watched_twin

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CHANGES = 60
APPLY = ("apply", "--yes", "--format", "json")


@pytest.fixture
def watched():
    with watched_twin() as one:
        yield one


HOMES = ["sqlite", "postgres", pytest.param("pgbouncer", marks=pgbouncer.needed)]


@pytest.fixture(params=HOMES)
def here(request, warm, watched, tmp_path):
    """What is declared and not applied yet; one call at a time is made, so that two at once are two runs'."""

    def one(url):
        folder = tmp_path / "acme"
        folder.mkdir()
        return scene(folder, warm, watched, changes=CHANGES, ledger=url)

    if request.param == "sqlite":
        yield one("")
        return
    with postgres.database(request.getfixturevalue("server")) as url:
        if request.param == "postgres":
            yield one(url)
            return
        with pgbouncer.before(url) as through:
            yield one(through)


def check_each_saved_once(here):
    here.check(most_saves=1)
    here.check_told()
    assert here.watched.twin.requests.highest_concurrency == 1


def test_who_comes_while_another_applies_refuses_or_waits_and_then_has_nothing_to_do(here, watched):
    """The first is held up in the middle of its saves until the second was refused and the third waits."""
    reached, go_on = threading.Event(), threading.Event()

    def asked():
        if sum(map(len, here.saves().values())) == CHANGES // 2:
            reached.set()
            assert go_on.wait(50)

    watched.asked = asked
    first = here.start(*APPLY)
    assert reached.wait(50)
    saved = here.saves()
    refused = here.run(*APPLY)
    third = here.start(*APPLY, "--lock-timeout", "10m")
    watched.asked = nothing
    go_on.set()
    assert here.ended(first).code == 0
    waited = here.ended(third)
    assert (refused.code, [one["rule"] for one in refused.document["refusals"]]) == (3, ["locked"])
    assert "--lock-timeout" in refused.document["errors"][0]["hint"]
    assert len(saved) < CHANGES
    assert (waited.code, waited.document["changes"]) == (0, [])
    check_each_saved_once(here)


def test_of_two_that_begin_at_once_one_saves_all_and_the_other_nothing(here):
    numbers = [here.start(*APPLY, "--lock-timeout", "10m") for _ in range(2)]
    ended = [here.ended(number) for number in numbers]
    assert [one.code for one in ended] == [0, 0]
    assert sorted(len(one.document["changes"]) for one in ended) == [0, CHANGES]
    check_each_saved_once(here)


def test_of_two_that_begin_at_once_and_do_not_wait_one_refuses_or_finds_nothing_to_do(here):
    numbers = [here.start(*APPLY) for _ in range(2)]
    ended = sorted((here.ended(number) for number in numbers), key=lambda one: one.code)
    assert [one.code for one in ended] in ([0, 3], [0, 0])
    assert sum(len(one.document["changes"]) for one in ended if one.code == 0) == CHANGES
    check_each_saved_once(here)

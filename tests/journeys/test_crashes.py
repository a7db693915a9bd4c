"""A run that is killed, wherever it is: after one more run all is as declared, and the ledger says what is live.

pytest -rP -m slow tests/journeys/test_crashes.py      prints how many places each test killed a run at
"""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess

import pytest

from tests import postgres
from tests.journeys.crashes import KILLED, nothing, scene, watched_twin

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CHANGES = 12
ROLLED_BACK = 6
PARKED = "0 0 0 1 1 ? 2099"
LEASE_SECONDS = 0.3
APPLY = ("apply", "--yes", "--format", "json")
# For who comes after a dead run; its lock ends by itself.
PATIENT = (*APPLY, "--lock-timeout", "5m")
MOMENTS = 10
# Fewer than an apply of 500 changes makes: it saves each, and reads before and after.
REQUESTS = 550
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def watched():
    with watched_twin() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgres", "sqlite-deleted", "git"])
def places(request, warm, watched, tmp_path):
    """Gives one scene after the other, each with a new ledger; and says whether that is lost between two runs."""

    def one(url, changes, **more):
        if url == "git":
            remote = tmp_path / f"remote-{next(NUMBERS)}.git"
            subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
            url = f"git+file://{remote}"
        elif url:
            postgres.execute(url, "DROP SCHEMA public CASCADE")
            postgres.execute(url, "CREATE SCHEMA public")
        folder = tmp_path / f"tenant-{next(NUMBERS)}"
        return scene(folder, warm, watched, changes=changes, ledger=url, **more)

    is_deleted = request.param == "sqlite-deleted"
    if request.param != "postgres":
        url = "git" if request.param == "git" else ""
        yield lambda changes, **more: (one(url, changes, **more), is_deleted)
        return
    with postgres.database(request.getfixturevalue("server")) as url:
        yield lambda changes, **more: (one(url, changes, **more), is_deleted)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("boundary", ["commit", "save"])
def test_killed_at_any_boundary_one_more_run_makes_all_as_declared(places, boundary, moment):
    for count in itertools.count(1):
        here, is_deleted = places(CHANGES)
        in_git = here.ledger.startswith("git+")
        # What is committed in Git is durable once it is pushed.
        boundary = "push" if in_git and boundary == "commit" else boundary
        ended = here.run(*APPLY, lease_seconds=LEASE_SECONDS, die=[boundary, moment, count])
        if ended.code != KILLED:
            break
        if is_deleted:
            shutil.rmtree(here.folder / ".reconcile", ignore_errors=True)
        again = here.run(*PATIENT, lease_seconds=LEASE_SECONDS)
        assert again.code == 0, (count, again.out, again.err)
        here.check(most_saves=1)
        last = here
    last.check_told()
    assert ended.code == 0, ended.out
    here.check(most_saves=1)
    print(f"killed {moment} each of {count - 1} boundaries of kind {boundary}")
    # Making the ledger, lock, beginning, what is in sync; two each for the canaries and the waves; guards, end, lock.
    # In Git: the intents of the canaries and the waves, with all that was before them; the end.
    steps = {"save": CHANGES, "commit": 4 + 2 * (2 + 2) + 4, "push": (2 + 2) + 1}
    assert count - 1 == steps[boundary], count - 1


@pytest.mark.parametrize("places", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("boundary", ["commit", "save"])
def test_a_rollback_that_was_killed_at_any_boundary_is_finished_by_the_same_rollback(places, boundary):
    for count in itertools.count(1):
        here, _ = places(ROLLED_BACK)
        before = here.live()
        assert here.run(*APPLY, lease_seconds=LEASE_SECONDS).code == 0
        saved = here.saves()
        rollback = ("rollback", here.status()["runs"][0]["run"], "--yes", "--format", "json")
        ended = here.run(*rollback, lease_seconds=LEASE_SECONDS, die=[boundary, "after", count])
        if ended.code != KILLED:
            break
        again = here.run(*rollback, "--lock-timeout", "5m", lease_seconds=LEASE_SECONDS)
        assert again.code == 0, (count, again.out, again.err)
        live = here.live()
        assert {key: jobs[0][1] for key, jobs in live.items()} == {
            key: before[key][0][1] if key in before else PARKED for key in live
        }
        assert all(len(done) <= len(saved.get(key, ())) + 1 for key, done in here.saves().items()), count
        told = here.status()
        last, *earlier = told["runs"]
        assert (told["open"], told["lock"], last["ending"], len(told["holds"])) == ([], None, "finished", ROLLED_BACK)
        # One that was killed before it began, or once its end was recorded, has nothing to settle.
        assert {one["settled_by"] for one in earlier if one["state"] != "ended"} <= {last["run"]}
    assert ended.code == 0, ended.out
    print(f"killed a rollback after each of {count - 1} boundaries of kind {boundary}")
    assert count > ROLLED_BACK if boundary == "save" else count > 8


@pytest.mark.parametrize("places", ["postgres"], indirect=True)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("is_back", [False, True], ids=["from-a-file", "to-a-file"])
def test_a_ledger_whose_carrying_was_killed_at_any_step_is_carried_by_the_same_command(places, moment, is_back):
    for count in itertools.count(1):
        here, _ = places(ROLLED_BACK)
        old, new = (here.ledger, "file") if is_back else ("file", here.ledger)
        here.keep_in(old)
        assert here.run(*APPLY, lease_seconds=LEASE_SECONDS).code == 0
        before = here.status()
        here.keep_in(new)
        take = ("ledger", "take", "--from", old, "--format", "json")
        ended = here.run(*take, lease_seconds=LEASE_SECONDS, die=["commit", moment, count])
        # Who died holds its locks until they were watched for the length of a lease.
        again = here.run(*take, "--lock-timeout", "5m", lease_seconds=LEASE_SECONDS)
        assert again.code == 0, (count, again.out, again.err)
        told = here.status()
        assert [one["run"] for one in told["runs"][1:]] == [one["run"] for one in before["runs"]], count
        assert (told["keys"], told["runs"][0]["kind"], told["lock"]) == (before["keys"], "take", None)
        assert told["lineage"]["parents"] == ["{id}@{serial}".format(**before["lineage"])]
        here.check_told()
        here.keep_in(old)
        assert here.run(*APPLY).code == 3, "there is one memory, at the new place"
        if ended.code != KILLED:
            break
    assert ended.code == 0, ended.out
    print(f"killed a carrying {moment} each of {count - 1} boundaries")
    # The tables, and both locks; the note and the rows; both locks again.
    assert count - 1 == 7


@pytest.mark.parametrize("part", range(2))
def test_killed_at_random_moments_of_a_long_run_one_more_run_makes_all_as_declared(places, watched, part):
    seed = 20261125 + part
    chosen = random.Random(seed)
    saved = []
    for at in range(MOMENTS // 2):
        here, is_deleted = places(500, parallelism=4)
        # Counted in requests, so that it is somewhere in the run on any machine.
        moment, later = chosen.randrange(REQUESTS), chosen.random() / 50 if at % 2 else 0.0
        number = watched.kill_at(moment, later)
        number.set_result(here.start(*APPLY))
        ended = here.ended(number.result())
        watched.asked = nothing
        # Where the machine stood still, that moment may have come too late.
        assert ended.code == KILLED or later, (seed, moment, ended.out)
        saved.append(len(here.saves()))
        if is_deleted:
            shutil.rmtree(here.folder / ".reconcile")
        elif lock := here.status()["lock"]:
            # A file does not know that its holder is dead: until the lease ends, somebody must say so.
            assert here.run("unlock", lock["id"]).code == 0
        again = here.run(*PATIENT)
        assert again.code == 0, (seed, moment, again.out, again.err)
        here.check(most_saves=2)
    here.check_told()
    print(f"seed {seed}: killed after {', '.join(map(str, saved))} of 500 saves")

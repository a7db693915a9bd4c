"""`ledger take`, killed at every step that is durable: the same command completes it, between any two homes.

What is carried has all that a ledger can hold: two runs and a third that was killed, a hold, and a save in doubt; in
Git also the lock of that dead run.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess

import pytest

from tests.journeys.crashes import KILLED, scene, watched_twin

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CHANGES = 6
LEASE_SECONDS = 0.3
APPLY = ("apply", "--yes", "--format", "json")
FILE, ONE, TWO = "file", "git+file://{world}/one.git", "git+file://{world}/two.git"
PATIENT = ("--lock-timeout", "5m")


@pytest.fixture(scope="module")
def watched():
    with watched_twin() as one:
        yield one


@pytest.fixture
def here(warm, watched, tmp_path):
    """A folder outside Git, and two remotes beside it; all of it can be put back."""
    world = tmp_path / "world"
    for name in ("one", "two"):
        subprocess.run(["git", "init", "--quiet", "--bare", str(world / f"{name}.git")], check=True)
    return scene(world / tmp_path.name, warm, watched, changes=CHANGES, ledger="")


def run(here, *words, **more):
    return here.run(*words, lease_seconds=LEASE_SECONDS, **more)


def remember_everything(here):
    """Leave a ledger that holds something in each of its tables, and the lock of a dead run; return what it tells."""
    assert run(here, *APPLY).code == 0
    rollback = ("rollback", here.status()["runs"][0]["run"], "--code", "0001", "--yes", "--reason", "it was wrong")
    assert run(here, *rollback).code == 0
    tenant = here.folder / "schedules" / "tenants" / "one.yaml"
    tenant.write_text(re.sub(r"0 ([02-5]) 2 ", r"0 \1 3 ", tenant.read_text(encoding="utf-8")), encoding="utf-8")
    assert run(here, *APPLY, die=["save", "after", 1]).code == KILLED
    told = here.status()
    assert told["lock"] is not None
    assert [len(told[name]) for name in ("runs", "holds", "open")] == [3, 1, 1]
    if here.ledger == FILE:
        # Each look of who waits for it would be one more step.
        assert run(here, "unlock", told["lock"]["id"]).code == 0
    return told


def write(here, *, workspace, environment):
    """Let the declarations be of this workspace and environment."""
    file = here.folder / "schedules" / "reconcile.yaml"
    text = re.sub(r"(?m)^workspace: .*$", f"workspace: {workspace}", file.read_text(encoding="utf-8"))
    file.write_text(re.sub(r"(?m)^  \w+:$", f"  {environment}:", text), encoding="utf-8")


def is_usable(here, runs):
    """Whether the ledger that the declarations name has these *runs*, and may be used."""
    ended = here.run("runs", "--format", "json")
    there_is_none = ("was taken to", "there is no ledger", "carries that ledger here")
    assert ended.code == 0 or any(one in ended.err for one in there_is_none), ended
    return ended.code == 0 and {one["run"] for one in ended.document["runs"]} >= runs


@pytest.mark.parametrize(
    "old, new, former, moment, steps",
    [
        # Both locks, the note, the rows, and what frees each lock. A file locks as its lock is taken, and has tables.
        pytest.param(ONE, TWO, None, "after", 6, id="git-to-another-remote"),
        pytest.param(ONE, ONE, "environment", "after", 6, id="git-renamed"),
        pytest.param(ONE, ONE, "environment", "before", 6, id="git-renamed-before"),
        pytest.param(FILE, ONE, None, "after", 6, id="file-to-git"),
        pytest.param(ONE, FILE, None, "after", 7, id="git-to-file"),
        # One row locks both: it is locked, carried in one step, and free again.
        pytest.param(FILE, FILE, "environment", "after", 5, id="file-renamed"),
        pytest.param(FILE, FILE, "environment", "before", 5, id="file-renamed-before"),
        # Two files, each with its own lock.
        pytest.param(FILE, FILE, "workspace", "after", 7, id="file-to-file"),
    ],
)
def test_a_ledger_whose_carrying_was_killed_at_any_step_is_carried_by_the_same_command_and_locked_no_more(
    here, tmp_path, old, new, former, moment, steps
):
    world = here.folder.parent
    old, new = old.format(world=world), new.format(world=world)
    here.keep_in(old)
    before = remember_everything(here)
    runs = {one["run"] for one in before["runs"]}
    shutil.copytree(world, tmp_path / "kept")
    words = {None: ("--from", old), "environment": ("--from", "test"), "workspace": ("--from-workspace", "crashes")}
    take = ("ledger", "take", *words[former], "--format", "json", *PATIENT)

    def name_the_old():
        here.keep_in(old)
        write(here, workspace="crashes", environment="test")

    def name_the_new():
        here.keep_in(new)
        write(here, **{"workspace": "crashes", "environment": "test"} | ({} if former is None else {former: "newer"}))

    for count in itertools.count(1):
        shutil.rmtree(world)
        shutil.copytree(tmp_path / "kept", world)
        usable = {}
        name_the_new()
        ended = run(here, *take, die=["step", moment, count])
        usable["new"] = is_usable(here, runs)
        name_the_old()
        usable["old"] = is_usable(here, runs)
        assert not all(usable.values()), count
        name_the_new()
        again = run(here, *take)
        assert again.code == 0, (count, again.out, again.err)
        assert again.document["message"].partition(" the ledger")[0].rstrip(":") in ("Took", "Already taken")
        told = here.status()
        assert told["lock"] is None, (count, told["lock"])
        assert [one["run"] for one in told["runs"][1:]] == [one["run"] for one in before["runs"]], count
        for what in ("keys", "holds", "open"):
            assert told[what] == before[what], (count, what)
        assert (told["runs"][0]["kind"], told["lineage"]["parents"][0]) == (
            "take",
            "{id}@{serial}".format(**before["lineage"]),
        )
        name_the_old()
        assert here.run(*APPLY).code == 3, "there is one memory, at the new place"
        name_the_new()
        if ended.code != KILLED:
            break
    assert ended.code == 0, ended.out
    print(f"killed a carrying {moment} each of {count - 1} steps")
    assert count - 1 == steps
    # Nobody is waited for, and the save in doubt is settled.
    assert run(here, *APPLY).code == 4  # all but what is held
    told = here.status()
    assert (told["open"], told["lock"], len(told["holds"])) == ([], None, 1)

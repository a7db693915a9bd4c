"""The law of repetition: any command repeated without a change outside says the same and does the same.

What it truly did the first time is the only difference: a schedule that was saved and verified is saved no more. A run
that saved nothing leaves the rows of the ledger that later runs decide by, unless it is done: then it has verified
every schedule, and records that.

The world is drawn: what was declared, what an earlier run saw, whether it died, whether it was rolled back, what is
live and declared now, which guards hold, and how the service takes the save of each schedule. The service itself never
changes between two runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from reconcile.ledger.run_ledger import RunLedger
from reconcile.service import retries
from reconcile.service.system_clock import SystemClock
from tests.examples import examples
from tests.journeys.conftest import WORKSPACE, rules, run_ids, verdicts
from tests.journeys.decided_by import Unkept, kept

CODES = ("1", "2", "3")
PARKED = "0 0 0 1 1 ? 2099"
FROZEN = 'freezes:\n  - {reason: audit, from: "2000-01-01T00:00", to: "2090-01-01T00:00"}\n'
TOUCHED = {"verified", "mismatched", "unknown"}


LOST = 500, b"who knows"


class KilledError(BaseException):
    """Ends a run as a signal would that nothing can catch, but for its lock: that is free at once."""


@dataclass(frozen=True)
class World:
    """What there was and is. *answers* is how the service takes the save of a code; the others are done."""

    then: dict[str, tuple[str, str, str, bool]] | None
    seen: dict[str, tuple[str, int, str]]
    dies: bool
    rolled_back: bool
    declared: dict[str, tuple[str, str, str, bool]]
    live: dict[str, tuple[str, int, str]]
    settings: str
    answers: dict[str, str] = field(default_factory=dict)


CRONS = st.sampled_from(["0 0 2 * * ?", "0 0 3 * * ?", "0 0 3 ? * * *"])
DECLARED = st.dictionaries(
    st.sampled_from(CODES),
    st.tuples(CRONS, st.sampled_from(["订单", "对账"]), st.sampled_from(["active", "parked"]), st.booleans()),
    min_size=1,
)
LIVE = st.dictionaries(
    st.sampled_from(CODES),
    st.tuples(
        CRONS | st.just(PARKED) | st.just("every night"),
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from(["enable", "off"]),
    ),
)
ANSWERS = st.dictionaries(
    st.sampled_from(CODES),
    st.sampled_from(["done-and-lost", "lost", "rejected", "ignored", "doubled", "unread", "activated", "paused"]),
)
WORLDS = st.builds(
    World,
    then=st.none() | DECLARED,
    seen=LIVE,
    dies=st.booleans(),
    rolled_back=st.booleans(),
    declared=DECLARED,
    live=LIVE,
    settings=st.sampled_from(["", "", "on_drift: hold\n", "limits: {max_changes: 1}\n", FROZEN]),
    answers=ANSWERS,
)
FLAGS = st.lists(
    st.sampled_from(
        ["--include-renames", "--enable-inactive", "--allow-inactive", "--park-removed", "--recreate", "--accept-drift"]
    ),
    unique=True,
)

OF_ROLLBACK = ("--allow-inactive", "--enable-inactive", "--accept-drift")


def tenant(declared):
    entries = [
        f'  - {{code: "{code}", name: {name}, cron: "{cron}", state: {state}, protect: {json.dumps(protect)}}}\n'
        for code, (cron, name, state, protect) in sorted(declared.items())
    ]
    return "tenant: acme\nschedules:\n" + "".join(entries)


@pytest.fixture
def home(request, tmp_path):
    """Where the ledger is kept."""
    with kept(request.param, tmp_path, request) as one:
        yield one


@pytest.fixture
def make(program, service, write, home, monkeypatch):
    """Make a world anew."""
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)
    monkeypatch.setattr(retries, "BASE_PAUSE_SECONDS", 0.001)

    def put(jobs):
        service.jobs.clear()
        for code, (cron, count, status) in jobs.items():
            service.put("acme", code, *[cron] * count, status=status)

    def die(*_):
        raise KilledError

    def one(world):
        home.begin_anew()
        service.hook = lambda *_: None
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + home.setting)
        if world.then is not None:
            put(world.seen)
            write("tenants/acme.yaml", tenant(world.then))
            with pytest.MonkeyPatch.context() as patch:
                if world.dies:
                    patch.setattr(RunLedger, "record_outcomes", die)
                try:
                    program("apply", "--yes")
                except KilledError:
                    event("an earlier run died")
            # A first run that was refused, and died before it recorded that, leaves no ledger in Git.
            if world.rolled_back and any(home.deciding()) and (ids := run_ids(program)):
                program("rollback", ids[0], "--yes")
        put(world.live)
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + home.setting + world.settings)
        write("tenants/acme.yaml", tenant(world.declared))
        service.hook = answering(service, world.answers)

    return one


def answering(service, answers):
    """Return the hook of a service that takes each save as *answers* says, and is the same at each run."""

    def hook(tenant, body):
        if "codes" in body:
            unread = [code for code in body["codes"].split(",") if answers.get(code) == "unread"]
            return (200, b'{"resp_data": null}') if unread else None
        wanted = body["xw_quartz"]
        how = answers.get(wanted.get("bizcode"))
        if wanted["opttype"] != "save" or how in (None, "unread"):
            return None
        done = 200, json.dumps({"resp_data": {"group_job_id": "1"}}).encode()
        if how in ("done-and-lost", "doubled", "activated", "paused"):
            done = service.save(tenant, wanted)
        else:
            service.saves.append((tenant, wanted["bizcode"], wanted["cronexpression"], wanted["jobname"]))
        if how == "doubled":
            service.jobs[tenant, wanted["bizcode"]] *= 2
        if how in ("activated", "paused"):
            service.jobs[tenant, wanted["bizcode"]][0]["jobstatus"] = "enable" if how == "activated" else "off"
        return {"rejected": (400, b"no"), "lost": LOST, "done-and-lost": LOST}.get(how, done)

    return hook


def decided(program, *flags):
    """Return what plan and drift say of each key, and would let pass."""
    code, plan = program.json("plan", "--detailed-exitcode", *flags)
    drift_code, drift = program.json("drift")
    seen = {one["code"]: (one["verdict"], one["conditions"], one["moved"]) for one in drift["keys"]}
    shown = verdicts(plan), rules(plan), plan["summary"], plan["digest"], plan["last_applied"]
    return code, *shown, drift_code, seen


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what became of each change, and the keys that it sent saves of.

    *landed* are the keys that have a new cron and no active job, which was asked for: something was done for them.
    """

    code: int
    outcomes: dict[str, tuple[str, str, int]]
    sent: frozenset[str]
    landed: frozenset[str]

    @property
    def verified(self):
        return {code for code, (result, _, _) in self.outcomes.items() if result == "verified"}

    @property
    def saved_something(self):
        return any(saves and result in TOUCHED for result, _, saves in self.outcomes.values())


def run(program, service, *command):
    before = len(service.saves)
    code, document = program.json(*command)
    told = {one["code"]: one["outcome"] for one in document.get("changes", ())}
    outcomes = {code: (one["result"], one["reason"], one["saves"]) for code, one in told.items()}
    inactive = {one["code"] for one in document.get("changes", ()) if one["outcome"]["reason"] == "still-inactive"}
    landed = {one["code"] for one in document.get("changes", ()) if one["action"] != "enable"} & inactive
    return Ended(code, outcomes, frozenset(save[1] for save in service.saves[before:]), frozenset(landed))


def hold_the_next_to(first, second):
    """Hold *second* to the law, which repeated the command of *first*."""
    # What was verified is so: it is not saved again. Only what was left undone may be.
    assert not second.sent & first.verified
    if not first.verified | first.landed:
        assert second == first
    if first.code == 0:
        assert (second.code, second.sent) == (0, frozenset())


def hold_to_the_law(program, service, home, flags):
    said = decided(program, *flags)
    assert decided(program, *flags) == said
    rows = home.deciding()
    first = run(program, service, "apply", "--yes", *flags)
    event(f"apply exits {first.code}")
    after, rows_after = decided(program, *flags), home.deciding()
    if not first.saved_something and first.code != 0:
        event("saved nothing, and was not done")
        assert after == said
        assert rows_after == rows
    # What the first run did nothing about, it changed nothing about.
    for code in {code for code, (_, _, saves) in first.outcomes.items() if not saves} - first.verified:
        assert after[1].get(code) == said[1].get(code)
    second = run(program, service, "apply", "--yes", *flags)
    hold_the_next_to(first, second)
    hold_the_next_to(second, run(program, service, "apply", "--yes", *flags))
    if home.setting == Unkept.setting:
        return
    rollback = ("rollback", run_ids(program)[-1], "--yes", *(flag for flag in flags if flag in OF_ROLLBACK))
    back = run(program, service, *rollback)
    event(f"rollback exits {back.code}")
    hold_the_next_to(back, run(program, service, *rollback))


LAW = given(world=WORLDS, flags=FLAGS)
# The world is made anew for each example.
SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


NIGHTLY_ONCE = {"1": ("0 0 2 * * ?", "订单", "active", False)}
# A run was killed in a save that came to nothing, and is rolled back.
CAME_TO_NOTHING = World(
    then=NIGHTLY_ONCE,
    seen={},
    dies=True,
    rolled_back=False,
    declared=NIGHTLY_ONCE,
    live={},
    settings="",
    answers={"1": "rejected"},
)


TO_ACTIVATE = ["--allow-inactive", "--enable-inactive"]
# Two jobs are paused, one of them with another cron. Saving activates neither.
STAYS_PAUSED = World(
    then=None,
    seen={},
    dies=False,
    rolled_back=False,
    declared={**NIGHTLY_ONCE, "2": ("0 0 2 * * ?", "订单", "active", False)},
    live={"1": ("0 0 3 * * ?", 1, "off"), "2": ("0 0 2 * * ?", 1, "off")},
    settings="",
)
# A job is paused and as declared, which was not so when it was applied last. It is protected, and another one is saved.
REFUSED_BESIDE_A_SAVE = World(
    then=NIGHTLY_ONCE,
    seen={},
    dies=False,
    rolled_back=False,
    declared={"1": ("0 0 3 * * ?", "订单", "active", True), "2": ("0 0 2 * * ?", "订单", "active", False)},
    live={"1": ("0 0 3 * * ?", 1, "off")},
    settings="",
)


@pytest.mark.parametrize("home", ["file", "none"], indirect=True)
@example(world=CAME_TO_NOTHING, flags=[])
@example(world=STAYS_PAUSED, flags=TO_ACTIVATE)
@example(world=REFUSED_BESIDE_A_SAVE, flags=TO_ACTIVATE)
@settings(examples(0.2), suppress_health_check=SUPPRESSED)
@LAW
def test_any_command_repeated_says_the_same_and_does_the_same(program, service, home, make, world, flags):
    make(world)
    hold_to_the_law(program, service, home, flags)


# The first run of all was refused, and died before it recorded that.
LEFT_NOTHING = World(
    then={"1": ("0 0 2 * * ?", "订单", "active", True)},
    seen={},
    dies=True,
    rolled_back=True,
    declared=NIGHTLY_ONCE,
    live={},
    settings="",
)


@pytest.mark.slow
@pytest.mark.parametrize("home", ["postgresql", "git"], indirect=True)
@example(world=LEFT_NOTHING, flags=[])
@settings(max_examples=8, suppress_health_check=SUPPRESSED)
@LAW
def test_so_it_does_where_the_ledger_is_elsewhere(program, service, home, make, world, flags):
    make(world)
    hold_to_the_law(program, service, home, flags)

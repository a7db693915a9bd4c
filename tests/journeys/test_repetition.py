"""Laws of repeating: what only reads says the same again, and a refused apply changes nothing that is decided by.

Whatever Git declared and declares, an earlier run has written down, and is live.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.journeys.conftest import IN_GIT, WORKSPACE, rules, verdicts

CODES = ("1", "2", "3")
PARKED = "0 0 0 1 1 ? 2099"
CRONS = st.sampled_from(["0 0 2 * * ?", "0 0 3 * * ?", "0 0 3 ? * * *"])
NAMES = st.sampled_from(["订单", "对账"])
DECLARED = st.dictionaries(
    st.sampled_from(CODES), st.tuples(CRONS, NAMES, st.sampled_from(["active", "parked"])), min_size=1
)
LIVE = st.dictionaries(
    st.sampled_from(CODES),
    st.tuples(CRONS | st.just(PARKED) | st.just("every night"), st.integers(1, 2), st.sampled_from(["enable", "off"])),
)
FLAGS = st.lists(
    st.sampled_from(["--include-renames", "--enable-inactive", "--allow-inactive", "--park-removed"]), unique=True
)
SELECTIONS = st.sampled_from([None, [], ["--code", "1"], ["--recreate"], ["--accept-drift"]])


def tenant(declared):
    entries = [
        f'  - {{code: "{code}", name: {name}, cron: "{cron}", state: {state}}}\n'
        for code, (cron, name, state) in sorted(declared.items())
    ]
    return "tenant: acme\nschedules:\n" + "".join(entries)


@pytest.fixture
def world(program, service, write, tmp_path):
    """Make the world anew: what the ref says, what is declared, what an earlier run saw, what is live."""

    def git(*words):
        config = ("-c", "user.name=li", "-c", "user.email=li@example.com")
        subprocess.run(["git", *config, *words], cwd=tmp_path, capture_output=True, check=True)

    def live(jobs):
        service.jobs.clear()
        for code, (cron, count, status) in jobs.items():
            service.put("acme", code, *[cron] * count, status=status)

    def one(*, noted, first, seen, then, now, on_drift):
        shutil.rmtree((tmp_path / IN_GIT).parent, ignore_errors=True)
        git("update-ref", "-d", "refs/reconcile/applied/test")
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + f"on_drift: {on_drift}\n")
        if noted is not None:
            write("tenants/acme.yaml", tenant(noted))
            git("add", "schedules")
            git("commit", "--quiet", "--allow-empty", "--message", "noted")
            git("update-ref", "refs/reconcile/applied/test", "HEAD")
        if first is not None:
            live(seen)
            write("tenants/acme.yaml", tenant(then))
            program("apply", "--yes", *first)
        live(now)

    git("init", "--quiet")
    return one


def decided(program, *flags):
    """What plan and drift say of each key, and would let pass."""
    code, plan = program.json("plan", "--detailed-exitcode", *flags)
    drift_code, drift = program.json("drift")
    seen = {one["code"]: (one["verdict"], one["conditions"], one["moved"]) for one in drift["keys"]}
    return code, verdicts(plan), rules(plan), plan["summary"], plan["digest"], drift_code, seen


LAW = given(
    noted=st.none() | DECLARED,
    first=SELECTIONS,
    seen=LIVE,
    then=DECLARED,
    now=LIVE,
    declared=DECLARED,
    flags=FLAGS,
    on_drift=st.sampled_from(["revert", "hold"]),
)


# The world is made anew for each example.
@settings(examples(0.2), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@LAW
def test_the_same_again_says_the_same_again(program, service, write, world, declared, flags, **past):
    world(**past)
    write("tenants/acme.yaml", tenant(declared))
    before = decided(program, *flags)
    assert decided(program, *flags) == before
    saves = len(service.saves)
    code = program("apply", "--yes", *flags).code
    event(f"apply exits {code}")
    if code == 3:
        assert len(service.saves) == saves
        assert decided(program, *flags) == before
        assert program("apply", "--yes", *flags).code == 3

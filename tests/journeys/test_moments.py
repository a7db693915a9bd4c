"""The moment of an apply: what fires nearby, as the environment's Quartz reads it and not as another version does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconcile.service.system_clock import SystemClock
from tests.journeys.conftest import WORKSPACE, begin_at
from tests.journeys.service import history

LISTED = "0 0 2 15W,20W * ?"
SECOND_DAY = datetime(2026, 11, 20, 1, 55, tzinfo=UTC)  # a Friday; in 2.3 only the 16th, a Monday, is a day of the list
NEAR = "freezes:\n  - {reason: not while it runs, near_fire: 10m}\n"
TWO = """\
tenant: acme
schedules:
  - {code: "1", name: 月结, cron: "CRON"}
  - {code: "2", name: 月结, cron: "CRON"}
"""


@pytest.fixture
def clock(monkeypatch):
    """Five minutes before the second day's fire; time passes only by sleeping. Gives how long that was.

    No renewal of a lease could follow it: where a run saves after a jump, it has no lock (`ledger: none`).
    """
    slept: list[float] = []

    def now(*_):
        return SECOND_DAY + timedelta(seconds=sum(slept))

    begin_at(monkeypatch, now)
    monkeypatch.setattr(SystemClock, "now", now)
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: sum(slept))
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: slept.append(max(0.0, seconds)))
    return now


@pytest.fixture
def declare(write, service):
    """Declare two schedules with one cron, for a service with a version of Quartz; *more* ends the workspace file."""

    def one(cron, quartz, more=""):
        write("tenants/acme.yaml", TWO.replace("CRON", cron))
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + f'      quartz: "{quartz}"\n' + more)

    return one


def rules(document):
    return [refusal["rule"] for refusal in document["refusals"]]


@pytest.mark.parametrize(
    "quartz, exit_code, refused",
    [
        pytest.param("2.5", 3, ["near-fire", "near-fire"], id="2.5-fires-on-the-second-day-too"),
        pytest.param("2.3", 0, [], id="2.3-does-not"),
    ],
)
def test_a_freeze_near_a_fire_sees_what_is_live(clock, program, service, declare, quartz, exit_code, refused):
    declare("0 0 12 1 * ?", quartz, NEAR)
    for code in ("1", "2"):
        service.put("acme", code, LISTED)
    assert rules(program.json("plan")[1]) == refused
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), bool(service.saves)) == (exit_code, refused, not refused)


def test_a_freeze_near_a_fire_sees_what_is_declared(clock, program, service, declare):
    declare(LISTED, "2.5", NEAR)
    code, run = program.json("apply", "--yes")
    assert (code, rules(run), service.saves) == (3, ["near-fire", "near-fire"], [])
    assert "fires at 2026-11-20 02:00:00 (UTC), within 10m: not while it runs" in run["refusals"][0]["message"]


@pytest.mark.parametrize("live", ["every night", "0 0 25 * * ?", "0 0 2 * * ? * x", "*" * 5_000])
def test_a_live_text_that_its_quartz_refuses_is_compared_as_text_and_near_no_fire(
    clock, program, service, declare, live
):
    declare("0 0 12 1 * ?", "2.5", NEAR)
    for code in ("1", "2"):
        service.put("acme", code, live)
    assert [one["verdict"] for one in program.json("drift")[1]["keys"]] == ["never-applied"] * 2
    assert program("apply", "--yes").code == 0
    assert [saved[1:3] for saved in service.saves] == [("1", "0 0 12 1 * ?"), ("2", "0 0 12 1 * ?")]


@pytest.mark.parametrize(
    "quartz, exit_code, saved, told",
    [
        pytest.param("2.5", 0, ["1", "2"], [], id="2.5-fires-on-the-second-day-too"),
        pytest.param("2.3", 1, [], ["soak-in-vain"], id="2.3-does-not"),
    ],
)
def test_a_soak_until_the_next_fire_waits_for_the_fire_of_the_environments_quartz(
    clock, program, service, declare, quartz, exit_code, saved, told
):
    declare(LISTED, quartz, "ledger: none\n")
    fire = SECOND_DAY + timedelta(minutes=5)

    service.hook = history(lambda: [fire] if clock() >= fire else [])
    code, run = program.json("apply", "--yes", "--soak", "next-fire")
    assert (code, [one[1] for one in service.saves]) == (exit_code, saved)
    assert [one["rule"] for one in run["findings"] if one["rule"].startswith("soak")] == told


def test_a_freeze_that_begins_between_two_waves_stops_what_is_left(clock, program, service, write):
    codes = [str(number) for number in range(1, 25)]
    listed = "".join(f'  - {{code: "{code}", name: 月结, cron: "0 0 12 1 * ?"}}\n' for code in codes)
    write("tenants/acme.yaml", "tenant: acme\nschedules:\n" + listed)
    freeze = 'ledger: none\nfreezes:\n  - {reason: audit, from: "2026-11-20T02:00", to: "2026-11-21T02:00"}\n'
    write("reconcile.yaml", WORKSPACE.format(url=service.url) + freeze)

    def hook(_, body):
        if body.get("xw_quartz", {}).get("opttype") == "save" and len(service.saves) == 20:
            SystemClock.sleep(None, 301)  # the last save of the first wave: then the books are closed

    service.hook = hook
    ended = program("apply", "--yes", "--parallelism", "1", "--format", "json")
    run = ended.document
    refused = [one for one in run["changes"] if one["outcome"]["result"] == "refused"]
    assert (ended.code, len(service.saves), len(refused)) == (4, 21, 3)
    assert {one["outcome"]["reason"] for one in refused} == {"guard"}
    assert "frozen until 2026-11-21 02:00 (UTC): audit" in refused[0]["outcome"]["message"]
    # Nothing is in doubt: the next run, after the freeze, does what is left.
    SystemClock.sleep(None, 2 * 86_400)
    service.hook = lambda *_: None
    assert program("apply", "--yes").code == 0
    assert sorted(one[1] for one in service.saves) == sorted(codes)


def test_a_fire_that_comes_near_between_plan_and_save_refuses_that_schedule_alone(clock, program, service, declare):
    declare("0 0 12 1 * ?", "2.5", NEAR.replace("10m", "4m") + "ledger: none\n")
    service.put("acme", "1", "0 0 3 * * ?")
    service.put("acme", "2", "0 0 2 * * ?")

    def hook(_, body):
        if body.get("xw_quartz", {}).get("opttype") == "save":
            SystemClock.sleep(None, 90)

    service.hook = hook
    code, run = program.json("apply", "--yes")
    assert (code, [one[1] for one in service.saves], rules(run)) == (4, ["1"], [])
    outcome = next(one["outcome"] for one in run["changes"] if one["code"] == "2")
    assert (outcome["result"], outcome["reason"]) == ("refused", "guard")
    assert "fires at 2026-11-20 02:00:00 (UTC), within 4m" in outcome["message"]

"""Two clocks that differ: it is said, and an apply is refused only where they disagree about a guard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconcile.service.system_clock import SystemClock
from tests.journeys.conftest import begin_at, rules
from tests.journeys.service import history

AHEAD = timedelta(minutes=10)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The runner's clock stands at noon."""
    begin_at(monkeypatch, lambda *_: NOON)
    monkeypatch.setattr(SystemClock, "now", lambda *_: NOON)


@pytest.fixture
def passing(clock, monkeypatch):
    """Time passes by sleeping. Gives the seconds since noon."""
    slept = []
    monkeypatch.setattr(SystemClock, "now", lambda *_: NOON + timedelta(seconds=sum(slept)))
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: sum(slept))
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: slept.append(max(0.0, seconds)))
    return lambda: sum(slept)


def freeze(begins, ends):
    return f'freezes:\n  - {{reason: sale, from: "2026-11-29T{begins}", to: "2026-11-29T{ends}"}}\nledger: none\n'


def said(document):
    return {one["rule"]: one["message"] for one in document["findings"]}


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
@pytest.mark.parametrize("ahead", [AHEAD, -AHEAD], ids=["ahead", "behind"])
def test_a_clock_that_is_off_is_said_once_and_stops_nothing(program, service, declare, command, ahead):
    declare(more="ledger: none\n")
    service.date = ahead
    _, document = program.json(command, *(["--yes"] if command == "apply" else []))
    found = [one for one in document["findings"] if one["rule"] == "clock-skew"]
    assert len(found) == 1
    which = "the service is ahead of this runner's" if ahead > timedelta() else "this runner is ahead of the service's"
    assert which in found[0]["message"]
    assert len(service.saves) == (3 if command == "apply" else 0)


@pytest.mark.parametrize("date", [timedelta(seconds=59), timedelta(seconds=-59), "", "soon"], ids=str)
def test_within_a_minute_and_without_a_date_that_can_be_read_nothing_is_said(program, service, declare, date):
    declare(more=freeze("12:00", "12:01"))
    service.date = date
    _, plan = program.json("plan")
    assert "clock-skew" not in said(plan)
    assert rules(plan) == ["frozen"]


@pytest.mark.parametrize(
    "begins, ends, expected",
    [
        pytest.param("12:05", "12:30", "clocks-disagree", id="frozen-by-the-service-alone"),
        pytest.param("11:30", "12:05", "clocks-disagree", id="frozen-by-the-runner-alone"),
        pytest.param("11:30", "12:30", "frozen", id="frozen-by-both"),
        pytest.param("12:20", "12:30", None, id="frozen-by-none"),
    ],
)
def test_an_apply_is_refused_where_one_clock_alone_is_in_a_freeze(program, service, declare, begins, ends, expected):
    declare(more=freeze(begins, ends))
    service.date = AHEAD
    _, plan = program.json("plan")
    code, run = program.json("apply", "--yes")
    wanted = [] if expected is None else [expected]
    assert (rules(plan), rules(run), code) == (wanted, wanted, 0 if expected is None else 3)
    assert len(service.saves) == (3 if expected is None else 0)
    if expected == "clocks-disagree":
        message = run["refusals"][0]["message"]
        assert "(2026-11-29T12:00:00Z)" in message
        assert "(2026-11-29T12:10:" in message
        assert "frozen until" in message
        assert program("apply", "--yes", "--override-freeze", "the clock of the service is wrong").code == 0


def test_a_fire_that_is_near_by_one_clock_alone_refuses_its_schedule_and_no_other(program, service, declare):
    declare(
        'tenant: acme\nschedules:\n  - {code: "1", name: a, cron: "0 20 12 * * ?"}\n'
        '  - {code: "2", name: b, cron: "0 0 23 * * ?"}\n',
        more="freezes:\n  - {reason: not while it runs, near_fire: 15m}\nledger: none\n",
    )
    service.date = AHEAD
    code, run = program.json("apply", "--yes")
    assert (code, rules(run)) == (4, ["clocks-disagree"])
    assert (run["refusals"][0]["code"], "near-fire" in run["refusals"][0]["message"]) == ("1", True)
    assert [save[1] for save in service.saves] == ["2"]


@pytest.mark.parametrize("at, is_refused", [("5", True), ("20", False)])
def test_a_last_fire_that_is_over_by_one_clock_alone_is_not_saved(program, service, declare, at, is_refused):
    declare(
        f'tenant: acme\nschedules:\n  - {{code: "1", name: a, cron: "0 {at} 12 29 11 ? 2026"}}\n', more="ledger: none\n"
    )
    service.date = AHEAD
    code, run = program.json("apply", "--yes")
    assert (code, rules(run)) == ((3, ["clocks-disagree"]) if is_refused else (0, []))
    assert len(service.saves) == int(not is_refused)
    if is_refused:
        assert "never fires again" in run["refusals"][0]["message"]


def test_a_soak_that_would_pass_by_one_clock_alone_saves_nothing(program, service, declare):
    service.date = timedelta(minutes=50)  # by its clock all fires of this day are over
    words = ["--soak", "next-fire", "--soak-limit", "35m"]
    declare(
        'tenant: acme\nschedules:\n  - {code: "1", name: a, cron: "0 30 12 * * ?"}\n'
        '  - {code: "2", name: b, cron: "0 31 12 * * ?"}\n',
        more="ledger: none\n",
    )
    code, run = program.json("apply", "--yes", *words)
    assert (code, service.saves) == (3, [])
    outcomes = [one["outcome"] for one in run["changes"]]
    assert [(one["result"], one["reason"]) for one in outcomes] == 2 * [("refused", "guard")]
    assert all("no canary fires within the soak's limit" in one["message"] for one in outcomes)


@pytest.mark.parametrize(
    "ahead, minute, is_new",
    [
        pytest.param(AHEAD, 5, False, id="old-by-the-service"),
        pytest.param(-AHEAD, -5, False, id="old-by-the-runner"),
        pytest.param(AHEAD, 20, True, id="new-by-both"),
        pytest.param(timedelta(), 5, True, id="clocks-alike"),
        pytest.param(timedelta(seconds=50), 0, True, id="within-a-minute"),
    ],
)
def test_a_soak_passes_by_a_fire_that_is_new_by_both_clocks(passing, program, service, declare, ahead, minute, is_new):
    declare(
        "tenant: acme\nschedules:\n"
        + "".join(f'  - {{code: "{code}", name: a, cron: "0 0/5 * * * ?"}}\n' for code in "123"),
        more="ledger: none\n",
    )
    for code in "123":
        service.put("acme", code, "0 0 2 * * ?")
    service.date = ahead
    fired = NOON + timedelta(minutes=minute)
    service.hook = history(lambda: [fired] if passing() >= 300 else [])
    code, run = program.json("apply", "--yes", "--soak", "next-fire")
    assert (code, len(service.saves)) == ((0, 3) if is_new else (4, 1))
    if not is_new:
        left = [one["outcome"] for one in run["changes"]][1:]
        assert [(one["result"], one["reason"]) for one in left] == 2 * [("refused", "guard")]
        assert all("this runner (2026-11-29T12:00:" in one["message"] for one in left)
        assert all(f"{NOON + ahead:the service (%Y-%m-%dT%H:%M:}" in one["message"] for one in left)
        assert "soak-no-fire" not in said(run)

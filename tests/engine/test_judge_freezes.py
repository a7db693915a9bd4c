"""The moment of an apply: freezes and fires nearby."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconcile.engine.judge_freezes import freezes_of, frozen, last_fire_between, near_fire
from reconcile.engine.judges import Situation
from reconcile.model.live import Unreadable
from reconcile.model.reading import DEFAULT_READING, reading_of
from reconcile.model.schedule import State
from reconcile.model.workspace import Environment, Freeze, ServiceSettings, WeekMoment
from tests.builders import HOURLY, change, row, schedule

SHANGHAI = "Asia/Shanghai"
YEAR_END = Freeze("year-end closing", between=(datetime(2026, 12, 31), datetime(2027, 1, 3, 8)))  # noqa: DTZ001
WEEKEND = Freeze("weekend", weekly=(WeekMoment(4, 18, 0), WeekMoment(0, 8, 0)))
OFFICE = Freeze("office hours", timezone="UTC", weekly=(WeekMoment(0, 9, 0), WeekMoment(4, 17, 30)))
NEAR = Freeze("not while it runs", near_fire=timedelta(minutes=10))


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    "freeze, now, until",
    [
        pytest.param(YEAR_END, "2026-12-30T23:59:59", None, id="before-a-window"),
        pytest.param(YEAR_END, "2026-12-31T00:00", "2027-01-03 08:00", id="its-first-moment"),
        pytest.param(YEAR_END, "2027-01-03T07:59:59", "2027-01-03 08:00", id="its-last-second"),
        pytest.param(YEAR_END, "2027-01-03T08:00", None, id="its-end-is-not-included"),
        pytest.param(WEEKEND, "2026-11-27T17:59:59", None, id="friday-before-six"),
        pytest.param(WEEKEND, "2026-11-27T18:00:00", "2026-11-30 08:00", id="friday-at-six"),
        pytest.param(WEEKEND, "2026-11-29T23:30:30", "2026-11-30 08:00", id="sunday-night"),
        pytest.param(WEEKEND, "2026-11-30T08:00", None, id="monday-at-eight"),
        pytest.param(OFFICE, "2026-11-27T17:00", "2026-11-27 17:30", id="a-window-within-the-week-in-its-own-zone"),
        pytest.param(OFFICE, "2026-11-28T01:31", None, id="after-it"),
        pytest.param(NEAR, "2026-11-27T17:00", None, id="fires-nearby-freeze-no-apply"),
    ],
)
def test_a_window_refuses_the_whole_apply_while_it_lasts(freeze, now, until):
    zone = freeze.timezone or SHANGHAI
    found = frozen(Situation(freezes=(freeze,), zone=SHANGHAI), at(now, zone))
    assert [objection.message for objection in found] == (
        [] if until is None else [f"frozen until {until} ({zone}): {freeze.reason}"]
    )


def near(changed, *freezes, now, reading=DEFAULT_READING):
    return near_fire(changed, Situation(freezes=freezes, zone=SHANGHAI, reading=reading), now)


WEEKLY_AT_NOON = schedule(cron="0 0 12 ? * MON")
NIGHTLY_AT_TWO = change((row("0 0 2 * * ?"),), wanted=schedule(cron="0 0 3 * * ?"))


@pytest.mark.parametrize(
    "moved, now, said",
    [
        pytest.param(NIGHTLY_AT_TWO, "2026-11-27T01:55", "fires at 2026-11-27 02:00:00", id="shortly-before-a-fire"),
        pytest.param(NIGHTLY_AT_TWO, "2026-11-27T02:05", "fired at 2026-11-27 02:00:00", id="shortly-after-a-fire"),
        pytest.param(NIGHTLY_AT_TWO, "2026-11-27T02:50:01", "fires at 2026-11-27 03:00:00", id="near-a-wanted-fire"),
        pytest.param(NIGHTLY_AT_TWO, "2026-11-27T02:10", None, id="ten-minutes-are-far-enough"),
        pytest.param(change((row("0 */5 * * * ?"),)), "2026-11-27T02:04", None, id="a-dense-schedule-is-exempt"),
        pytest.param(
            change((row("every night"),)), "2026-11-27T02:04", "02:00:00", id="what-does-not-parse-is-left-out"
        ),
        pytest.param(change(Unreadable("x", "y")), "2026-11-27T12:00", None, id="unreadable"),
        pytest.param(
            change((row(HOURLY),), wanted=schedule(state=State.PARKED)),
            "2026-11-27T11:59",
            "12:00:00",
            id="parking-too",
        ),
    ],
)
def test_a_schedule_is_not_touched_near_a_fire(moved, now, said):
    found = near(moved, YEAR_END, NEAR, NEAR, now=at(now))
    assert (found is None) == (said is None)
    assert found is None or (said in found.message and "within 10m: not while it runs" in found.message)


@pytest.mark.parametrize(
    "span, said",
    [
        pytest.param(timedelta(days=1), "1d", id="days"),
        pytest.param(timedelta(hours=2), "2h", id="hours"),
        pytest.param(timedelta(seconds=90), "90s", id="seconds"),
    ],
)
def test_the_span_is_said_as_it_is_written(span, said):
    yearly = change((), wanted=schedule(cron="0 0 12 27 11 ?"))
    found = near(yearly, Freeze("so", near_fire=span), now=at("2026-11-27T12:01"))
    assert f"within {said}:" in found.message


LISTED = change((row("0 0 2 15W,20W * ?"),), wanted=schedule(cron="0 0 12 15W * ?"))
WITH_SURPLUS = change((row("0 0 2 * * ? * x"),), wanted=WEEKLY_AT_NOON)
LAST_YEARS = change((row("0 0 2 * * ? 2126-2130"),), wanted=schedule(cron="0 0 12 1 1 ? 2099"))


@pytest.mark.parametrize(
    "quartz, moved, now, fires",
    [
        pytest.param("2.5", LISTED, "2026-11-20T01:55", True, id="2.5-fires-on-the-second-day-of-a-list"),
        pytest.param("2.3", LISTED, "2026-11-20T01:55", False, id="2.3-leaves-it-out"),
        pytest.param("2.3", LISTED, "2026-11-16T01:55", True, id="2.3-fires-on-the-first-day"),
        pytest.param("2.5", WITH_SURPLUS, "2026-11-20T01:55", False, id="2.5-refuses-an-8th-field"),
        pytest.param("2.3", WITH_SURPLUS, "2026-11-20T01:55", True, id="2.3-does-not-read-an-8th-field"),
        pytest.param(
            "2.5",
            change((row("0 0 2 L,20 * ?"),), wanted=WEEKLY_AT_NOON),
            "2026-11-20T01:55",
            True,
            id="only-2.5-reads-it",
        ),
        pytest.param("2.3", LAST_YEARS, "2126-06-01T01:55", True, id="a-hundred-years-from-now"),
        pytest.param("2.3", LAST_YEARS, "2127-06-01T01:55", True, id="and-a-year-later"),
    ],
)
def test_a_fire_nearby_is_one_of_the_environments_quartz(quartz, moved, now, fires):
    moment = at(now)
    service = Environment("prod", "http://x", timezone=SHANGHAI, service=ServiceSettings(quartz=quartz))
    assert (near(moved, NEAR, now=moment, reading=reading_of(service, moment)) is not None) == fires


def test_after_the_last_year_of_a_service_nothing_is_near():
    started = reading_of(Environment("prod", "http://x"), at("2026-06-01T12:00"))
    assert near(LAST_YEARS, NEAR, now=at("2127-06-01T01:55"), reading=started) is None


def test_without_such_a_freeze_no_fire_is_looked_for():
    assert near(NIGHTLY_AT_TWO, YEAR_END, now=at("2026-11-27T01:55")) is None


def test_a_freeze_is_for_the_environments_that_it_names():
    prod, test = Environment("prod-eu", "http://x"), Environment("test", "http://x")
    only = Freeze("so", environments=("prod*",))
    assert (freezes_of([only, NEAR], prod), freezes_of([only, NEAR], test)) == ((only, NEAR), (NEAR,))


@pytest.mark.parametrize("now, is_near", [("2026-11-01T05:58", False), ("2026-11-01T06:58", True)])
def test_nearness_is_the_time_that_passes_also_where_clocks_go_back(now, is_near):
    # In New York clocks go from 02:00 back to 01:00: at both instants they show 01:58, and it fires at 02:05.
    daily = change((), wanted=schedule(cron="0 5 2 * * ?"))
    found = near_fire(daily, Situation(freezes=(NEAR,), zone="America/New_York"), at(now, "UTC"))
    assert (found is not None) is is_near


CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-10-04", "2026-04-05"),
    "Asia/Shanghai": ("2026-03-29", "2026-10-25"),
}
MINUTE = timedelta(minutes=1)


def shown(day, zone):
    """Each minute around *day*, as an instant, and the wall time that clocks show then."""
    clocks = ZoneInfo(zone)
    first = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
    minutes = [first + number * MINUTE for number in range(3 * 24 * 60)]
    return [(minute, minute.astimezone(clocks).replace(tzinfo=None)) for minute in minutes]


def by_brute_force(minutes, start, end):
    """Each minute from the first at which clocks show *start* or later to the last at which they show *end*.

    A begin or end that no minute shows is as long before or after the change of clocks as it is away from the times
    that they show then.
    """
    first, shown_first = next((minute, wall) for minute, wall in minutes if wall >= start)
    last, shown_last = [(minute, wall) for minute, wall in minutes if wall <= end][-1]
    return {minute for minute, _ in minutes if first - (shown_first - start) <= minute < last + (end - shown_last)}


@pytest.mark.parametrize("zone, day", [(zone, day) for zone, days in CHANGES.items() for day in days])
@pytest.mark.parametrize("is_weekly", [pytest.param(False, id="between"), pytest.param(True, id="weekly")])
def test_a_window_holds_minute_by_minute_as_clocks_show_and_never_less(zone, day, is_weekly):
    minutes = shown(day, zone)
    midnight = datetime.fromisoformat(day)
    marks = [midnight + timedelta(minutes=number) for number in (0, 75, 90, 105, 120, 135, 150, 180, 240)]
    near = [minute for minute, wall in minutes if abs(wall - marks[4]) < timedelta(hours=2, minutes=20)]
    for start, end in itertools.combinations(marks, 2):
        ends = [WeekMoment(one.weekday(), one.hour, one.minute) for one in (start, end)]
        freeze = Freeze("so", weekly=tuple(ends)) if is_weekly else Freeze("so", between=(start, end))
        situation = Situation(freezes=(freeze,), zone=zone)
        expected = by_brute_force(minutes, start, end)
        wrong = [minute for minute in near if any(frozen(situation, minute)) != (minute in expected)]
        assert not wrong, (start, end, wrong[:3])
        assert expected
        assert {minute for minute, wall in minutes if start <= wall < end} <= expected


@pytest.mark.parametrize(
    "zone, start, end, now",
    [
        pytest.param("Europe/Berlin", "2026-10-25T02:15", "2026-10-25T02:45", "2026-10-25T01:10+00:00", id="fold"),
        pytest.param("Europe/Berlin", "2026-03-29T02:10", "2026-03-29T02:50", "2026-03-29T01:20+00:00", id="gap"),
        pytest.param("Asia/Shanghai", "0001-01-01T00:00", "9999-12-31T23:59", "2026-03-29T01:20+00:00", id="for-ever"),
    ],
)
def test_a_window_in_a_doubled_or_skipped_hour_holds(zone, start, end, now):
    freeze = Freeze("so", between=(datetime.fromisoformat(start), datetime.fromisoformat(end)))
    (found,) = frozen(Situation(freezes=(freeze,), zone=zone), datetime.fromisoformat(now))
    assert "frozen until " + end.replace("T", " ") in found.message


def test_a_cron_that_this_service_refuses_has_no_last_fire():
    refused = change(wanted=schedule(cron="nonsense"))
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert last_fire_between(refused, Situation(), now, now + timedelta(days=1)) is None

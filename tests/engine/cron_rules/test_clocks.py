"""Fires in an hour that the clocks skip, or that comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconcile.cron import fires, parse
from reconcile.engine.cron_rules.clocks import changes
from tests.engine.cron_rules.looking import found, marks, said

NEW_YORK = "America/New_York"
LORD_HOWE = "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("text", "zone", "place", "message"),
    [
        ("0 30 2 * * ?", NEW_YORK, "30 2", "at 02:30 on 2026-03-08: clocks in America/New_York skip 02:00-03:00"),
        ("0 0 2 * * ?", NEW_YORK, "0 2", "at 02:00 on 2026-03-08: clocks in America/New_York skip 02:00-03:00"),
        ("9 59 2 * * ?", NEW_YORK, "59 2", "at 02:59:09 on 2026-03-08: clocks in America/New_York skip 02:00-03:00"),
        ("0 30 2 14 3 ?", NEW_YORK, "30 2", "at 02:30 on 2027-03-14: clocks in America/New_York skip 02:00-03:00"),
        ("0 20 */2 * * ?", NEW_YORK, "20 */2", "at 02:20 on 2026-03-08: clocks in America/New_York skip 02:00-03:00"),
        ("0 15 2 * * ?", LORD_HOWE, "15 2", "at 02:15 on 2026-10-04: clocks in Australia/Lord_Howe skip 02:00-02:30"),
        ("0 0 0 * * ?", "Asia/Beirut", "0 0", "at 00:00 on 2026-03-29: clocks in Asia/Beirut skip 00:00-01:00"),
    ],
)
def test_a_fire_in_a_gap_is_found_with_its_next_date(text, zone, place, message):
    assert said("fire-in-gap", text, zone) == [(place, f"does not fire {message} then")]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0 0 3 * * ?", NEW_YORK),
        ("0 59 1 * * ?", NEW_YORK),
        ("0 30 2 ? * MON", NEW_YORK),
        ("0 30 2 8 3 ? 2027", NEW_YORK),
        ("0 30 2 * 2 ?", NEW_YORK),
        ("0 30 2 29 2 ?", NEW_YORK),
        ("0 30 2 * * ? 2020", NEW_YORK),
        ("0 */5 * * * ?", NEW_YORK),
        ("0 30 2 * * ?", LORD_HOWE),
        ("0 30 2 * * ?", "Asia/Shanghai"),
        ("0 30 2 * * ?", None),
        ("0 0 2 0W * ?", NEW_YORK),
    ],
)
def test_fires_outside_of_gaps_are_fine(text, zone):
    assert "fire-in-gap" not in found(text, zone)


def test_a_gap_of_the_day_that_is_over_is_passed_over():
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)
    ((_, message),) = said("fire-in-gap", "0 30 2 * * ?", NEW_YORK, now=now)
    assert "on 2027-03-14" in message


@pytest.mark.parametrize(
    ("text", "zone", "message"),
    [
        ("0 30 1 * * ?", NEW_YORK, "01:30 comes twice on 2026-11-01 in America/New_York"),
        ("0 0 1 1 11 ?", NEW_YORK, "01:00 comes twice on 2026-11-01 in America/New_York"),
        ("0 */20 0-5 * * ?", NEW_YORK, "01:00 comes twice on 2026-11-01 in America/New_York"),
        ("0 45 1 * * ?", LORD_HOWE, "01:45 comes twice on 2026-04-05 in Australia/Lord_Howe"),
        ("0 30 23 * * ?", "Asia/Beirut", "23:30 comes twice on 2026-10-24 in Asia/Beirut"),
    ],
)
def test_a_fire_in_a_doubled_hour_is_found_with_its_next_date(text, zone, message):
    assert [what for _, what in said("fire-in-doubled-hour", text, zone)] == [
        f"{message}: Quartz fires the second time only"
    ]


def test_what_fires_in_all_hours_pauses():
    message = (
        "pauses for 60 minutes on 2026-11-01 in America/New_York: "
        "01:00-02:00 comes twice, and Quartz fires the second time only"
    )
    assert said("fire-in-doubled-hour", "0 */5 * * * ?", NEW_YORK) == [("*/5 *", message)]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0 59 0 * * ?", NEW_YORK),
        ("0 0 2 * * ?", NEW_YORK),
        ("0 30 1 ? * SAT", NEW_YORK),
        ("0 29 1 * * ?", LORD_HOWE),
        ("0 30 1 * * ?", "Asia/Shanghai"),
        ("0 30 1 * * ?", None),
    ],
)
def test_fires_outside_of_doubled_hours_are_fine(text, zone):
    assert "fire-in-doubled-hour" not in found(text, zone)


@pytest.mark.parametrize("zone", [NEW_YORK, LORD_HOWE, "Asia/Beirut", "Europe/Dublin", "Africa/Casablanca"])
@pytest.mark.parametrize("text", ["0 0 2 * * ?", "0 15 2 * * ?", "0 0 0 * * ?", "0 45 1 * * ?"])
def test_a_gap_is_reported_where_a_fire_of_the_next_two_years_is_missing(text, zone):
    start, end = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)), datetime(2027, 12, 31, tzinfo=ZoneInfo(zone))
    fired = {fire.date() for fire in fires(parse(text), start, end)}
    days = {start.date() + timedelta(days=n) for n in range(1, 729)}
    missing = sorted(days - fired)
    told = marks("fire-in-gap", text, zone)
    assert [f"on {missing[0]}" in one.message for one in told] == [True] if missing else told == []


def test_a_gap_over_midnight_belongs_to_both_of_its_days():
    (change,) = [one for one in changes(ZoneInfo("Pacific/Apia"), date(2011, 12, 1)) if one.end.day == 31]
    assert [(piece.day.isoformat(), piece.start, piece.end) for piece in change.pieces] == [("2011-12-30", 0, 1440)]


def test_a_doubled_span_around_midnight_has_a_piece_in_each_day():
    (change,) = changes(ZoneInfo("Antarctica/Casey"), date(2010, 1, 1))[:1]
    assert [(piece.day.isoformat(), piece.start, piece.end) for piece in change.pieces] == [
        ("2010-03-04", 1380, 1440),
        ("2010-03-05", 0, 120),
    ]


def test_a_fire_in_a_late_hour_of_a_long_gap_is_found():
    now = datetime(2011, 12, 1, tzinfo=UTC)
    ((_, message),) = said("fire-in-gap", "0 10 5 30 12 ?", "Pacific/Apia", now=now)
    assert message == "does not fire at 05:10 on 2011-12-30: clocks in Pacific/Apia skip 00:00-00:00 then"


def test_zones_are_looked_through_once_a_day():
    zone = ZoneInfo(NEW_YORK)
    assert changes(zone, date(2026, 1, 1)) is changes(zone, date(2026, 1, 1))

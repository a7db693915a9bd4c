"""How often, and whether, a cron fires at all."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reconcile.model.rules import Severity
from tests.engine.cron_rules.looking import check_cron, found, look, marks, said

THROWS = "field names no value: Quartz throws when it looks for the next fire"
HANGS = "the weekday nearest to a day that a month lacks: Quartz hangs when it looks for the next fire"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("0 0 2 0W * ?", "0W", f"day-of-month 0W: {HANGS}"),
        ("0 0 2 L-30W * ?", "L-30W", f"day-of-month L-30W: {HANGS}"),
        (", 0 2 * * ?", ",", f"second ,: the second {THROWS}"),
        ("0 L 2 * * ?", "L", f"minute L: the minute {THROWS}"),
        ("0 0 2 * L ?", "L", f"month L: the month {THROWS}"),
        ("0 0 2 ? * ,", ",", f"day-of-week ,: the day-of-week {THROWS}"),
    ],
)
def test_what_throws_or_hangs_in_quartz_is_marked_at_its_field(text, place, message):
    assert said("breaks-quartz", text) == [(place, message)]


@pytest.mark.parametrize("text", ["0 0 2 1W * ?", "0 0 2 LW * ?", "0 0 2 L-27W * ?", "0 0 2 30 2 ?", "0 0 2 * * ? ,"])
def test_what_only_looks_as_if_it_hung_is_no_danger(text):
    assert "breaks-quartz" not in found(text)


def test_what_breaks_quartz_is_an_error_and_nothing_else_is_said_of_it():
    assert [(one.rule, one.rule.severity) for one in check_cron(look("0 0 2 0W * ? 2020"))] == [
        ("breaks-quartz", Severity.ERROR)
    ]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("0 0 2 30 2 ?", "30 2", "never fires: day-of-month 30 comes in no month 2 of its years"),
        ("0 0 2 31 FEB,APR ?", "31 FEB,APR", "never fires: day-of-month 31 comes in no month FEB,APR of its years"),
        ("0 0 2 29 2 ? 2027", "29 2", "never fires: day-of-month 29 comes in no month 2 of its years"),
        ("0 0 2 ? * 8#2", "8#2", "never fires: day-of-week 8#2 comes in none of its months and years"),
        ("0 0 2 * * ? 2200", "2200", "never fires: year 2200 names no year up to 2126"),
        ("0 0 2 * * ? L", "L", "never fires: year L names no year up to 2126"),
    ],
)
def test_what_never_fires_is_marked_at_the_field_to_blame(text, place, message):
    assert said("never-fires", text) == [(place, message)]


@pytest.mark.parametrize("text", ["0 0 2 29 2 ?", "0 0 2 29 2 ? 2028", "0 0 2 31 FEB,MAR ?", "0 0 2 ? * 7#2"])
def test_what_fires_seldom_does_fire(text):
    assert "never-fires" not in found(text)


@pytest.mark.parametrize(
    ("text", "place", "last"), [("0 0 2 1 1 ? 2020", "2020", 2020), ("0 0 2 1 1 ? 2019-2021/2", "2019-2021/2", 2021)]
)
def test_fires_of_past_years_only_are_found(text, place, last):
    message = f"year {place}: all its fires are past, the last year in which it fires is {last}"
    assert said("only-past-fires", text) == [(place, message)]


def test_a_last_fire_earlier_this_year_is_past():
    assert "only-past-fires" in found("0 0 2 1 3 ? 2026", now=datetime(2026, 3, 1, 3, tzinfo=UTC))


def test_a_last_fire_later_this_year_is_not_past():
    assert "only-past-fires" not in found("0 0 2 1 3 ? 2026", now=datetime(2026, 3, 1, 1, tzinfo=UTC))


def test_past_is_past_in_the_zone():
    text, now = "0 0 2 1 3 ? 2026", datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert "only-past-fires" in found(text, "Asia/Shanghai", now=now)


def test_years_are_those_of_the_zone():
    now = datetime(2026, 1, 1, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert "only-past-fires" not in found("0 0 23 31 12 ? 2025", "America/New_York", now=now)


@pytest.mark.parametrize("second", ["*", "*/1", "0-59", "99", "0/1"])
def test_every_second_is_found_however_it_is_written(second):
    message = f"second {second}: fires in each second of the minutes that it names"
    assert said("every-second", f"{second} 0 9 * * ?") == [(second, message)]


@pytest.mark.parametrize("second", ["0", "*/2", "0-58"])
def test_fewer_seconds_are_not_every_second(second):
    assert "every-second" not in found(f"{second} 0 9 * * ?")


def test_too_many_fires_are_counted_and_marked_at_the_time():
    assert said("too-many-fires", "0/30 * * * * ?") == [("0/30 * *", "fires 2880 times a day, more than 2000")]


def test_as_many_fires_as_allowed_are_not_too_many():
    assert "too-many-fires" not in found("0 * * * * ?", most=1440)


def test_one_fire_more_than_allowed_is_too_many():
    assert said("too-many-fires", "0 * * * * ?", most=1439) == [("0 * *", "fires 1440 times a day, more than 1439")]


def test_without_a_limit_no_number_of_fires_is_too_many():
    assert "too-many-fires" not in found("* * * * * ?", most=None)


@pytest.mark.parametrize(
    ("term", "meant"), [("0#2", "is read as 7#2, a Saturday"), ("8#2", "is a day that never comes")]
)
def test_a_number_that_is_no_weekday_is_found_before_a_hash(term, meant):
    message = f"day-of-week {term} {meant}: the weekdays are 1 (SUN) to 7 (SAT)"
    assert said("no-such-weekday", f"0 0 2 ? * {term}") == [(term, message)]


@pytest.mark.parametrize("term", ["1#2", "7#5", "MON#1", "98#1,2"])
def test_a_weekday_before_a_hash_is_fine(term):
    month_day = "1" if "98" in term else "?"
    assert marks("no-such-weekday", f"0 0 2 {month_day} * {term}") == []

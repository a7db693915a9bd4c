"""Numbers for weekdays as in Unix cron, and days that some months lack."""

from __future__ import annotations

import pytest

from tests.engine.cron_rules.looking import found, marks, said


@pytest.mark.parametrize(
    ("days", "meaning", "hint"),
    [
        ("1-5", "SUN-THU", "write MON-FRI if that is meant, else SUN-THU"),
        ("1,2,3,4,5", "SUN-THU", "write MON-FRI if that is meant, else SUN-THU"),
        ("1", "SUN", "write MON if that is meant, else SUN"),
        ("1,3,5", "SUN,TUE,THU", "write MON,WED,FRI if that is meant, else SUN,TUE,THU"),
        ("1-6", "SUN-FRI", "write MON-SAT if that is meant, else SUN-FRI"),
        ("6-7", "FRI,SAT", "write SAT,SUN if that is meant, else FRI,SAT"),
        ("5-0", "THU-SAT", "write FRI-SUN if that is meant, else THU-SAT"),
        ("1/2", "TUE,THU,SAT,SUN", "write SUN,MON,WED,FRI if that is meant, else TUE,THU,SAT,SUN"),
    ],
)
def test_unix_numbers_are_suspected_and_both_readings_named(days, meaning, hint):
    text = f"0 0 9 ? * {days}"
    assert said("unix-weekdays", text) == [(days, f"day-of-week {days} is {meaning}: Quartz counts from SUN = 1")]
    assert [one.hint for one in marks("unix-weekdays", text)] == [hint]


@pytest.mark.parametrize(
    "days", ["2-6", "MON-FRI", "1-7", "1,7", "7", "2,4,6", "6#3", "5L", "*", "*/2", "L", "3,7", "99", "2-5"]
)
def test_numbers_that_make_sense_in_quartz_are_left_alone(days):
    assert "unix-weekdays" not in found(f"0 0 9 ? * {days}")


NO_31 = "FEB, APR, JUN, SEP, NOV"


@pytest.mark.parametrize(
    ("days", "months", "when"),
    [
        ("31", "*", NO_31),
        ("30", "*", "FEB"),
        ("29", "*", "FEB of some years"),
        ("29-31", "*", "FEB of some years"),
        ("31", "2,3", "FEB"),
        ("29W", "*", "FEB of some years"),
        ("31W", "3-6", "APR, JUN of some years"),
        ("L-30", "*", NO_31),
        ("L-28", "*", "FEB of some years"),
        ("30", "1-2", "FEB"),
    ],
)
def test_a_day_that_months_lack_is_found_with_those_months(days, months, when):
    message = f"day-of-month {days} does not come in {when}: nothing fires then"
    assert said("skipped-months", f"0 0 2 {days} {months} ?") == [(days, message)]


def test_months_that_lack_it_in_all_and_in_some_of_the_years_are_told_apart():
    message = "day-of-month 30W does not come in FEB of some years: nothing fires then"
    assert said("skipped-months", "0 0 2 30W * ? 2026-2030") == [("30W", message.replace("FEB of some years", "FEB"))]


def test_a_fifth_weekday_is_found():
    message = "day-of-week FRI#5 does not come in some months of some years: nothing fires then"
    assert said("skipped-months", "0 0 2 ? * FRI#5") == [("FRI#5", message)]
    assert marks("skipped-months", "0 0 2 ? * FRI#5")[0].hint == "for the last such weekday write L, as FRIL"


@pytest.mark.parametrize(
    "rest",
    [
        "28 * ?",
        "28W * ?",
        "L * ?",
        "LW * ?",
        "L-27 * ?",
        "1,31 * ?",
        "28-31 * ?",
        "31 1,3,5,7,8,10,12 ?",
        "29 2 ? 2028",
        "30 2 ?",
        "? * FRI#4",
        "? * FRIL",
        "* * ?",
        "*/2 * ?",
        "*5 * ?",
    ],
)
def test_where_each_month_has_a_fire_none_is_skipped(rest):
    assert "skipped-months" not in found(f"0 0 2 {rest}")


def test_a_list_that_quartz_2_5_reads_whole_skips_nothing():
    assert "skipped-months" not in found("0 0 2 31,L * ?", quartz="2.5")

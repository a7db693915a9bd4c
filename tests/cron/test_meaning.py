"""What an expression means, and when two mean the same: also through the oddities of Quartz."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.cron import fires, hazard, next_fire, parse, same_fires


@pytest.mark.parametrize(
    "one, other",
    [
        pytest.param("0 0/30 * * * ?", "0 */30 * ? * * *", id="spelling-of-steps"),
        pytest.param("0 0 2 ? * MON-FRI", "0 0 2 ? * 2-6", id="names"),
        pytest.param("0 0 2 ? * *", "0 0 2 * * ?", id="the-day-field-with-no-value"),
        pytest.param("0 0 2 ? * L", "0 0 2 ? * SAT", id="last-alone-in-the-week"),
        pytest.param("0 0 2 L 1 ?", "0 0 2 31 1 ?", id="last-day-of-january"),
        pytest.param("0 0 2 30 2 ?", "0 0 2 31 4 ?", id="never-and-never"),
        pytest.param("0 0 2 30 2 ?", "L 0 2 * * ?", id="never-and-thrown"),
        pytest.param("0 0 2 ? * MON-FRI/2", "0 0 2 ? * MON-FRI", id="ignored-step-after-names"),
        pytest.param("0 0 2 15W,20W * ?", "0 0 2 15W * ?", id="smallest-nearest-weekday"),
        pytest.param("0 0 2 15W,20 * ?", "0 0 2 15W * ?", id="nearest-weekday-wins"),
        pytest.param("99 99 99 99 99 ?", "* * * * * ?", id="magic-99"),
        pytest.param("0 0 2 98 * MON", "0 0 2 ? * MON", id="magic-98"),
        pytest.param("0 0 2 ? * 0#1", "0 0 2 ? * 7#1", id="day-0-is-saturday"),
        pytest.param("0 0 2 ? * 6#3,2", "0 0 2 ? * 2#3", id="smallest-nth"),
        pytest.param("0 0 2 ? * MON#2,FRI", "0 0 2 ? * FRI#2,MON", id="nth-counts-for-all"),
        pytest.param("0 0 22-4/2 * * ?", "0 0 22,0,2,4 * * ?", id="wrap-round"),
        pytest.param("0 0 2 29-3/2 * ?", "0 0 2 29,31,2 * ?", id="wrap-round-from-1"),
        pytest.param("0 0 2 5-5 * ?", "0 0 2 5 * ?", id="range-of-one"),
        pytest.param("5X 0 2 * * ?", "5 0 2 * * ?", id="rubbish-after-a-number"),
        pytest.param("0 0 2 * * ? * more", "0 0 2 * * ?", id="eighth-field"),
        pytest.param("0 0 2 1 1 ? 2027,2028", "0 0 2 1 1 ? 2027-2028", id="years"),
        pytest.param("0 0 2 29 2 ? 2027", "0 0 2 29 2 ? 2100", id="no-leap-day-in-either-year"),
    ],
)  # fmt: skip
def test_the_same_fires_are_the_same_meaning(one, other):
    assert same_fires(one, other)
    assert hash(parse(one).meaning) == hash(parse(other).meaning)


@pytest.mark.parametrize(
    "one, other",
    [
        pytest.param("0 0 2 ? * 1-5", "0 0 2 ? * MON-FRI", id="quartz-counts-from-sunday"),
        pytest.param("0 0 2 LW * ?", "0 0 2 L * ?", id="last-weekday"),
        pytest.param("0 0 2 31W * ?", "0 0 2 LW * ?", id="nearest-to-31-is-not-the-last-weekday"),
        pytest.param("0 0 2 ? * 6L", "0 0 2 ? * 6#4", id="last-and-fourth"),
        pytest.param("0 0 2 * * ?", "0 0 2 * * ? 2026-2126", id="years-gone-by"),
        pytest.param("0 0 2 29W 2 ? 2025", "0 0 2 30 2 ? 2025", id="a-weekday-that-spills-over-comes-back"),
        pytest.param("0 0 2 * * ?", "not a cron", id="a-text-that-quartz-refuses"),
        pytest.param("not a cron", "not a cron either", id="two-texts-that-quartz-refuses"),
    ],
)
def test_different_fires_are_different_meanings(one, other):
    assert not same_fires(one, other)


def test_a_refused_text_is_the_same_as_itself():
    assert same_fires("not a cron", "not a cron")


def test_expressions_and_texts_may_be_compared():
    assert same_fires(parse("0 0 2 * * ?"), "0 0 2 ? * *")
    assert same_fires("0 0 2 * * ?", parse("0 0 2 * * ?"))


def test_the_last_year_is_part_of_the_meaning():
    assert not same_fires(parse("0 0 2 * * ?"), parse("0 0 2 * * ?", max_year=2127))
    assert same_fires(parse("0 0 2 * * ? 2030"), parse("0 0 2 * * ? 2030", max_year=2127))


@pytest.mark.parametrize(
    "text, said",
    [
        pytest.param("L 0 2 * * ?", "the second field names no value", id="second"),
        pytest.param(", 0 2 * * ?", "the second field names no value", id="nothing-but-a-comma"),
        pytest.param("0 L-3 2 * * ?", "the minute field names no value", id="minute"),
        pytest.param("0 0 LW * * ?", "the hour field names no value", id="hour"),
        pytest.param("0 0 2 * L ?", "the month field names no value", id="month"),
        pytest.param("0 0 2 ? * ,", "the day-of-week field names no value", id="day-of-week"),
        pytest.param("0 0 2 0W * ?", "weekday nearest", id="nearest-to-day-0"),
        pytest.param("0 0 2 L-30W * ?", "weekday nearest", id="nearest-to-a-day-before-the-month"),
    ],
)
def test_what_throws_or_hangs_in_quartz_is_a_hazard(text, said):
    assert said in hazard(parse(text))


@pytest.mark.parametrize("text", ["0 0 2 * * ?", "0 0 2 30 2 ?", "0 0 2 * * ? L", "0 0 2 ? * L", "0 0 2 31W * ?"])
def test_what_merely_never_fires_is_no_hazard(text):
    assert hazard(parse(text)) is None


def days_of(text, *, quartz="2.3", year=2027):
    start, end = datetime(year - 1, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(year, 3, 31, 23, 59, tzinfo=UTC)
    return [fire.strftime("%m-%d") for fire in fires(parse(text, quartz=quartz), start, end)]


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("0 0 2 1,L * ?", ["01-01", "01-31", "02-01", "02-28", "03-01", "03-31"], id="last"),
        pytest.param("0 0 2 9W,16W * ?", ["01-08", "01-15", "02-09", "02-16", "03-09", "03-16"], id="nearest-weekdays"),
        pytest.param("0 0 2 LW,15 2 ?", ["02-15", "02-26"], id="last-weekday-and-a-day"),
        pytest.param("0 0 2 L-1,5 2 ?", ["02-05", "02-27"], id="before-last-and-a-day"),
    ],
)
def test_quartz_2_5_counts_every_day_of_a_list(text, expected):
    assert days_of(text, quartz="2.5") == expected


def test_quartz_2_5_hangs_on_day_0_too():
    assert hazard(parse("0 0 2 0W,5 * ?", quartz="2.5")) is not None


def test_the_versions_mean_the_same_by_what_they_share():
    assert same_fires(parse("0 0 2 15W * ?", quartz="2.5"), parse("0 0 2 15W * ?"))


def test_a_year_before_the_epoch_fires_where_it_is_written():
    assert next_fire(parse("0 0 2 1 1 ? 99"), datetime(1970, 1, 1, tzinfo=UTC)) is not None
    assert next_fire(parse("0 0 2 1 1 ? 98"), datetime(97, 1, 1, tzinfo=UTC)).year == 98
    assert parse("0 0 2 1 1 ? 0").meaning.never_fires

"""What is refused, where the refusal points, and what it advises."""

from __future__ import annotations

import pytest

from reconcile.cron import CronSyntaxError, parse
from reconcile.cron.parse import LONGEST


def refusal(text, **options):
    with pytest.raises(CronSyntaxError) as caught:
        parse(text, **options)
    return caught.value


@pytest.mark.parametrize(
    "text, field, column, width",
    [
        pytest.param("60 0 0 * * ?", "second", 0, 2, id="value-of-the-first-field"),
        pytest.param("0 0 25 * * ?", "hour", 4, 2, id="value"),
        pytest.param("0 0,61 2 * * ?", "minute", 4, 2, id="value-in-a-list"),
        pytest.param("0 0/60 2 * * ?", "minute", 4, 2, id="step"),
        pytest.param("0 0 2 ? * MON#6", "day-of-week", 14, 1, id="nth"),
        pytest.param("0 0 2 ? FOO MON", "month", 8, 3, id="name"),
        pytest.param("0 0 2 ? * MON-XXX", "day-of-week", 14, 3, id="name-that-ends-a-range"),
        pytest.param("0 0 2 L-31 * ?", "day-of-month", 8, 2, id="offset-from-the-last-day"),
        pytest.param("0 0 2 * * *", "day-of-week", 10, 1, id="both-days"),
        pytest.param("0 0 2 ? * ?", "day-of-week", 10, 1, id="neither-day"),
        pytest.param("0 0 2 L,5 * ?", "day-of-month", 6, 3, id="last-in-a-list"),
        pytest.param("0 0 2 ? * 6L,2", "day-of-week", 10, 4, id="last-weekday-in-a-list"),
        pytest.param("0 0 2 , * ?", "day-of-month", 6, 1, id="empty-day-of-month"),
        pytest.param("0 0 2 * * ? 2030-2027", "year", 12, 9, id="years-backwards"),
        pytest.param("0 0 2 * * ? 1970-2147483647", "year", 12, 15, id="endless-years"),
        pytest.param("  0  0\t25 * * ?", "hour", 7, 2, id="surplus-blanks"),
        pytest.param("0 0 2 ß 25 ?", "day-of-month", 6, 1, id="letter-that-grows-in-upper-case"),
        pytest.param("0 0 25ß * * ?", "hour", 4, 3, id="rubbish-after-a-value"),
        pytest.param("0 0 2", None, 4, 1, id="too-few-fields"),
        pytest.param("", None, 0, 1, id="empty"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_points_at_the_characters(text, field, column, width):
    error = refusal(text)
    assert (error.field, error.column, error.width) == (field, column, width)


@pytest.mark.parametrize(
    "text, advice",
    [
        pytest.param("0 2 * * *", "0 0 2 * * ?", id="unix-daily"),
        pytest.param("0 2 * * MON-FRI", "0 0 2 ? * MON-FRI", id="unix-weekly-by-name"),
        pytest.param("0 2 * * 1-5", "0 0 2 ? * MON-FRI", id="unix-weekly-by-number"),
        pytest.param("0 2 * * 0,7", "0 0 2 ? * SUN,SUN", id="unix-sunday-twice"),
        pytest.param("0 2 * * */2", "0 0 2 ? * and the days of the week by name", id="unix-weekly-by-step"),
        pytest.param("0 2 13 * 5", "two schedules", id="unix-both-days"),
        pytest.param("0 0 25 * *", "0 0 0 25 * ?", id="unix-monthly-though-an-hour-is-complained-of"),
        pytest.param("0 0 2 ? * 0", "1 = SUN", id="unix-sunday"),
        pytest.param("0 0 2 * * *", "does not matter: 0 0 2 * * ?", id="both-days"),
        pytest.param("0 0 2 * * MON 2026", "does not matter: 0 0 2 ? * MON 2026", id="every-day-and-a-weekday"),
        pytest.param("0 0 2 13 * FRI", "two schedules, one with ? for each", id="a-day-and-a-weekday"),
        pytest.param("0 0 2 ? * 98#1", "exactly one of day-of-month and day-of-week is ?", id="98-for-one"),
        pytest.param("0 0 2 L,15 * ?", "two schedules: one with L", id="last-day-in-a-list"),
        pytest.param("0 0 2 ? * 6#6", "MON#2 is the second Monday", id="the-sixth-friday"),
        pytest.param("“0 0 2 * * ?”", "leave them out", id="quotation-marks"),
        pytest.param("0 0 2 * * ? 2200/5", "leave the field out for every year", id="year"),
        pytest.param("0 0 2 ? * ?", "only one of day-of-month and day-of-week", id="neither-day"),
        pytest.param("@daily", "0 0 0 * * ?", id="nickname"),
        pytest.param("0 0 2 * * ？", "？ is a full-width character; write ?", id="full-width-question-mark"),
        pytest.param("0 0 2 ＊ * ?", "＊ is a full-width character; write *", id="full-width-star"),
        pytest.param("0 0 ２ * * ?", "２ is a full-width character; write 2", id="full-width-digit"),
        pytest.param("0 0\u30002 * * ?", "U+3000 is a full-width character; write a space", id="ideographic-space"),
        pytest.param("0 0\u00a02 * * ?", "U+00A0", id="no-break-space"),
        pytest.param("0 0", "six or seven fields", id="too-few-fields"),
        pytest.param("0 0 0/24 * * ?", "name the values", id="step-too-large"),
        pytest.param("0 0 25 * * ?", "Quartz field 3 is the hour", id="value"),
        pytest.param("0 0 2 , * ?", "Quartz field 4 is the day-of-month", id="empty-field"),
    ],
)
def test_a_hint_says_what_to_write(text, advice):
    assert advice in refusal(text).hint


def test_a_refusal_is_the_same_error_each_time_it_is_asked_for():
    first, second = refusal("0 0 25 * * ?"), refusal("0 0 25 * * ?")
    assert first is not second
    assert (first.message, first.column) == (second.message, second.column)


def test_the_last_year_decides_whether_a_text_is_valid():
    assert refusal("0 0 0 1 1 ? 2200/5", max_year=2126).field == "year"
    assert parse("0 0 0 1 1 ? 2200/5", max_year=2205).meaning.years == (2200, 2205)


def test_expressions_are_equal_by_text_last_year_and_version():
    one = parse("0 0 2 * * ?")
    assert one == parse("0 0 2 * * ?")
    assert one != parse("0 0 2 * * ?", max_year=2127)
    assert one != parse("0 0 2 * * ?", quartz="2.5")
    assert one != parse("0 0 02 * * ?")
    assert one != "0 0 2 * * ?"
    assert len({one, parse("0 0 2 * * ?", max_year=2127), parse("0 0 2 * * ?")}) == 2


def test_a_text_is_kept_as_it_was_written():
    assert str(parse(" 0 0 2 ?  * mon\n")) == " 0 0 2 ?  * mon\n"


@pytest.mark.parametrize(
    "text, field",
    [
        pytest.param("0 0 2 * * ? * 8th", None, id="an-eighth-field"),
        pytest.param("L 0 2 * * ?", "second", id="last-second"),
        pytest.param("0 L 2 * * ?", "minute", id="last-minute"),
        pytest.param("0 0 L * * ?", "hour", id="last-hour"),
    ],
)
def test_quartz_2_5_refuses_what_2_3_ignored(text, field):
    assert str(parse(text)) == text
    error = refusal(text, quartz="2.5")
    assert error.field == field


def test_an_eighth_field_is_kept_for_whoever_wants_to_complain():
    assert parse("0 0 2 * * ? * garbage in").surplus == "GARBAGE IN"


def test_quartz_2_5_takes_lists_of_special_days_that_2_3_refuses():
    assert refusal("0 0 2 1,L * ?").field == "day-of-month"
    assert str(parse("0 0 2 1,L * ?", quartz="2.5")) == "0 0 2 1,L * ?"


@pytest.mark.parametrize("quartz", ["2.3", "2.5"])
def test_no_version_takes_last_weekdays_in_a_list(quartz):
    assert refusal("0 0 2 ? * 6L,2", quartz=quartz).field == "day-of-week"


def test_reading_is_bounded_by_the_length_of_the_text():
    text = f"{','.join(['0'] * 1_900)} 0 0 * * ?"
    assert len(text) < LONGEST
    parse(text)
    with pytest.raises(CronSyntaxError, match="4001 characters are not read") as caught:
        parse("0 0 0 * * ?".ljust(LONGEST + 1))
    assert (caught.value.column, caught.value.width) == (LONGEST, 1)

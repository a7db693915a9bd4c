"""Steps that do not come out even, and ranges that run round."""

from __future__ import annotations

import pytest

from tests.engine.cron_rules.looking import found, marks, said


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("0 */45 * * * ?", "*/45", "minute */45 does not come out even: 45 is followed by 0 after 15, not after 45"),
        ("0 3/7 * * * ?", "3/7", "minute 3/7 does not come out even: 59 is followed by 3 after 4, not after 7"),
        (
            "0 0-59/7 * * * ?",
            "0-59/7",
            "minute 0-59/7 does not come out even: 56 is followed by 0 after 4, not after 7",
        ),
        ("0 0 */5 * * ?", "*/5", "hour */5 does not come out even: 20 is followed by 0 after 4, not after 5"),
        ("0 0 2 1 */5 ?", "*/5", "month */5 does not come out even: 11 is followed by 1 after 2, not after 5"),
        ("0 0 2 ? * */2", "*/2", "day-of-week */2 does not come out even: 7 is followed by 1 after 1, not after 2"),
        ("0 0 2 */2 * ?", "*/2", "day-of-month */2 begins anew each month: after 31 comes 1, not 2 days later"),
        ("0 5,*/45 2 * * ?", "*/45", "minute */45 does not come out even: 45 is followed by 0 after 15, not after 45"),
        ("0 30/45 * * * ?", "30/45", "minute 30/45 is 30 alone: a step of 45 leads past 59"),
        ("0 0-30/40 * * * ?", "0-30/40", "minute 0-30/40 is 0 alone: a step of 40 leads past 30"),
    ],
)
def test_an_uneven_step_is_found_with_its_gap(text, place, message):
    assert said("uneven-step", text) == [(place, message)]


@pytest.mark.parametrize(
    "text",
    [
        "0 */30 * * * ?",
        "0 5/15 * * * ?",
        "0 0 8-18/3 * * ?",
        "0 0 */6 * * ?",
        "0 10-40/7 * * * ?",
        "0 20-59/7 * * * ?",
        "0 50-10/7 * * * ?",
        "0 0 2 */1 * ?",
        "0 0 2 * * ? 2020/3",
        "0 0 2 ? * MON-FRI/2",
        "0 */0 * * * ?",
    ],
)
def test_a_step_that_comes_out_even_or_within_a_range_is_fine(text):
    assert "uneven-step" not in found(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 */45 * * * ?", "write the values out, or take a step that divides 60, such as 30"),
        ("0 0 2 ? * */2", "write the values out if that is meant"),
        ("0 30/45 * * * ?", "write 30"),
    ],
)
def test_a_hint_names_the_next_even_step_where_there_is_one(text, hint):
    assert [one.hint for one in marks("uneven-step", text)] == [hint]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            "0 0 22-4 * * ?",
            "22-4",
            "hour 22-4 runs round: from 22 to 23, and from 0 to 4",
            "write 22-23,0-4 if that is meant, else 4-22",
        ),
        (
            "0 5,50-10/5 2 * * ?",
            "50-10/5",
            "minute 50-10/5 runs round: from 50 to 59, and from 0 to 10",
            "write the values out if that is meant, else 10-50/5",
        ),
        (
            "0 0 2 ? * 6-2",
            "6-2",
            "day-of-week 6-2 runs round: from 6 to 7, and from 1 to 2",
            "write 6-7,1-2 if that is meant, else 2-6",
        ),
        ("0 0 2 ? * 6-0", "6-0", "day-of-week 6-0 is read as 6-7: there is no 0", "write 6-7"),
        ("0 0 2 1 3-0/2 ?", "3-0/2", "month 3-0/2 is read as 3-12/2: there is no 0", "write 3-12/2"),
    ],
)
def test_a_range_that_runs_round_is_found_with_both_halves(text, place, message, hint):
    assert said("wrapping-range", text) == [(place, message)]
    assert [one.hint for one in marks("wrapping-range", text)] == [hint]


@pytest.mark.parametrize(
    "text", ["0 0 4-22 * * ?", "0 0 4-4 * * ?", "0 0 2 ? * SAT-SUN", "0 0 2 1 NOV-FEB ?", "0 0 2 L-3 * ?"]
)
def test_ranges_that_do_not_run_round_or_say_so_by_name_are_fine(text):
    assert "wrapping-range" not in found(text)

"""Forms that Quartz reads otherwise than they look."""

from __future__ import annotations

import pytest

from tests.engine.cron_rules.looking import found, marks, said

THREE_LETTERS = "a range takes names of three letters, as MON-FRI"
WEEKLY_L = "in day-of-week L is SAT; the last of a weekday is written as FRIL"


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("0 0 2 ? * MON-FRI/2", "/2", "MON-FRI/2 is read as MON-FRI", "a step works with numbers only: 2-6/2"),
        ("0 0 2 ? * MON-FRI#3", "#3", "MON-FRI#3 is read as MON-FRI", "write MON-FRI"),
        ("0 0 2 ? * MONDAY-FRIDAY", "DAY-FRIDAY", "MONDAY-FRIDAY is read as MON", THREE_LETTERS),
        ("0 0 2 1 JAN/2 ?", "/2", "JAN/2 is read as JAN", "write JAN"),
        ("0 5X 2 * * ?", "X", "5X is read as 5", "write 5"),
        ("0 0 10am * * ?", "am", "10AM is read as 10", "write 10"),
        ("0 0 2 *5 * ?", "5", "*5 is read as *", "write *"),
        ("0 */0 2 * * ?", "/0", "*/0 is read as *", "write *"),
        ("0 /0 2 * * ?", "/0", "/0 is read as *", "write *"),
        ("0 5/0 2 * * ?", "/0", "5/0 is read as 5", "write 5"),
        ("0 10-20-30 2 * * ?", "-30", "10-20-30 is read as 10-20", "write 10-20"),
        ("0 0 2 ? * L-3", "-3", "L-3 is read as L", WEEKLY_L),
        ("0 0 2 ?5 * MON", "5", "?5 is read as ?", "write ?"),
        ("0 0 2 1-15W * ?", "W", "1-15W is read as 1-15", "write 1-15"),
        ("0 0 8，9 ? * *", "，9", "8，9 is read as 8", "with an ASCII keyboard: 8,9"),
        ("0 0 2 ? * FRILX", "X", "FRILX is read as FRIL", "write FRIL"),
    ],
)  # fmt: skip
def test_what_quartz_does_not_read_is_marked(text, place, message, hint):
    ((where, what),) = said("ignored-text", text)
    assert (where, what.split(" ", 1)[1]) == (place, f"{message}: Quartz ignores {place.upper()}")
    assert [one.hint for one in marks("ignored-text", text)] == [hint]


def test_an_l_that_adds_nothing_is_marked():
    assert said("ignored-text", "0 5,L 2 * * ?") == [("L", "minute L adds nothing")]


@pytest.mark.parametrize(
    "text",
    [
        "0 0 2 ? * MONDAY",
        "0 0 2 ? * Tues",
        "0 0 2 ? * MON-FRIDAY",
        "0 0 2 1 SEPT ?",
        "0 0 2 ? * 2-6/2",
        "0 0 2 L-3W * ?",
        "0 0 2 ? * L",
        "0 05 2 * * ?",
        "0 */+5 2 * * ?",
    ],
)
def test_what_reads_as_it_looks_is_fine(text):
    assert "ignored-text" not in found(text)


@pytest.mark.parametrize("surplus", ["x", "UTC every day", "*"])
def test_fields_after_the_seventh_are_marked_together(surplus):
    message = f"{surplus.upper()} stands after the seventh field: Quartz ignores it"
    assert said("ignored-fields", f"0 0 2 * * ? * {surplus}") == [(surplus, message)]


@pytest.mark.parametrize("end", ["", " ", " *", " * ", " * \t", " * \n"])
def test_up_to_seven_fields_and_blanks_are_fine(end):
    assert "ignored-fields" not in found(f"0 0 2 * * ?{end}")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("0 99 2 * * ?", "99", "minute 99 is read as *: 99 is Quartz's own number for it"),
        ("0 0 2 98 * MON", "98", "day-of-month 98 is read as ?: 98 is Quartz's own number for it"),
        ("0 0 2 1 * 98#2", "98#2", "day-of-week 98#2 is read as ?: 98 is Quartz's own number for it"),
        ("0 0 2 * * ? 99", "99", "year 99 is read as *: 99 is Quartz's own number for it"),
        ("0 99/10 2 * * ?", "99/10", "minute 99/10 begins at 0: 99 is Quartz's own number for *"),
        ("0 0 2 99-5 * ?", "99-5", "day-of-month 99-5 begins at 1: 99 is Quartz's own number for *"),
    ],
)
def test_magic_numbers_are_found(text, place, message):
    assert said("magic-number", text) == [(place, message)]


@pytest.mark.parametrize("text", ["0 59 2 * * ?", "0 0 2 * * ? 98", "0 0 2 ? * 9#1", "0 0 2 * * ? 2099"])
def test_other_large_numbers_are_not_magic(text):
    assert "magic-number" not in found(text)


@pytest.mark.parametrize(
    ("text", "place", "counts"),
    [
        ("0 0 2 15W,20W * ?", "15W,20W", "15W"),
        ("0 0 2 20W,10 * ?", "20W,10", "10W"),
        ("0 0 2 ? * MON#2,FRI", "MON#2,FRI", "2#2"),
        ("0 0 2 ? * 6#3,2", "6#3,2", "2#3"),
        ("0 0 2 ?,5 * MON", "?,5", "?"),
    ],
)
def test_a_list_of_which_a_part_counts_is_found_with_that_part(text, place, counts):
    field = "day-of-week" if "#" in text else "day-of-month"
    message = f"{field} {place} is read as {counts}: the rest of the list does not count"
    assert said("partly-read-list", text) == [(place, message)]


@pytest.mark.parametrize("text", ["0 0 2 15W * ?", "0 0 2 15,20 * ?", "0 0 2 ? * MON,FRI", "0 0 2 15W, * ?"])
def test_lists_that_count_as_a_whole_are_fine(text):
    assert "partly-read-list" not in found(text)


def test_quartz_2_5_counts_each_nearest_weekday():
    assert "partly-read-list" not in found("0 0 2 15W,20W * ?", quartz="2.5")


def test_l_alone_in_day_of_week_is_found():
    message = "day-of-week L is every SAT, not the last weekday of the month"
    assert said("weekday-l", "0 0 2 ? * L") == [("L", message)]


@pytest.mark.parametrize("text", ["0 0 2 L * ?", "0 0 2 ? * FRIL", "0 0 2 ? * 6L", "0 0 2 ? * SAT"])
def test_l_elsewhere_is_what_it_looks_like(text):
    assert "weekday-l" not in found(text)

"""What the vectors do not hold, and what Quartz 2.3.2 itself answered when it was asked (Debian's libquartz2-java).

Found by asking it 150,000 mutated texts for validity and 120,000 random expressions for fires around changes of clocks;
`benchmarks/cron.py` finds the same jar.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconcile.cron import CronSyntaxError, hazard, next_fire, parse


@pytest.mark.parametrize(
    "text, message",
    [
        ("5-90/0 0 0 * * ?", "Minute and Second values must be between 0 and 59"),
        ("5-99/0 0 0 * * ?", "Minute and Second values must be between 0 and 59"),
        ("0 0 0 5-98/0 * ?", "Day of month values must be between 1 and 31"),
    ],
)
def test_a_range_with_a_step_of_nothing_is_checked_to_its_end(text, message):
    with pytest.raises(CronSyntaxError) as caught:
        parse(text)
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["5-3/0 0 0 * * ?", "99-70/0 0 0 * * ?", "0 0 0 ? * * 2030-2020/0"])
def test_a_range_with_a_step_of_nothing_may_run_backwards(text):
    assert parse(text).text == text


@pytest.mark.parametrize("text", ["0 0 0 98-4 * ?", "0 0 0 98/3 * ?"])
def test_a_month_without_days_is_refused_as_an_empty_one(text):
    with pytest.raises(CronSyntaxError) as caught:
        parse(text)
    assert caught.value.field == "day-of-month"


@pytest.mark.parametrize("text", ["0 0 0 ? * 98/3", "0 0 0 ? * 98-3"])
def test_a_week_without_days_is_a_hazard(text):
    assert "day-of-week" in hazard(parse(text))


def test_a_field_that_is_empty_only_in_part_is_none():
    assert hazard(parse("0 0 0 ? * 98/3,2")) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("0 0 0 ? * 6-2/3,5#2", "2023-12-11", id="the-smallest-number-lies-beyond-the-wrap"),
        pytest.param("0 0 0 ? * 98-3,MON#2", "2023-12-11", id="a-range-that-names-nothing-beside-an-nth"),
        pytest.param("0 0 0 ? * 99#2,5", "2023-12-14", id="99-before-nth-is-a-number"),
        pytest.param("0 0 0 98-3,5W * ?", "2023-12-05", id="a-range-that-names-nothing-beside-a-nearest-weekday"),
    ],
)
def test_the_smallest_number_of_a_list_counts(text, expected):
    after = datetime.fromtimestamp(1_700_000_000, UTC)
    assert next_fire(parse(text), after).date().isoformat() == expected


@pytest.mark.parametrize("text", ["0 0 0 ? * ,99#2", "0 0 0 ? * 120#2", "0 0 0 ? * 8#1"])
def test_a_weekday_that_no_week_has_never_fires(text):
    assert parse(text).meaning.never_fires

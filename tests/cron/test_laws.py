"""Laws that hold of every expression: of reading, of meaning, and of fires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconcile.cron import CronSyntaxError, fires, has_h, hazard, next_fire, parse, resolve_h, same_fires, words
from reconcile.cron.days import value_mask, year_kind
from reconcile.cron.fields import FIELDS
from tests.cron.strategies import INSTANTS, ZONES, changes, expressions, numbers

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=size) for size in (1, 60, 3600, 86_400))
FIELD_NAMES = {field.name for field in FIELDS}
TEXTS = st.one_of(st.text(), st.text("0123456789 *?,-/#LWH\tMONFRIJA９？＊ß\u3000", max_size=40))


@given(TEXTS, st.sampled_from(["2.3", "2.5"]))
@example("0 0 0 ? * ?" + "9" * 6000, "2.3")
@example("0 0 0 1 1 ? 1-2147483647", "2.3")
@example("0 0 0 1 1 ? 0/1", "2.3")
@example("\ud800 0", "2.3")
def test_any_text_is_an_expression_or_a_refusal_with_a_place(text, quartz):
    try:
        assert str(parse(text, quartz=quartz)) == text
    except CronSyntaxError as error:
        assert error.message
        assert error.text == text
        assert 0 <= error.column <= max(0, len(text) - 1)
        assert 1 <= error.width <= max(1, len(text) - error.column)
        assert error.field is None or error.field in FIELD_NAMES


@given(expressions(), st.integers(0, 5), st.sampled_from(["60", "99999", "XYZ", "5-", "*/", "-1", "!"]))
def test_a_fault_put_into_a_field_is_found_there(text, index, fault):
    fields = text.split()
    fields[index] = fault
    column = len(" ".join(fields[:index])) + (index > 0)
    with pytest.raises(CronSyntaxError) as caught:
        parse(" ".join(fields))
    assert caught.value.field == FIELDS[index].name
    assert column <= caught.value.column < column + len(fault)


@given(expressions())
def test_the_text_of_an_expression_is_read_as_the_same_meaning(text):
    assert parse(str(parse(text))).meaning == parse(text).meaning


@given(expressions())
def test_case_and_blanks_mean_nothing(text):
    assert same_fires(f" {text.lower()} ".replace(" ", "\t  "), text)


def listed(text, field):
    """The values of a plain field, one by one."""
    terms = parse(text).fields[field.index].terms
    last = field.last or 0
    mask = value_mask(terms, field.first, last)
    return ",".join(str(value) for value in range(field.first, last + 1) if mask >> value & 1)


def rewritten(text):
    """The same expression with its time of day and months written out."""
    parts = text.split()
    for index in (0, 1, 2, 4):
        parts[index] = listed(text, FIELDS[index])
    return " ".join(parts)


@given(expressions())
def test_values_written_out_are_the_same_meaning(text):
    assert parse(rewritten(text)).meaning == parse(text).meaning


@given(expressions(), st.sampled_from(ZONES[:3]))
def test_equal_meanings_fire_equally_over_ten_years(text, zone):
    one, other = parse(text), parse(rewritten(text))
    for year in range(2017, 2027):
        start = datetime(year, 3, 8, tzinfo=zone)
        assert list(islice(fires(one, start), 3)) == list(islice(fires(other, start), 3))


def fires_on(expression, day):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return list(fires(expression, start - SECOND, start + DAY - SECOND))


def days_of(meaning):
    return {
        date(year, month, day)
        for year in meaning.years
        if 2016 <= year <= 2046
        for month, mask in enumerate(meaning.days[year_kind(year)], 1)
        for day in range(1, 32)
        if mask > 0 and mask >> day & 1
    }


@given(expressions(st.sampled_from(["0", "0,30", "30"])), expressions(st.sampled_from(["0", "0,30", "30"])))
def test_meanings_that_differ_fire_differently_on_some_day(text, other_text):
    one, other = parse(text), parse(other_text)
    days, other_days = days_of(one.meaning), days_of(other.meaning)
    if same_fires(one, other) or hazard(one) or hazard(other):
        return
    if days != other_days:
        witness = min(days ^ other_days)
    elif days:
        witness = min(days)
    else:
        return
    assert fires_on(one, witness) != fires_on(other, witness)


@given(expressions(), INSTANTS, st.sampled_from(ZONES))
def test_a_fire_is_strictly_later_and_in_the_zone_asked_for(text, at, zone):
    fire = next_fire(parse(text), at.astimezone(zone))
    assert fire is None or (fire.tzinfo is zone and fire.astimezone(UTC) > at)


@given(expressions(), INSTANTS, st.integers(0, 10**8), st.sampled_from(ZONES))
def test_a_later_start_has_no_earlier_fire(text, at, seconds, zone):
    expression = parse(text)
    fire = next_fire(expression, at.astimezone(zone))
    later = next_fire(expression, (at + timedelta(seconds=seconds)).astimezone(zone))
    if hazard(expression):
        return
    assert later is None or (fire is not None and fire.astimezone(UTC) <= later.astimezone(UTC))


@given(expressions(), INSTANTS, st.sampled_from(ZONES))
def test_a_fire_matches_its_own_meaning_on_the_wall_clock(text, at, zone):
    expression = parse(text)
    fire = next_fire(expression, at.astimezone(zone))
    if fire is None:
        return
    meaning = expression.meaning
    assert meaning.hours >> fire.hour & 1 and meaning.minutes >> fire.minute & 1 and meaning.seconds >> fire.second & 1
    assert meaning.days[year_kind(fire.year)][fire.month - 1] >> fire.day & 1
    assert fire.year in meaning.years


CHANGES = [(zone, at) for zone in ZONES[1:] for at in changes(zone, 2017, 2018)]


def is_last_reading(instant, zone):
    """Whether *instant*'s wall time is read no more after it."""
    wall = instant.astimezone(zone).replace(tzinfo=None)
    return all((instant + minutes * MINUTE).astimezone(zone).replace(tzinfo=None) != wall for minutes in (30, 60))


@given(numbers(0, 59), numbers(0, 23), st.sampled_from(CHANGES))
# Quartz loses 02:30 here: from 01:30 it tries 02:01, which is read as 02:31, and goes on from there.
@example("1,30", "1-0", (ZONES[2], datetime(2017, 9, 30, 16, tzinfo=UTC)))
def test_around_a_change_of_clocks_each_wall_time_fires_once_at_its_last_reading(minute, hour, change):
    zone, at = change
    expression = parse(f"0 {minute} {hour} * * ?")
    meaning = expression.meaning
    start, end = at - 4 * HOUR, at + 4 * HOUR
    expected = {
        instant
        for instant in (start + number * MINUTE for number in range(8 * 60))
        if meaning.hours >> instant.astimezone(zone).hour & 1
        and meaning.minutes >> instant.astimezone(zone).minute & 1
        and is_last_reading(instant, zone)
    }
    found = [fire.astimezone(UTC) for fire in fires(expression, (start - SECOND).astimezone(zone), end - SECOND)]
    assert found == sorted(set(found) & expected)
    assert all(abs(lost - at) <= HOUR and springs_forward(at, zone) for lost in expected.difference(found))


def springs_forward(at, zone):
    before, after = (at - HOUR).astimezone(zone).utcoffset(), at.astimezone(zone).utcoffset()
    return after > before


@pytest.mark.parametrize(
    "zone, start, expected",
    [
        pytest.param("America/New_York", "2026-03-08T00:30", ["01:00", "01:30", "03:00", "03:30"], id="gap"),
        pytest.param("America/New_York", "2026-11-01T00:00", ["00:30", "01:00", "01:30", "02:00"], id="overlap"),
        pytest.param("Australia/Lord_Howe", "2026-10-04T01:00", ["01:30", "02:30", "03:00", "03:30"], id="half-hour"),
        pytest.param("America/Sao_Paulo", "2018-11-03T23:00", ["23:30", "01:00", "01:30", "02:00"], id="midnight-gap"),
    ],
)  # fmt: skip
def test_every_half_hour_across_a_change_of_clocks(zone, start, expected):
    after = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    found = islice(fires(parse("0 0/30 * * * ?"), after), 4)
    assert [fire.strftime("%H:%M") for fire in found] == expected


def test_an_overlap_is_90_minutes_of_silence_for_every_half_hour():
    zone = ZoneInfo("America/New_York")
    before = datetime(2026, 11, 1, 0, 30, tzinfo=zone)
    after = next_fire(parse("0 0/30 * * * ?"), before)
    assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(minutes=90)


@given(expressions())
def test_every_expression_has_words_in_both_languages(text):
    assert words(parse(text))
    assert words(parse(text), "zh")


@given(st.text(), st.text(), st.integers(0, 4))
def test_a_hash_is_within_its_field_and_always_the_same(tenant, code, index):
    parts = ["0", "0", "0", "1", "1", "?"]
    parts[index] = "H"
    resolved = resolve_h(" ".join(parts), tenant, code)
    value, field = int(resolved.split()[index]), FIELDS[index]
    assert field.first <= value <= (field.last or 0)
    assert resolved == resolve_h(" ".join(parts), tenant, code)


@given(TEXTS)
def test_a_text_without_a_hash_is_left_as_it_is(text):
    assert has_h(text) or resolve_h(text, "acme", "1") == text

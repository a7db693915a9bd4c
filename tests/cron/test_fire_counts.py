"""Looking back and counting agree with walking forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import fire_count, fires, fires_per_day, hazard, next_fire, parse, previous_fire
from tests.cron.strategies import ZONES as LAW_ZONES
from tests.cron.strategies import changes, expressions
from tests.cron.vectors import rows
from tests.examples import examples

ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]
EXPRESSIONS = sorted({row["expr"] for row in rows() if row["valid"]})
CHANGES = [(zone, at) for zone in LAW_ZONES[1:] for at in changes(zone, 2016, 2017)]
INSTANTS = st.integers(1_483_228_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@examples(3)
@given(st.sampled_from(EXPRESSIONS), INSTANTS, st.sampled_from(ZONES))
def test_the_fire_before_the_next_is_not_later_than_the_start(text, at, zone):
    expression = parse(text)
    start = at.astimezone(ZoneInfo(zone))
    following = next_fire(expression, start)
    if following is None or hazard(expression):
        return
    before = previous_fire(expression, following)
    assert before is None or before.astimezone(UTC) <= at


@examples(3)
@given(st.sampled_from(EXPRESSIONS), INSTANTS, st.sampled_from(ZONES))
def test_no_fire_lies_between_the_previous_one_and_now(text, at, zone):
    expression = parse(text)
    now = at.astimezone(ZoneInfo(zone))
    before = previous_fire(expression, now)
    if before is None or hazard(expression):
        return
    following = next_fire(expression, before)
    assert before < now
    assert following is None or following.astimezone(UTC) >= at


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "text",
    ["0 */30 8-19 ? * * *", "0 30 2 * * ?", "0 0 0 ? * SUN", "0 15 1,2 L * ?", "0 0 0 29 2 ?", "0 0/20 * 31W * ?"],
)
def test_a_count_is_what_walking_finds(text, zone):
    expression = parse(text)
    at = ZoneInfo(zone)
    start, end = datetime(2018, 1, 17, 13, 5, tzinfo=at), datetime(2020, 11, 20, 1, 30, tzinfo=at)
    walked = sum(1 for _ in fires(expression, start - timedelta(seconds=1), end - timedelta(seconds=1)))
    assert fire_count(expression, start, end, at) == walked


@given(
    expressions(st.sampled_from(["0", "0,59"])),
    st.sampled_from(CHANGES),
    st.integers(-99_999, 9999),
    st.integers(0, 199_999),
)
def test_a_count_around_a_change_of_clocks_is_what_walking_finds(text, change, offset, seconds):
    zone, at = change
    expression = parse(text)
    start = at + timedelta(seconds=offset)
    end = start + timedelta(seconds=seconds)
    walked = fires(expression, (start - timedelta(seconds=1)).astimezone(zone), end - timedelta(seconds=1))
    assert fire_count(expression, start, end, zone) == sum(1 for _ in walked)


def test_a_part_of_a_second_holds_no_fire():
    expression = parse("* * * * * ?")
    start = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert fire_count(expression, start, start + timedelta(seconds=2), UTC) == 2
    assert fire_count(expression, start, start + timedelta(microseconds=1), UTC) == 0


def test_a_span_that_ends_before_it_begins_holds_no_fire():
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)
    for zone in ZONES:
        assert fire_count(parse("* * * * * ?"), now, now - timedelta(hours=1), ZoneInfo(zone)) == 0


def test_a_count_begins_with_its_start_and_leaves_out_its_end():
    expression = parse("0 0 * * * ?")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert fire_count(expression, start, start + timedelta(hours=2), UTC) == 2


def test_a_count_of_what_hangs_in_quartz_ends_where_its_fires_end():
    expression = parse("0 0 4 L-30W * ?")
    assert fire_count(expression, datetime(2024, 9, 24, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), UTC) == 1


@pytest.mark.parametrize("text, expected", [("* * * * * ?", 86_400), ("0 0 0 30 2 ?", 0), ("0 0 2 1 1 ?", 1)])
def test_fires_per_day_is_the_product_of_the_time_fields(text, expected):
    assert fires_per_day(parse(text)) == expected


def test_before_the_first_fire_there_is_none():
    assert previous_fire(parse("0 0 0 1 1 ? 2030"), datetime(2030, 1, 1, tzinfo=UTC)) is None
    assert previous_fire(parse("0 0 0 30 2 ?"), datetime(2030, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("search", [next_fire, previous_fire])
def test_a_time_without_a_zone_is_refused(search):
    with pytest.raises(ValueError, match="aware"):
        search(parse("0 0 0 * * ?"), datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


class CountingZone(ZoneInfo):
    """A zone that counts how often it is asked."""

    asked = 0

    def utcoffset(self, moment):
        CountingZone.asked += 1
        return super().utcoffset(moment)


@pytest.mark.parametrize(
    "text, before, zone, expected",
    [
        pytest.param(
            "* * * ? * *", "2011-12-31T00:00", "Pacific/Apia", "2011-12-29T23:59:59-10:00", id="a-day-skipped"
        ),
        pytest.param(
            "* * 2 * * ?", "2026-03-08T04:00", "America/New_York", "2026-03-07T02:59:59-05:00", id="an-hour-skipped"
        ),
        pytest.param(
            "* * * * * ?",
            "2026-11-01T01:59",
            "America/New_York",
            "2026-11-01T00:59:59-04:00",
            id="an-hour-to-come-again",
        ),
    ],
)
def test_looking_back_does_not_step_through_what_clocks_skip(text, before, zone, expected):
    at = CountingZone(zone)
    CountingZone.asked = 0
    assert previous_fire(parse(text), datetime.fromisoformat(before).replace(tzinfo=at)).isoformat() == expected
    assert CountingZone.asked < 200


def test_looking_back_past_years_of_skipped_fires_is_quick():
    # The last Sunday of March at 01:15 is skipped in each year since 1981.
    at = CountingZone("Europe/Dublin")
    CountingZone.asked = 0
    assert previous_fire(parse("0 15 1 ? 3 SUNL"), datetime(2027, 12, 18, tzinfo=at)).year == 1980
    assert CountingZone.asked < 3000


def test_the_first_and_the_last_year_of_the_calendar_fire_in_no_zone():
    assert parse("0 0 0 1 1 ? 1").meaning.never_fires
    assert previous_fire(parse("0 0 0 1 1 ? 1-5"), datetime(2, 1, 2, tzinfo=ZoneInfo("Asia/Shanghai"))) is not None
    assert parse("0 0 0 1 1 ? 9998/1", max_year=9999).meaning.years == (9998,)

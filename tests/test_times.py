"""Durations and instants as text, and time that passes where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import SettingError
from reconcile.times import (
    between,
    clock_change,
    duration,
    duration_seconds,
    duration_text,
    in_zone,
    instant,
    instant_text,
    later,
    local_text,
    time_zone,
)

NEW_YORK = ZoneInfo("America/New_York")
MILLISECONDS = st.integers(min_value=0, max_value=10**12)  # thirty years
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text, seconds",
    [("20ms", 0.02), ("10s", 10), ("0.5s", 0.5), ("5m", 300), ("2h", 7200), ("1.5h", 5400), ("1d", 86400), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert duration_seconds(text) == seconds
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "-5m", "+5m", "5 m", "1w", "1h30m", ".5s", "٣s", "5m\n"])
def test_any_other_text_is_no_duration(text):
    assert duration_seconds(text) is None
    with pytest.raises(ValueError) as refused:
        duration(text)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    "span, text",
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(seconds=1_000_001), "1000001s"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=36), "36h"),
        (timedelta(days=7), "7d"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(span, text):
    assert duration_text(span) == text


@given(MILLISECONDS)
def test_a_duration_is_read_as_it_is_written(milliseconds):
    span = timedelta(milliseconds=milliseconds)
    assert duration(duration_text(span)) == span


@given(INSTANTS)
def test_an_instant_is_read_as_it_is_written(at):
    assert instant(instant_text(at, timespec="microseconds")) == at


@pytest.mark.parametrize("text", ["", "soon", "2026-01-05", "2026-01-05T00:00:00", "0001-01-01T00:00:00+10:00"])
def test_a_text_without_an_offset_is_no_instant(text):
    assert instant(text) is None


def test_an_instant_is_written_in_utc_whatever_its_zone():
    at = datetime(2026, 7, 1, 8, 0, 0, 123_456, tzinfo=time_zone("Asia/Shanghai"))
    assert instant_text(at) == "2026-07-01T00:00:00Z"
    assert instant_text(at, timespec="milliseconds") == "2026-07-01T00:00:00.123Z"
    assert local_text(at) == "2026-07-01 08:00:00+08:00"
    assert local_text(at.replace(tzinfo=None), timespec="minutes") == "2026-07-01 08:00"


def test_a_time_zone_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(SettingError, match="Asia/Shanghia is not a time zone") as refused:
        time_zone("Asia/Shanghia")
    assert refused.value.hint == "did you mean Asia/Shanghai?"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/passwd", "a\x00b", "Mars/Base", "x" * 300])
def test_what_is_no_name_of_a_zone_is_refused(name):
    with pytest.raises(SettingError, match="is not a time zone"):
        time_zone(name)


def test_an_instant_is_told_on_the_clocks_of_a_zone():
    assert str(in_zone(datetime(2026, 7, 1, tzinfo=UTC), "America/New_York")) == "2026-06-30 20:00:00-04:00"


@pytest.mark.parametrize(
    "start, span, end",
    [
        pytest.param("2026-03-08T01:30", timedelta(hours=1), "2026-03-08 03:30:00-04:00", id="an-hour-is-skipped"),
        pytest.param("2026-11-01T01:30", timedelta(hours=1), "2026-11-01 01:30:00-05:00", id="an-hour-is-repeated"),
        pytest.param("2026-11-01T03:00", timedelta(hours=-3), "2026-11-01 01:00:00-04:00", id="backwards"),
    ],
)
def test_a_span_is_the_time_that_passes_where_clocks_change(start, span, end):
    at = datetime.fromisoformat(start).replace(tzinfo=NEW_YORK)
    assert str(later(at, span)) == end
    assert between(at, later(at, span)) == span


@pytest.mark.parametrize(
    "day, change", [("2026-03-08", "2026-03-08T07:00:00Z"), ("2026-11-01", "2026-11-01T06:00:00Z")]
)
def test_the_second_is_found_at_which_clocks_change(day, change):
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert instant_text(clock_change(NEW_YORK, midnight, midnight + timedelta(days=1))) == change

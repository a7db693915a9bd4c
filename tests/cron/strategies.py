"""Expressions for the laws: from the grammar, sloppy forms included, and moments around changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from reconcile.cron.fields import DAYS, MONTHS

ZONES = [ZoneInfo(name) for name in ("UTC", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo")]
INSTANTS = st.integers(1_483_228_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def numbers(low, high):
    one = st.integers(low, high)
    step = st.integers(1, high - low)
    pieces = st.one_of(
        one.map(str),
        st.tuples(one, one).map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(one, one, step).map(lambda parts: f"{parts[0]}-{parts[1]}/{parts[2]}"),
        st.tuples(one, step).map(lambda parts: f"{parts[0]}/{parts[1]}"),
        step.map("*/{}".format),
        st.just("*"),
    )
    return st.lists(pieces, min_size=1, max_size=3).map(",".join)


def names(of):
    return st.one_of(st.sampled_from(of), st.tuples(st.sampled_from(of), st.sampled_from(of)).map("-".join))


NUMBERED_DAYS = st.integers(1, 31)
MONTH_DAYS = st.one_of(
    numbers(1, 31),
    NUMBERED_DAYS.map("{}W".format),
    st.sampled_from(["L", "LW", "15W,20", "20W,5W", "99"]),
    st.integers(0, 27).map("L-{}".format),
    st.integers(0, 27).map("L-{}W".format),
)
WEEK_DAYS = st.one_of(
    numbers(1, 7),
    names(DAYS),
    st.sampled_from(["L", "MON-FRI/2", "6#3,2", "0#2", "8#1"]),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda parts: f"{parts[0]}#{parts[1]}"),
    st.sampled_from(DAYS).map("{}L".format),
)
YEARS = st.one_of(st.just("*"), st.just("*"), st.sampled_from(["2020-2024", "2018/3", "2019,2024", "2016-2030/2"]))
MONTHS_OF_YEAR = st.one_of(st.just("*"), numbers(1, 12), names(MONTHS))


@st.composite
def expressions(draw, seconds=None):
    """Valid texts; few of them have hazards, none is endless."""
    time = [draw(numbers(0, 59) if seconds is None else seconds), draw(numbers(0, 59)), draw(numbers(0, 23))]
    month_day, week_day = draw(st.one_of(st.tuples(MONTH_DAYS, st.just("?")), st.tuples(st.just("?"), WEEK_DAYS)))
    return " ".join([*time, month_day, draw(MONTHS_OF_YEAR), week_day, draw(YEARS)])


def changes(zone, first, last):
    """The instants, to the hour, before which the offset of *zone* changes."""
    found, at = [], datetime(first, 1, 1, tzinfo=UTC)
    while at.year <= last:
        after = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(after)
        at = after
    return found

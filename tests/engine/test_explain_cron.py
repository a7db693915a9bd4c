"""What an expression means to a person, and what another does otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import fires, next_fire, parse
from reconcile.engine.explain_cron import explain, lacking

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def explained(text, against=None, now=NOW, **more):
    return explain(parse(text), now, against=None if against is None else parse(against), **more)


def compared(text, against, now=NOW, count=2):
    return explained(text, against, now, count=count).comparison


def said(instants):
    return [instant.isoformat() for instant in instants]


def test_words_and_fields_are_in_the_language_asked_for():
    english, chinese = (explained("0 30 2 L * ?", language=language) for language in ("en", "zh"))
    assert (english.words, chinese.words) == ("At 02:30, on the last day of the month", "每月最后一天 02:30")
    assert (english.fields[3].meaning, chinese.fields[3].meaning) == ("on the last day of the month", "每月最后一天")


def test_all_seven_fields_are_explained_also_a_year_that_was_not_written():
    fields = explained("0 */10 8-19 ? jan,feb MON-FRI").fields
    assert [(field.name, field.text, field.meaning) for field in fields] == [
        ("second", "0", "0"),
        ("minute", "*/10", "every 10 from 0 through 50"),
        ("hour", "8-19", "8 through 19"),
        ("day-of-month", "?", "whatever the other day field says"),
        ("month", "JAN,FEB", "January and February"),
        ("day-of-week", "MON-FRI", "Monday through Friday"),
        ("year", "*", "every"),
    ]


@pytest.mark.parametrize(
    "text, index, meaning",
    [
        pytest.param("0 0 0 1 * 98#1", 5, "whatever the other day field says", id="98-is-no-value"),
        pytest.param("0 0 0 ? * 9#1", 5, "no value", id="no-such-day-of-the-week"),
        pytest.param(", 0 0 * * ?", 0, "no value", id="nothing-named"),
        pytest.param("0 0 0 1 * ? 2200", 6, "no value", id="a-year-too-late"),
        pytest.param("0 0 0 1 * ? 2026-2030/2", 6, "2026, 2028 and 2030", id="years"),
    ],
)
def test_an_odd_field_says_what_quartz_makes_of_it(text, index, meaning):
    assert explained(text).fields[index].meaning == meaning


def test_the_next_fires_are_on_the_clock_of_the_zone():
    found = explained("0 0 2 * * ?", now=NOW.astimezone(CHINA), count=2)
    assert said(found.fires) == ["2026-01-06T02:00:00+08:00", "2026-01-07T02:00:00+08:00"]
    assert found.timezone == "Asia/Shanghai"


def test_fires_a_day_are_counted():
    assert explained("0 */30 8-19 ? * *").fires_per_day == 24


def test_what_never_fires_is_told_from_what_fires_no_more():
    never, over = explained("0 0 2 30 2 ?"), explained("0 0 2 * * ? 2020")
    assert (never.never_fires, never.fires) == (True, ())
    assert (over.never_fires, over.fires) == (False, ())


def test_a_hazard_is_told():
    assert explained("0 0 2 * * ?").hazard is None
    assert "hangs" in explained("0 0 0 0W * ?").hazard


def test_nothing_is_compared_unless_asked():
    assert explained("0 0 2 * * ?").comparison is None


def test_two_spellings_of_one_meaning_are_the_same():
    other = compared("0 0/30 * * * ?", "0 */30 * ? * * *")
    assert (other.is_same, other.only_here, other.only_there) == (True, (), ())


def test_each_lacks_fires_of_the_other():
    other = compared("0 0 2 * * ?", "0 0 3 * * ?")
    assert other.words == "At 03:00, every day"
    assert said(other.only_here) == ["2026-01-06T02:00:00+00:00", "2026-01-07T02:00:00+00:00"]
    assert said(other.only_there) == ["2026-01-06T03:00:00+00:00", "2026-01-07T03:00:00+00:00"]


def test_a_fire_of_the_hour_that_is_running_counts_only_when_it_is_still_to_come():
    now = NOW.replace(minute=30)
    assert said(lacking(parse("0 15,45 8 5 1 ? 2026"), parse("0 0 2 * * ?"), now)) == ["2026-01-05T08:45:00+00:00"]


def test_a_difference_in_seventy_years_is_found_at_once():
    other = compared("* * * * * ?", "* * * * * ? 2026-2099")
    assert said(other.only_here) == ["2100-01-01T00:00:00+00:00", "2100-01-01T00:00:01+00:00"]
    assert other.only_there == ()


def test_a_difference_in_the_past_only_is_a_difference_without_fires():
    other = compared("0 0 2 * * ? 2020-2030", "0 0 2 * * ? 2019-2030")
    assert (other.is_same, other.only_here, other.only_there) == (False, (), ())


def test_a_time_that_clocks_skip_is_no_difference_on_that_day():
    before = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    assert said(compared("0 30 2 * * ?", "0 30 3 * * ?", before, 1).only_here) == ["2026-03-30T02:30:00+02:00"]


def test_where_the_search_of_quartz_hangs_the_fires_end():
    assert compared("0 0 0 0W * ?", "0 0 2 * * ?").only_here == ()


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        next(lacking(parse("0 0 2 * * ?"), parse("0 0 3 * * ?"), NOW.replace(tzinfo=None)))


_NUMBERS = st.sampled_from(["0", "*/30", "0/20", "15-17"])
_HOURS = st.sampled_from(["*", "2", "0-3", "1/5"])
_DAYS = st.sampled_from(["* * ?", "L * ?", "? * MON-FRI", "1/3 * ?", "? 3 SUN", "25 10 ?"])
_TEXTS = st.tuples(_NUMBERS, _NUMBERS, _HOURS, _DAYS).map(" ".join)


def just_before(instant):
    """A second earlier: between two fires of the one expression there may be millions of the other."""
    return (instant.astimezone(UTC) - timedelta(seconds=1)).astimezone(instant.tzinfo)


@given(
    _TEXTS,
    _TEXTS,
    st.sampled_from([datetime(2026, 3, 28, 23, 30, 5, tzinfo=BERLIN), datetime(2026, 10, 24, 23, 59, tzinfo=BERLIN)]),
)
def test_what_is_lacking_is_what_walking_through_both_finds(one, other, now):
    walked = list(islice(fires(parse(one), now), 100))
    expected = [fire for fire in walked if next_fire(parse(other), just_before(fire)) != fire]
    found = lacking(parse(one), parse(other), now)
    assert list(islice(found, len(expected))) == expected

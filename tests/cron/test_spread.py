"""H spreads evenly, is the same everywhere, and is resolved field by field."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import CronSyntaxError, has_h, parse, resolve_h

CODES = [str(1085431505565650000 + number) for number in range(10_000)]


def test_ten_thousand_codes_are_spread_evenly():
    minutes = Counter(resolve_h("0 H 2 * * ?", "acme", code).split()[1] for code in CODES)
    assert len(minutes) == 60
    # 166.7 a minute are expected; four standard deviations of a fair throw are 51.
    assert max(abs(count - 10_000 / 60) for count in minutes.values()) < 52


def test_the_fields_are_independent():
    pairs = Counter(tuple(resolve_h("H H 2 * * ?", "acme", code).split()[:2]) for code in CODES)
    assert sum(second == minute for (second, minute), count in pairs.items() for _ in range(count)) < 260


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("0 H H(1-4) * * ?", "0 36 1 * * ?", id="plain-and-range"),
        pytest.param("0 H/15 * * * ?", "0 9-59/15 * * * ?", id="step"),
        pytest.param("0 0 H(8-18)/2 * * ?", "0 0 8-18/2 * * ?", id="range-and-step"),
        pytest.param("0 0 2 ? * H(MON-FRI)", "0 0 2 ? * 3", id="names"),
        pytest.param("0 h,59 2 * * ?", "0 36,59 2 * * ?", id="small-letter-and-list"),
        pytest.param("0  0\t2 H * ?", "0  0\t2 23 * ?", id="blanks-are-kept"),
        pytest.param("0 0 2 ? MAR THU", "0 0 2 ? MAR THU", id="names-are-no-hash"),
    ],
)
def test_the_hash_never_changes(text, expected):
    assert resolve_h(text, "acme", "1085431505565651039") == expected


@given(
    st.sampled_from(CODES), st.sampled_from(["H H H H H ?", "H(3-9) H/7 H(2-20)/3 ? H H", "H H H H(1-31)/2 H(2-5) ?"])
)
def test_what_is_resolved_is_plain_quartz(code, text):
    resolved = resolve_h(text, "acme", code)
    assert has_h(text)
    assert not has_h(resolved)
    assert not parse(resolved).meaning.never_fires


def test_a_hashed_day_is_one_that_every_month_has():
    assert {int(resolve_h("0 0 0 H * ?", "acme", code).split()[3]) for code in CODES} == set(range(1, 29))


@pytest.mark.parametrize(
    "text, column, field",
    [
        pytest.param("0 H( 2 * * ?", 2, "minute", id="malformed"),
        pytest.param("0 HX 2 * * ?", 2, "minute", id="rubbish"),
        pytest.param("0 H(5-70) 2 * * ?", 2, "minute", id="beyond-the-field"),
        pytest.param("0 H(9-5) 2 * * ?", 2, "minute", id="backwards"),
        pytest.param("0 0 H(X-5) * * ?", 4, "hour", id="no-number"),
        pytest.param("0 0,H/61 2 * * ?", 4, "minute", id="step-too-large"),
        pytest.param("0 0 2 H(0-3) * ?", 6, "day-of-month", id="below-the-field"),
        pytest.param("0 0 2 * * ? H", 12, "year", id="year"),
    ],
)
def test_a_wrong_hash_is_refused_at_its_place(text, column, field):
    with pytest.raises(CronSyntaxError) as caught:
        resolve_h(text, "acme", "1")
    assert (caught.value.column, caught.value.field) == (column, field)
    assert caught.value.hint

"""H spreads evenly, is the same everywhere, and is resolved field by field."""

from __future__ import annotations

from collections import Counter
from functools import cache
from hashlib import sha256
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import CronSyntaxError, has_h, parse, resolve_h

CODES = [str(1085431505565650000 + number) for number in range(10_000)]


# Text, the place of the H in it, the numbers that it stands for.
FIELDS_WITH_H = [
    pytest.param("H 0 0 * * ?", 0, range(60), id="second"),
    pytest.param("0 H 0 * * ?", 1, range(60), id="minute"),
    pytest.param("0 0 H * * ?", 2, range(24), id="hour"),
    pytest.param("0 0 0 H * ?", 3, range(1, 29), id="day-of-month"),
    pytest.param("0 0 0 1 H ?", 4, range(1, 13), id="month"),
    pytest.param("0 0 0 ? * H", 5, range(1, 8), id="day-of-week"),
    pytest.param("0 0 H(8-18) * * ?", 2, range(8, 19), id="range"),
    pytest.param("0 H(0-29) 0 * * ?", 1, range(30), id="half-hour"),
]


def chi_squared(counts, values):
    """How uneven *counts* are: about len(values) - 1 for a fair throw."""
    expected = sum(counts.values()) / len(values)
    return sum((counts[value] - expected) ** 2 / expected for value in values)


@pytest.mark.parametrize("text, at, values", FIELDS_WITH_H)
def test_ten_thousand_codes_are_spread_evenly(text, at, values):
    found = Counter(int(resolve_h(text, "acme", code).split()[at]) for code in CODES)
    assert set(found) == set(values)
    # A fair throw stays below its mean and four standard deviations.
    freedom = len(values) - 1
    assert chi_squared(found, values) < freedom + 4 * (2 * freedom) ** 0.5


def test_ten_thousand_tenants_are_spread_evenly_too():
    found = Counter(int(resolve_h("0 H 2 * * ?", f"shop-{number}", "1").split()[1]) for number in range(10_000))
    assert chi_squared(found, range(60)) < 59 + 4 * 118**0.5


def test_steps_begin_evenly():
    found = Counter(int(resolve_h("0 H/15 * * * ?", "acme", code).split()[1].partition("-")[0]) for code in CODES)
    assert chi_squared(found, range(15)) < 14 + 4 * 28**0.5


@cache
def of_three_values_each():
    """The fields of every code."""
    text = "H(1-3) H(1-3) H(1-3) H(1-3) H(1-3) H(1-3)"
    return [resolve_h(text, "acme", code).split() for code in CODES]


@pytest.mark.parametrize("one, other", list(combinations(range(6), 2)))
def test_each_two_fields_are_independent(one, other):
    pairs = Counter((fields[one], fields[other]) for fields in of_three_values_each())
    # Each value of the one comes with each of the other as often as chance has it.
    assert chi_squared(pairs, list(product("123", repeat=2))) < 8 + 4 * 16**0.5


def test_an_h_depends_on_nothing_else_in_the_expression():
    alone = resolve_h("0 H 2 * * ?", "acme", "1").split()[1]
    assert resolve_h("H H H ? H H", "acme", "1").split()[1] == alone


def test_the_hash_is_as_documented():
    digest = sha256(b"acme\n1085431505565651039\nminute").digest()
    assert int.from_bytes(digest[:8], "big") * 60 // 2**64 == 36


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

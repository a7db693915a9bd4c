"""Whatever a text holds, what is shown of it stays one line and steers nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.text import (
    ascii_of,
    clipped,
    counted,
    did_you_mean,
    full_width_characters,
    listed,
    one_line,
    shown,
    visible,
    without_invisible,
)

STEERING = "\x00\x1b\x7f\x85\xa0\xad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\ud800"


@pytest.mark.parametrize("sign", STEERING)
@pytest.mark.parametrize("fit", [without_invisible, visible, one_line, shown])
def test_no_invisible_sign_is_left(fit, sign):
    assert fit(f"a{sign}b").isprintable()


@given(st.text())
def test_one_line_holds_no_control_format_or_separating_sign_and_no_two_blanks(text):
    line = one_line(text)
    assert all(unicodedata.category(sign)[0] not in "CZ" or sign == " " for sign in line)
    assert "  " not in line
    assert line == line.strip() == one_line(line)


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_what_is_clipped_is_never_longer_than_allowed(text, most):
    assert len(one_line(text, most=most)) <= most
    assert len(shown(text)) <= 60
    assert clipped(text, None) == text


@given(st.text())
def test_what_is_visible_tells_the_signs_that_are_not(text):
    assert visible(text).replace("\u3000", "").isprintable()


def test_the_space_that_chinese_text_is_set_with_is_left_in_a_value():
    assert shown("0\u30000 *") == "0\u30000 *"
    assert visible("订单\u3000一") == "订单\u3000一"
    assert one_line("订单\u3000一") == "订单 一"


def test_several_near_words_are_offered_best_first():
    assert did_you_mean("acme-1", ["acme-12", "acme-1x", "zoo"], most=3) == "did you mean acme-1x or acme-12?"
    assert did_you_mean("acme-1", []) is None


@pytest.mark.parametrize("count, words", [(0, "0 keys"), (1, "1 key"), (2, "2 keys")])
def test_a_noun_follows_its_number(count, words):
    assert counted(count, "key") == words


def test_a_list_is_cut_after_so_many_names():
    assert listed([]) == ""
    assert listed([1, 2, 3]) == "1, 2, 3"
    assert listed([1, 2, 3], most=2) == "1, 2, …"


def test_full_width_characters_are_found_by_stretches_and_have_ascii_ones():
    assert [*full_width_characters("0 ？　＊ a：")] == [(2, 3), (7, 1)]
    assert [*full_width_characters("0 ? *")] == []
    assert ascii_of("0 ？　＊ a：") == "0 ? * a:"

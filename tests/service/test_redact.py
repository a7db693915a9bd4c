"""What may be shown of texts from outside."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.service.exchange import Operation
from reconcile.service.redact import Redactor, clean
from reconcile.service.troubles import Narrator

SECRET = 'to"k/e n&é'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote(SECRET),
        html.escape(json.dumps(SECRET)[1:-1]),
        json.dumps(html.escape(SECRET)),
        json.dumps(SECRET),
        repr(SECRET),
        "to&quot;k/e n&amp;é",
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_hidden_however_it_is_spelt(spelling):
    assert Redactor([SECRET]).hide(f"a {spelling} b").replace('"', "").replace("'", "").rstrip("= b") == "a ***"


def test_a_secret_that_begins_with_another_is_hidden_whole():
    assert Redactor(["token", "token-long"]).hide("token-long token") == "*** ***"


def test_without_secrets_nothing_is_hidden():
    assert Redactor([]).line("text") == "text"


def test_a_value_too_short_to_be_a_secret_is_left():
    assert Redactor(["1", ""]).hide("HTTP 401") == "HTTP 401"


def test_a_secret_that_the_cut_goes_through_is_not_shown_by_half():
    secret = "abcdefgh" * 500
    for offset in (-10, -3999, 0):
        shown = Redactor([secret]).line("." * (16 * 1024 + offset) + secret + "tail", length=20_000)
        assert "abcd" not in shown


def test_a_secret_said_over_and_over_does_not_push_its_half_into_the_excerpt():
    secret = "s3cr3t-" * 100
    assert "s3cr3t" not in Redactor([secret]).excerpt((secret * 200).encode())


def test_an_excerpt_is_one_bounded_line():
    assert Redactor([]).excerpt(b"a\r\n\tb\x1b[2J\xff" + b"c" * 500, length=20) == "a b [2J�" + "c" * 11 + "…"


@given(st.text())
def test_a_clean_text_holds_no_control_format_or_separating_character(text):
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert "  " not in cleaned


@given(st.binary(max_size=300), st.text(min_size=4, max_size=12, alphabet="abcXYZ019-_"))
def test_no_excerpt_holds_a_secret(body, secret):
    assert secret.lower() not in Redactor([secret]).excerpt(secret.encode() + body + secret.encode() * 9).lower()


@pytest.mark.parametrize("length", range(60, 90))
def test_of_a_secret_in_what_is_quoted_no_half_is_left_by_the_cut(length):
    narrator = Narrator(Operation.QUERY, Redactor(["secret-of-the-service"]))
    assert "secr" not in narrator.quoted("x" * length + "secret-of-the-service")

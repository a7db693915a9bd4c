"""Secrets are hidden however they are spelt, and sent only to hosts that are trusted."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import SettingError
from reconcile.secrets import Redactor, refuse_untrusted, safe_line, without_credentials, without_login
from reconcile.service.diagnostics import Diagnostics
from reconcile.service.messages import Operation

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


@given(st.binary(max_size=300), st.text(min_size=4, max_size=12, alphabet="abcXYZ019-_"))
def test_no_excerpt_holds_a_secret(body, secret):
    assert secret.lower() not in Redactor([secret]).excerpt(secret.encode() + body + secret.encode() * 9).lower()


@pytest.mark.parametrize("length", range(60, 90))
def test_of_a_secret_in_what_is_quoted_no_half_is_left_by_the_cut(length):
    diagnostics = Diagnostics(Operation.QUERY, Redactor(["secret-of-the-service"]), ())
    assert "secr" not in diagnostics.quoted("x" * length + "secret-of-the-service")


@pytest.mark.parametrize(
    "text, shown",
    [
        ("see https://bot:hunter2@h.example/a", "see https://***@h.example/a"),
        ("https://a:p@ss@h.example/a and ssh://b@h.example/b", "https://***@h.example/a and ssh://***@h.example/b"),
        ("'https://h.example/a?token=1&x=2'", "'https://h.example/a?***'"),
        ("write to me@h.example", "write to me@h.example"),
    ],
)
def test_an_address_within_a_text_is_shown_without_credentials(text, shown):
    assert without_credentials(text) == shown


@pytest.mark.parametrize("address", ["http://me:a b@h.example/x", "//me:a@b@h.example/x"])
def test_one_address_is_shown_without_its_login_whatever_that_holds(address):
    assert without_login(address).endswith("//***@h.example/x")


def test_a_safe_line_is_bounded_and_holds_neither_credentials_nor_control_characters():
    line = safe_line("a\r\n\x1b[2J https://me:hunter2@h.example " + "x" * 1000)
    assert line.startswith("a [2J https://***@h.example x")
    assert line.isprintable()
    assert len(line) == 300


@pytest.mark.parametrize(
    "host, port, trusted, is_trusted",
    [
        pytest.param("h.example", 8001, "h.example", True, id="named-with-any-port"),
        pytest.param("H.example", None, " a.example , h.EXAMPLE", True, id="among-others-in-any-case"),
        pytest.param("h.example", 8001, "h.example:8001", True, id="with-its-port"),
        pytest.param("h.example", 8002, "h.example:8001", False, id="with-another-port"),
        pytest.param("h.example", None, "h.example:8001", False, id="its-port-is-not-known"),
        pytest.param("::1", 80, "[::1]", True, id="ipv6-in-brackets"),
        pytest.param("::1", 80, "::1", True, id="ipv6"),
        pytest.param("::1", 80, "[::1]:80", True, id="ipv6-with-its-port"),
        pytest.param("h.example.evil", None, "h.example", False, id="a-longer-name"),
        pytest.param("h.example", None, "", False, id="an-empty-list-trusts-no-host"),
    ],
)
def test_a_secret_is_sent_to_a_host_that_is_trusted_only(host, port, trusted, is_trusted):
    variables = {"RECONCILE_TRUSTED_HOSTS": trusted}
    if is_trusted:
        refuse_untrusted("prod.url", host, port, variables, shown="there")
        return
    with pytest.raises(SettingError, match=r"prod\.url is made from a variable, and there is not among") as refused:
        refuse_untrusted("prod.url", host, port, variables, shown="there")
    assert host in refused.value.hint


def test_without_a_list_any_host_is_sent_what_is_asked_for():
    refuse_untrusted("prod.url", "h.example", None, {}, shown="h.example")

"""The charset of a reply is the one that it declares."""

from __future__ import annotations

import pytest

from reconcile.service import ServiceReader, wire
from reconcile.service.messages import Reply
from tests.service.fakes import fake_client, keys

TEXT = '{"resp_data": "租户不存在"}'


@pytest.mark.parametrize(
    "content_type, codec",
    [
        pytest.param("", "utf-8", id="none"),
        pytest.param("application/json", "utf-8", id="no-charset"),
        pytest.param("application/json; charset=UTF-8", "utf-8", id="utf-8"),
        pytest.param("application/json;charset=utf8", "utf-8-sig", id="a-byte-order-mark"),
        pytest.param("application/json;charset=GBK", "gbk", id="gbk"),
        pytest.param('application/json; Charset="gb2312"', "gbk", id="gb2312-holding-more"),
        pytest.param("application/json;charset=GB18030", "gb18030", id="gb18030"),
        pytest.param("application/json;charset=Big5", "big5", id="big5"),
        pytest.param("application/json;charset=utf-16", "utf-16", id="utf-16"),
        pytest.param("application/json;charset=", "utf-8", id="empty"),
    ],
)
def test_a_declared_charset_is_obeyed(content_type, codec):
    text = TEXT if codec != "big5" else TEXT.replace("户", "戶")
    assert wire.envelope(text.encode(codec), content_type).content in ("租户不存在", "租戶不存在")


@pytest.mark.parametrize("name", ["x-klingon", "base64", "rot13", "idna", "unicode_escape", "undefined", "gb\x00k"])
def test_a_charset_that_is_none_is_named(name):
    with pytest.raises(wire.MalformedError, match="declares the charset") as caught:
        wire.envelope(TEXT.encode(), f"application/json; charset={name}")
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    "content_type, words",
    [
        pytest.param("application/json", "not UTF-8, and its Content-Type declares no other", id="none-declared"),
        pytest.param("application/json;charset=utf-8", "not UTF-8, which its Content-Type declares", id="utf-8"),
        pytest.param("application/json;charset=ascii", "not UTF-8, which", id="ascii-is-read-as-utf-8"),
    ],
)
def test_what_is_not_of_its_charset_is_malformed(content_type, words):
    with pytest.raises(wire.MalformedError, match=words):
        wire.envelope(TEXT.encode("gbk"), content_type)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_what_is_shown_of_a_reply_is_in_its_charset_and_masked(encoding):
    body = '{"resp_data": 1, "say": "租户 t0ps3cret"}'.encode(encoding)
    reply = Reply(200, body, f"application/json;charset={encoding}")
    with fake_client(lambda request: reply, secrets=("t0ps3cret",)) as (client, _, _clock):
        (found,) = ServiceReader(client).query(keys("1")).values()
    assert '"say": "租户 ***"' in found.message

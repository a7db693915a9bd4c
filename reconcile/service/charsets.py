"""The charset of a reply: UTF-8, unless its Content-Type declares another."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from email.message import Message
from functools import lru_cache

UTF_8 = "utf-8-sig"
"""UTF-8, with or without a byte order mark."""


class CharsetError(Exception):
    """The declared charset cannot be read; the text names it."""


@lru_cache(maxsize=64)
def codec_of(content_type: str) -> str:
    """Return the codec of the charset that *content_type* declares; UTF-8 where it declares none.

    >>> codec_of("application/json"), codec_of("application/json; charset=GBK")
    ('utf-8-sig', 'gb18030')

    Raises:
        CharsetError: there is no such charset.
    """
    header = Message()
    header["Content-Type"] = content_type
    try:
        declared = str(header.get_content_charset("")).strip()
        if not declared:
            return UTF_8
        codec = codecs.lookup(declared).name
        # Some codecs are not charsets, such as base64: encoding text with one raises.
        "0".encode(codec)
    except (LookupError, ValueError):
        raise CharsetError(declared) from None
    if codec in _NOT_CHARSETS:
        raise CharsetError(declared)
    return _SUPERSETS.get(codec, codec)


def shown_with(content_type: str) -> str:
    """Return the codec to show a reply with: the declared one where it is known."""
    try:
        return codec_of(content_type)
    except CharsetError:
        return UTF_8


# A service that declares one of these may send characters of the larger one, as the WHATWG found for the web.
_SUPERSETS: Mapping[str, str] = {
    "utf-8": UTF_8,
    "ascii": UTF_8,
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
# Codecs of Python that no service means.
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})

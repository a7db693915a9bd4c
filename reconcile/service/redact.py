"""What may be shown of texts from outside: no secret, no control character, no more than a line."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"
# A value of one to three characters ("1", "eu") keeps no secret; hiding it would make every message unreadable.
SHORTEST = 4
EXCERPT_LENGTH = 200
# Enough to fill an excerpt, little enough to search for secrets in.
_LOOKED_AT = 16 * 1024
_ASCII_CONTROL = re.compile(r"[\x00-\x20\x7f]+")


class Redactor:
    """Hides secret values, and the ways in which a server or a library may spell them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in _spellings(secret)}
        # The longest first: a secret that begins with another must not leave its tail behind.
        ordered = sorted(spellings, key=len, reverse=True)
        self._longest = len(ordered[0]) if ordered else 0
        self._folded = {spelling: spelling.casefold() for spelling in ordered}

    def hide(self, text: str) -> str:
        """Return *text* with every secret replaced."""
        # There are hundreds of spellings, and most texts hold none: one pattern of all of them takes far longer.
        folded = text.casefold()
        found = [re.escape(spelling) for spelling, sought in self._folded.items() if sought in folded]
        return re.sub("|".join(found), HIDDEN, text, flags=re.IGNORECASE) if found else text

    def line(self, text: str, *, length: int = EXCERPT_LENGTH) -> str:
        """Return *text* as one line without secrets and control characters, cut to *length* characters."""
        looked_at = max(_LOOKED_AT, 4 * length)
        shown = self.hide(text[:looked_at])
        if len(text) > looked_at:
            # A secret may have been cut in two by the slice: its first half stands at the end.
            shown = shown[: max(0, len(shown) - self._longest)]
        shown = clean(shown)
        return shown if len(shown) <= length else shown[: length - 1] + "…"

    def excerpt(self, body: bytes, *, length: int = EXCERPT_LENGTH, codec: str = "utf-8") -> str:
        """Return the beginning of a reply's *body*, written in *codec*, as one line (see `line`)."""
        # Four bytes a character at most; the ends are decoded leniently, as an excerpt is for people.
        return self.line(body[: 4 * max(_LOOKED_AT, 4 * length) + 4].decode(codec, "replace"), length=length)


def clean(text: str) -> str:
    """Return *text* as one line: runs of white space and of control and format characters become one space.

    >>> clean("a\\r\\n\\x1b[31mb")
    'a [31mb'
    """
    if not text.isascii():
        text = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return _ASCII_CONTROL.sub(" ", text).strip()


def _spellings(secret: str) -> Iterable[str]:
    """Yield every way to write *secret*, also inside of another: a page within JSON, a text within a page."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for inner in (secret, *_escaped(secret)):
        yield inner
        yield from _escaped(inner)


def _escaped(text: str) -> Iterable[str]:
    yield quote(text)
    yield quote(text, safe="")
    yield quote_plus(text)
    yield html.escape(text)
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]

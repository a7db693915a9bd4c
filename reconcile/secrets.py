"""Secrets: hidden in what is shown, and sent only to the hosts that the runner's environment names."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from reconcile.errors import SettingError
from reconcile.text import LONGEST_LINE, one_line

HIDDEN = "***"
TRUSTED_HOSTS = "RECONCILE_TRUSTED_HOSTS"
# A value of one to three characters ("1", "eu") keeps no secret; hiding it would make every message unreadable.
SHORTEST = 4
EXCERPT_LENGTH = 200
# Enough to fill an excerpt, little enough to search for secrets in.
_LOOKED_AT = 16 * 1024
# Greedy up to the last @ before the path: a password may hold one. In a text, an address ends at a blank.
_USER_IN_ADDRESS = re.compile(r"//[^/]*@")
_USER_IN_TEXT = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}://)[^/\s]*@")
# USER:PASSWORD@HOST of an address that may be mistyped: without its scheme, or with one that nothing knows.
_PASSWORD_IN_TEXT = re.compile(r"""((?:^|[/+\s"'])[^\s:/@+"']*:)[^\s/"']+@(?=[\w\[])""")
_QUERY_IN_TEXT = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}://[^\s?]*)\?[^\s'\"]*")


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
        return one_line(shown, most=length)

    def excerpt(self, body: bytes, *, length: int = EXCERPT_LENGTH, codec: str = "utf-8") -> str:
        """Return the beginning of a reply's *body*, written in *codec*, as one line (see `line`)."""
        # Four bytes a character at most; the ends are decoded leniently, as an excerpt is for people.
        return self.line(body[: 4 * max(_LOOKED_AT, 4 * length) + 4].decode(codec, "replace"), length=length)


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


def without_passwords(text: str) -> str:
    """Return *text* with the password of each address hidden, also where it is none that can be used.

    >>> without_passwords('"posgresql://u:s3cret@h/db", git+u:s3cret@h/x, x//u:s3cret@h; git+ssh://git@h:22/x.git')
    '"posgresql://u:***@h/db", git+u:***@h/x, x//u:***@h; git+ssh://git@h:22/x.git'
    """
    return _PASSWORD_IN_TEXT.sub(rf"\1{HIDDEN}@", text) if "@" in text else text


def without_login(address: str) -> str:
    """Return *address*, which is one address and nothing else, without user and password.

    >>> without_login("http://me:a b@h.example/x")
    'http://***@h.example/x'
    """
    return _USER_IN_ADDRESS.sub(f"//{HIDDEN}@", address)


def without_credentials(text: str) -> str:
    """Return *text* without what the addresses in it may hold of credentials: users, passwords and queries.

    >>> without_credentials("fatal: unable to access 'https://bot:p@ss@example.org/a.git?token=1/': 403")
    "fatal: unable to access 'https://***@example.org/a.git?***': 403"
    """
    text = _QUERY_IN_TEXT.sub(rf"\1?{HIDDEN}", _USER_IN_TEXT.sub(rf"\1{HIDDEN}@", text))
    return without_passwords(text)


def safe_line(text: str) -> str:
    """Return *text* as one line, not too long, without credentials."""
    return one_line(without_credentials(text), most=LONGEST_LINE)


def refuse_untrusted(setting: str, host: str, port: int | None, variables: Mapping[str, str], *, shown: str) -> None:
    """Refuse to send to *host* what *setting* makes of a variable, where *variables* name hosts, and not this one.

    A pull request can point a setting elsewhere; it must not be able to send a secret there. Every port of a host that
    is named without one is trusted. *shown* is the address as messages name it.

    Raises:
        SettingError: the host is not among those that are trusted.
    """
    if TRUSTED_HOSTS not in variables:
        return
    trusted = {one.strip().lower() for one in variables[TRUSTED_HOSTS].split(",")} - {""}
    name = host.lower()
    bracketed = f"[{name}]" if ":" in name else name
    if trusted.isdisjoint({name, bracketed, f"{bracketed}:{port}"}):
        raise SettingError(
            f"{setting} is made from a variable, and {shown} is not among {TRUSTED_HOSTS}",
            hint=f"if this host may see it, add {bracketed} to {TRUSTED_HOSTS} where this runs",
        )

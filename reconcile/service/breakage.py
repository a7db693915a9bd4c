"""Why a call broke, from the exceptions of three libraries that wrap one another's."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import requests
import urllib3

from reconcile.service.exchange import Fault


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what it was made from, as requests and urllib3 wrap one another's."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), link.__cause__, link.__context__, *link.args]


def is_before_sending(causes: tuple[BaseException, ...]) -> bool:
    """Return whether the exceptions themselves say that nothing was sent."""
    return any(isinstance(link, _BEFORE_SENDING) for link in causes)


def fault(causes: tuple[BaseException, ...], *, sent: bool) -> Fault:
    """Return which kind of breakage it was."""
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in causes):
        return Fault.CERTIFICATE
    if any(isinstance(link, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)) for link in causes):
        refused = any(isinstance(link, urllib3.exceptions.NewConnectionError) for link in causes)
        return Fault.UNREACHABLE if refused else Fault.TIMEOUT
    return Fault.CUT_OFF if sent else Fault.UNREACHABLE


def words(causes: tuple[BaseException, ...]) -> str:
    """Return what the cause says of itself. Libraries' own texts quote addresses and headers; the system's do not."""
    for link in causes:
        if isinstance(link, ssl.SSLCertVerificationError):
            return link.verify_message
        if isinstance(link, ssl.SSLError) and link.reason:
            return f"TLS: {link.reason.replace('_', ' ').lower()}"
    for link in causes:
        if type(link) in _WORDS:
            return _WORDS[type(link)]
        if isinstance(link, OSError) and isinstance(link.strerror, str):
            return link.strerror
        if type(link) is OSError and str(link).startswith(_PROXY_REFUSED):
            return f"the proxy answered{str(link).removeprefix(_PROXY_REFUSED)}"
    return type(causes[-1]).__name__


_PROXY_REFUSED = "Tunnel connection failed:"
_WORDS: Mapping[type[BaseException], str] = {
    RemoteDisconnected: "closed without a reply",
    BadStatusLine: "what came is no HTTP",
    IncompleteRead: "half a reply",
    urllib3.exceptions.IncompleteRead: "half a reply",
}
_BEFORE_SENDING = (
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
    urllib3.exceptions.NewConnectionError,
)

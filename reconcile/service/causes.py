"""Why a request got no reply, from the exceptions of three libraries that wrap one another's."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import requests
import urllib3

from reconcile.service.messages import Failure


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and the exceptions that it was raised from or holds."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]


def is_before_sending(chain: tuple[BaseException, ...]) -> bool:
    """Return whether the exceptions themselves say that nothing was sent."""
    return any(isinstance(cause, _BEFORE_SENDING) for cause in chain)


def failure(chain: tuple[BaseException, ...], *, sent: bool) -> Failure:
    """Return which kind of failure it was."""
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return Failure.CERTIFICATE
    if any(isinstance(cause, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)) for cause in chain):
        refused = any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in chain)
        return Failure.UNREACHABLE if refused else Failure.TIMEOUT
    return Failure.CUT_OFF if sent else Failure.UNREACHABLE


def words(chain: tuple[BaseException, ...]) -> str:
    """Return words for the cause. Texts of libraries are left out, as they quote addresses and headers."""
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return f"TLS: {cause.reason.replace('_', ' ').lower()}"
    for cause in chain:
        if type(cause) in _WORDS:
            return _WORDS[type(cause)]
        if isinstance(cause, OSError) and isinstance(cause.strerror, str):
            return cause.strerror
        if type(cause) is OSError and str(cause).startswith(_PROXY_REFUSED):
            return f"the proxy answered{str(cause).removeprefix(_PROXY_REFUSED)}"
    return type(chain[-1]).__name__


_PROXY_REFUSED = "Tunnel connection failed:"
_WORDS: Mapping[type[BaseException], str] = {
    RemoteDisconnected: "closed without a reply",
    BadStatusLine: "what came is not HTTP",
    IncompleteRead: "half a reply",
    urllib3.exceptions.IncompleteRead: "half a reply",
}
_BEFORE_SENDING = (
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
    urllib3.exceptions.NewConnectionError,
)

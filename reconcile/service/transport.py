"""The seam over real HTTP: requests, one session with one kept connection for each thread.

Only what was given counts: no proxy, CA bundle, `.netrc` or cookie comes from the process's environment, and redirects
are not followed. A time-out of a socket starts anew with every byte, so a server that trickles would never hit it;
whoever waits for a call bounds its whole length and cuts it with `abort`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from http.client import HTTPConnection as BaseConnection
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from reconcile.errors import SettingError
from reconcile.service.exchange import Broken, Fault, Flaw, Operation, Reply, Request, Result
from reconcile.service.redact import Redactor
from reconcile.service.settings import Connection
from reconcile.service.wire import TENANT_HEADER

# A query of 100 codes is answered with some 20 KiB.
REPLY_LIMIT = 16 * 1024 * 1024

_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)
_BEFORE_SENDING = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)


class RequestsTransport:
    """Sends requests over HTTP; implements `exchange.Transport`."""

    def __init__(self, connection: Connection, redactor: Redactor, *, reply_limit: int = REPLY_LIMIT) -> None:
        self._connection = connection
        self._redactor = redactor
        self._reply_limit = reply_limit
        self._here = threading.local()
        self._lines: dict[int, _Line] = {}
        self._urls, self._headers = _prepared(connection)
        self._tenant_headers: dict[str, CaseInsensitiveDict[str]] = {}
        self._proxies = {"http": connection.proxy, "https": connection.proxy} if connection.proxy else {}

    def send(self, request: Request) -> Result:
        """Send *request* once and return what became of it; never raises for what the other side does."""
        line = self._line()
        line.phase = _Phase.UNKNOWN
        try:
            response = line.session.send(
                self._prepare(request),
                stream=True,
                timeout=self._connection.timeout_seconds,
                verify=self._connection.ca_bundle or True,
                cert=self._connection.client_cert,
                proxies=self._proxies,
                allow_redirects=False,
            )
        except _BROKEN as error:
            return self._broken(error, line)
        try:
            return self._reply(response)
        except _BROKEN as error:
            response.close()
            return self._broken(error, line, replying=True)

    def abort(self, thread: int) -> None:
        """Cut the connection that *thread* is waiting on; its call ends as cut off."""
        line = self._lines.get(thread)
        sock = line.connection.sock if line is not None and line.connection is not None else None
        if sock is not None:
            # Of the plain socket also under TLS: the thread that reads gets an end of file, in its own time.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the calling thread's session."""
        line = self._lines.pop(threading.get_ident(), None)
        if line is not None:
            self._here.line = None
            line.session.close()

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._here, "line", None)
        if line is None:
            line = self._here.line = self._lines[threading.get_ident()] = _Line()
        return line

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        """Return the request ready to send. What requests would compute anew for each is computed once."""
        headers = self._tenant_headers.get(request.tenant)
        if headers is None:
            headers = CaseInsensitiveDict({**self._headers, TENANT_HEADER: request.tenant})
            self._tenant_headers[request.tenant] = headers
        prepared = requests.PreparedRequest()
        prepared.method = "POST"
        prepared.url = self._urls[request.operation]
        prepared.headers = headers.copy()
        prepared.headers["Content-Length"] = str(len(request.body))
        prepared.body = request.body
        prepared.hooks = {"response": []}
        return prepared

    def _reply(self, response: requests.Response) -> Reply:
        body, is_whole = _read(response.raw, self._reply_limit)
        if not is_whole:
            response.close()
        flaw = None if is_whole else Flaw.TOO_LARGE
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            body, flaw = _decompressed(body, encoding, self._reply_limit, flaw)
        return Reply(
            status=response.status_code,
            body=body,
            content_type=response.headers.get("Content-Type", ""),
            retry_after=response.headers.get("Retry-After"),
            flaw=flaw,
        )

    def _broken(self, error: Exception, line: _Line, *, replying: bool = False) -> Broken:
        """Say how a call broke. Nothing of *error* is kept but words that hold no address, header or proxy."""
        chain = tuple(_chain(error))
        sent = replying or line.phase is _Phase.SENT
        if line.phase is _Phase.UNKNOWN and not replying:
            # No connection was seen (a fake, or one that failed in a library's own checks): believe only what says so.
            sent = not any(
                isinstance(link, (*_BEFORE_SENDING, urllib3.exceptions.NewConnectionError)) for link in chain
            )
        return Broken(_fault(chain, sent=sent), self._redactor.line(_words(chain)), sent)


class _Phase(Enum):
    """How far a call came: it was not seen to do anything, it was connecting, something of it was written."""

    UNKNOWN = auto()
    CONNECTING = auto()
    SENT = auto()


class _Line:
    """One thread's session, the connection it last opened, and how far the call in hand has come."""

    def __init__(self) -> None:
        self.phase = _Phase.UNKNOWN
        self.connection: BaseConnection | None = None
        self.session = _Session()
        adapter = _Adapter(self)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)


class _Session(requests.Session):
    """A session that takes nothing from the environment, and does not even look where a redirect leads."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests would read the body
        return None


class _Adapter(HTTPAdapter):
    """One connection for each host, which tells its line when it is opened and when it is written to."""

    def __init__(self, line: _Line) -> None:
        self._pools = _pools(line)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **keywords)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(line: _Line) -> dict[str, type[HTTPConnectionPool]]:
    class Watched(BaseConnection):
        """Mixed into both kinds of connection: what is known of a call that broke is known from here."""

        _is_connecting = False

        def connect(self) -> None:
            line.connection = self
            line.phase = _Phase.CONNECTING
            self._is_connecting = True
            try:
                super().connect()
            finally:
                self._is_connecting = False

        def send(self, data: Any) -> None:
            # A proxy's CONNECT comes through here too, while connecting; it is not yet our request.
            if not self._is_connecting:
                if self.sock is None:
                    self.connect()
                line.phase = _Phase.SENT
            super().send(data)

    class Plain(Watched, HTTPConnection):
        pass

    class Secure(Watched, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _prepared(connection: Connection) -> tuple[Mapping[Operation, str], Mapping[str, str]]:
    """Return the addresses and headers as requests writes them: an IDNA host, the login of the address as a header."""
    urls = {}
    headers: Mapping[str, str] = connection.headers
    for operation in Operation:
        failure = None
        try:
            ready = requests.Request("POST", connection.url(operation), headers=dict(connection.headers)).prepare()
        except (requests.RequestException, UnicodeError, ValueError) as error:
            failure = type(error).__name__
        if failure is not None:
            setting = f"environments.{connection.environment}.url"
            raise SettingError(f"{setting} ({connection.shown_base}) is no address that HTTP can use: {failure}")
        assert ready.url is not None
        scheme, _, rest = ready.url.partition("://")
        authority, slash, path = rest.partition("/")
        urls[operation] = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
        headers = {**ready.headers, **connection.headers}
        headers.pop("Content-Length", None)
    return urls, headers


def _read(raw: Any, limit: int) -> tuple[bytes, bool]:
    """Return the body as it came, cut to *limit*, and whether that is all of it."""
    parts: list[bytes] = []
    left = limit + 1
    while left > 0:
        part = raw.read(left, decode_content=False)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        left -= len(part)
    return b"".join(parts)[:limit], False


def _decompressed(body: bytes, encoding: str, limit: int, flaw: Flaw | None) -> tuple[bytes, Flaw | None]:
    """Return what *body* holds, never more than *limit*: a few kilobytes can stand for gigabytes."""
    if encoding not in ("gzip", "x-gzip"):
        return b"", flaw or Flaw.UNDECODABLE
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, limit)
    except zlib.error:
        return b"", flaw or Flaw.UNDECODABLE
    if inflater.unconsumed_tail:
        return inflated, Flaw.TOO_LARGE
    return inflated, flaw or (None if inflater.eof else Flaw.UNDECODABLE)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what it was made from, as requests and urllib3 wrap one another's."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), link.__cause__, link.__context__, *link.args]


def _fault(chain: tuple[BaseException, ...], *, sent: bool) -> Fault:
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return Fault.CERTIFICATE
    if any(isinstance(link, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)) for link in chain):
        refused = any(isinstance(link, urllib3.exceptions.NewConnectionError) for link in chain)
        return Fault.UNREACHABLE if refused else Fault.TIMEOUT
    return Fault.CUT_OFF if sent else Fault.UNREACHABLE


def _words(chain: tuple[BaseException, ...]) -> str:
    """Return what the cause says of itself. Libraries' own texts quote addresses and headers; the system's do not."""
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return link.verify_message
        if isinstance(link, ssl.SSLError) and link.reason:
            return f"TLS: {link.reason.replace('_', ' ').lower()}"
    for link in chain:
        if type(link) in _WORDS:
            return _WORDS[type(link)]
        if isinstance(link, OSError) and isinstance(link.strerror, str):
            return link.strerror
        if type(link) is OSError and str(link).startswith(_PROXY_REFUSED):
            return f"the proxy answered{str(link).removeprefix(_PROXY_REFUSED)}"
    return type(chain[-1]).__name__


_PROXY_REFUSED = "Tunnel connection failed:"
_WORDS: Mapping[type[BaseException], str] = {
    RemoteDisconnected: "closed without a reply",
    BadStatusLine: "what came is no HTTP",
    IncompleteRead: "half a reply",
    urllib3.exceptions.IncompleteRead: "half a reply",
}

"""The seam over real HTTP: requests, one session with one kept connection for each thread.

Only what was given counts: no proxy, CA bundle, `.netrc` or cookie comes from the process's environment, and redirects
are not followed. A time-out of a socket starts anew with every byte, so a server that trickles would never hit it;
whoever waits for a call bounds its whole length and cuts it with `abort`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from reconcile.errors import SettingError
from reconcile.secrets import Redactor
from reconcile.service import breakage
from reconcile.service.exchange import Broken, Fault, Flaw, Operation, Reply, Request, Result
from reconcile.service.line import Line, Phase
from reconcile.service.settings import Connection
from reconcile.service.wire import TENANT_HEADER

# A query of 100 codes is answered with some 20 KiB.
REPLY_LIMIT = 16 * 1024 * 1024

_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)


class RequestsTransport:
    """Sends requests over HTTP; implements `exchange.Transport`."""

    def __init__(self, connection: Connection, redactor: Redactor, *, reply_limit: int = REPLY_LIMIT) -> None:
        self._connection = connection
        self._redactor = redactor
        self._reply_limit = reply_limit
        self._here = threading.local()
        self._lines: dict[int, Line] = {}
        self._urls, self._headers = _prepared(connection)
        self._tenant_headers: dict[str, CaseInsensitiveDict[str]] = {}
        self._proxies = {"http": connection.proxy, "https": connection.proxy} if connection.proxy else {}

    def send(self, request: Request) -> Result:
        """Send *request* once and return what became of it; never raises for what the other side does."""
        line = self._line()
        line.phase = Phase.UNKNOWN
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

    def _line(self) -> Line:
        line: Line | None = getattr(self._here, "line", None)
        if line is None:
            line = self._here.line = self._lines[threading.get_ident()] = Line()
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
            location=response.headers.get("Location"),
            flaw=flaw,
        )

    def _broken(self, error: Exception, line: Line, *, replying: bool = False) -> Broken:
        """Say how a call broke. Nothing of *error* is kept but words that hold no address, header or proxy; the address
        that may be shown is put before them."""
        causes = tuple(breakage.chain(error))
        sent = replying or line.phase is Phase.SENT
        if line.phase is Phase.UNKNOWN and not replying:
            # No connection was seen (a fake, or one that failed in a library's own checks): believe only what says so.
            sent = not breakage.is_before_sending(causes)
        fault = breakage.fault(causes, sent=sent)
        words = breakage.words(causes)
        if fault is Fault.TIMEOUT:
            words = f"timeout is {self._connection.timeout_seconds:g} s"
        return Broken(fault, self._redactor.line(f"{self._connection.shown_base}: {words}"), sent)


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

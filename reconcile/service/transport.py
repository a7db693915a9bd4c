"""The transport over real HTTP: one `requests` session with one kept connection for each thread.

No proxy, CA bundle, `.netrc` or cookie comes from the process's environment, and redirects are not followed. The
time-out of a socket starts anew with every byte, so a server that trickles never meets it: the dispatcher limits the
whole of a call, and cuts it with `abort`.
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
from reconcile.service import causes
from reconcile.service.endpoint import Endpoint
from reconcile.service.messages import Failure, Flaw, NoReply, Operation, Reply, Request, SendResult
from reconcile.service.thread_session import Phase, ThreadSession
from reconcile.service.wire import TENANT_HEADER

# A query of 100 codes is answered with some 20 KiB.
REPLY_LIMIT = 16 * 1024 * 1024

_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)


class RequestsTransport:
    """Sends requests over HTTP; implements `messages.Transport`."""

    def __init__(self, endpoint: Endpoint, redactor: Redactor, *, reply_limit: int = REPLY_LIMIT) -> None:
        self._endpoint = endpoint
        self._redactor = redactor
        self._reply_limit = reply_limit
        self._here = threading.local()
        self._sessions: dict[int, ThreadSession] = {}
        self._urls, self._headers = _prepared(endpoint)
        self._tenant_headers: dict[str, CaseInsensitiveDict[str]] = {}
        self._proxies = {"http": endpoint.proxy, "https": endpoint.proxy} if endpoint.proxy else {}

    def send(self, request: Request) -> SendResult:
        """Send *request* once and return the result; never raises for what the other side does."""
        session = self._session()
        session.phase = Phase.UNKNOWN
        try:
            response = session.session.send(
                self._prepare(request),
                stream=True,
                timeout=self._endpoint.timeout_seconds,
                verify=self._endpoint.ca_bundle or True,
                cert=self._endpoint.client_cert,
                proxies=self._proxies,
                allow_redirects=False,
            )
        except _BROKEN as error:
            return self._no_reply(error, session)
        try:
            return self._reply(response)
        except _BROKEN as error:
            response.close()
            return self._no_reply(error, session, replying=True)

    def abort(self, thread: int) -> None:
        """Cut the connection that *thread* is waiting on; its request ends as cut off."""
        session = self._sessions.get(thread)
        sock = session.connection.sock if session is not None and session.connection is not None else None
        if sock is not None:
            # On the plain socket, also under TLS: the thread that reads then gets an end of file.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the calling thread's session."""
        session = self._sessions.pop(threading.get_ident(), None)
        if session is not None:
            self._here.session = None
            session.session.close()

    def _session(self) -> ThreadSession:
        session: ThreadSession | None = getattr(self._here, "session", None)
        if session is None:
            session = self._here.session = self._sessions[threading.get_ident()] = ThreadSession()
        return session

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        """Return the request ready to send. What `requests` would compute for each request is computed once."""
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
            date=None if "Age" in response.headers else response.headers.get("Date"),
        )

    def _no_reply(self, error: Exception, session: ThreadSession, *, replying: bool = False) -> NoReply:
        """Return why there is no reply. Of *error* only words without an address, header or proxy are kept, after the
        address that may be shown."""
        chain = tuple(causes.chain(error))
        sent = replying or session.phase is Phase.SENT
        if session.phase is Phase.UNKNOWN and not replying:
            # No connection was seen (a fake, or a library's own check failed): only the exception can say "not sent".
            sent = not causes.is_before_sending(chain)
        failure = causes.failure(chain, sent=sent)
        words = causes.words(chain)
        if failure is Failure.TIMEOUT:
            words = f"timeout is {self._endpoint.timeout_seconds:g} s"
        return NoReply(failure, self._redactor.line(f"{self._endpoint.shown_base}: {words}"), sent)


def _prepared(endpoint: Endpoint) -> tuple[Mapping[Operation, str], Mapping[str, str]]:
    """Return the addresses and headers as requests writes them: an IDNA host, the login of the address as a header."""
    urls = {}
    headers: Mapping[str, str] = endpoint.headers
    for operation in Operation:
        failure = None
        try:
            ready = requests.Request("POST", endpoint.url(operation), headers=dict(endpoint.headers)).prepare()
        except (requests.RequestException, UnicodeError, ValueError) as error:
            failure = type(error).__name__
        if failure is not None:
            setting = f"environments.{endpoint.environment}.url"
            raise SettingError(f"{setting} ({endpoint.shown_base}) is not an address that HTTP can use: {failure}")
        assert ready.url is not None
        scheme, _, rest = ready.url.partition("://")
        authority, slash, path = rest.partition("/")
        urls[operation] = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
        headers = {**ready.headers, **endpoint.headers}
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
    """Return what *body* holds, never more than *limit*: a few kilobytes may decompress to gigabytes."""
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

"""The transport's seam: a `Request` goes in, a `Reply` or a `NoReply` comes out. A fake of it is a function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias


class Operation(StrEnum):
    """The three operations of the service."""

    QUERY = "query"
    HISTORY = "history"
    SAVE = "save"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: *body* is its JSON as bytes, *tenant* its `tecode` header."""

    operation: Operation
    tenant: str
    body: bytes


class Flaw(StrEnum):
    """Why the body of a reply cannot be used, though its status is known."""

    TOO_LARGE = "too-large"
    UNDECODABLE = "undecodable"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply. *body* is decompressed; with a *flaw* it is enough for an excerpt only.

    *date* is the header `Date` of a reply that no cache held.
    """

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str | None = None
    location: str | None = None
    flaw: Flaw | None = None
    date: str | None = None


class Failure(StrEnum):
    """Why there is no reply."""

    UNREACHABLE = "unreachable"
    """No connection: refused, no such host, a proxy that does not let through, a failed TLS handshake."""
    CERTIFICATE = "certificate"
    """The service's certificate is not trusted; a retry cannot help."""
    TIMEOUT = "timeout"
    """No connection, or no complete reply, in time."""
    CUT_OFF = "cut-off"
    """The connection was lost, or what came over it is not HTTP."""


@dataclass(frozen=True, slots=True)
class NoReply:
    """A request without a reply. *sent* is False only when certainly nothing of the request was sent."""

    failure: Failure
    detail: str
    sent: bool


SendResult: TypeAlias = Reply | NoReply
"""What `Transport.send` returns."""


class Transport(Protocol):
    """Sends requests, from any number of threads at once."""

    def send(self, request: Request) -> SendResult:
        """Send *request* once and return the result; never raises for what the other side does."""

    def abort(self, thread: int) -> None:
        """Cut the connection that *thread* (its ident) is waiting on, if there is one."""

    def release(self) -> None:
        """Give up the calling thread's connection."""

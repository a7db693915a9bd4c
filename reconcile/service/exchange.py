"""The seam of the client: a `Request` goes in, a `Reply` or a `Broken` call comes out. A fake of it is a function."""

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
    """One call to the service: *body* is JSON as it goes over the wire, *tenant* its `tecode` header."""

    operation: Operation
    tenant: str
    body: bytes


class Flaw(StrEnum):
    """Why the body of a reply cannot be used, though its status is known."""

    TOO_LARGE = "too-large"
    UNDECODABLE = "undecodable"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply. *body* is decompressed; with a *flaw* it is only what is good enough for an excerpt."""

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str | None = None
    location: str | None = None
    flaw: Flaw | None = None


class Fault(StrEnum):
    """How a call broke."""

    UNREACHABLE = "unreachable"
    """No connection: refused, no such host, a proxy that does not let through, a failed TLS handshake."""
    CERTIFICATE = "certificate"
    """The service's certificate is not one to trust; asking again cannot help."""
    TIMEOUT = "timeout"
    """No connection, or no complete reply, in time."""
    CUT_OFF = "cut-off"
    """The connection was lost, or what came over it was no HTTP."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A call without a reply. *sent* is False only when surely nothing of the request has left."""

    fault: Fault
    detail: str
    sent: bool


Result: TypeAlias = Reply | Broken
"""What became of one call."""


class Transport(Protocol):
    """Sends requests, from any number of threads at once."""

    def send(self, request: Request) -> Result:
        """Send *request* once and return what became of it; never raises for what the other side does."""

    def abort(self, thread: int) -> None:
        """Cut the connection that *thread* (its ident) is waiting on, if there is one."""

    def release(self) -> None:
        """Give up the calling thread's connection."""

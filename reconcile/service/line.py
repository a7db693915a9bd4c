"""One thread's connection, under requests: kept from call to call, and telling how far a call has come.

What an exception says of a call that broke is a guess: the same reset can come before or after the request was written.
Here it is known. Both kinds of connection note when they connect and when they write, so that "surely not sent" is said
only when it is so.
"""

from __future__ import annotations

from enum import Enum, auto
from http.client import HTTPConnection as BaseConnection
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Phase(Enum):
    """How far a call came: it was not seen to do anything, it was connecting, something of it was written."""

    UNKNOWN = auto()
    CONNECTING = auto()
    SENT = auto()


class Line:
    """One thread's session, the connection it last opened, and how far the call in hand has come."""

    def __init__(self) -> None:
        self.phase = Phase.UNKNOWN
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

    def __init__(self, line: Line) -> None:
        self._pools = _pools(line)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        proxied = super().proxy_manager_for(proxy, **keywords)
        proxied.pool_classes_by_scheme = self._pools
        return proxied


def _pools(line: Line) -> dict[str, type[HTTPConnectionPool]]:
    class Watched(BaseConnection):
        """Mixed into both kinds of connection: what is known of a call that broke is known from here."""

        _is_connecting = False

        def connect(self) -> None:
            line.connection = self
            line.phase = Phase.CONNECTING
            self._is_connecting = True
            try:
                super().connect()
            finally:
                self._is_connecting = False

        def send(self, part: Any) -> None:
            # A proxy's CONNECT comes through here too, while connecting; it is not yet our request.
            if not self._is_connecting:
                if self.sock is None:
                    self.connect()
                line.phase = Phase.SENT
            super().send(part)

    class Plain(Watched, HTTPConnection):
        pass

    class Secure(Watched, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}

"""One thread's requests session, with one kept connection, that records how far the request in hand has come.

An exception alone does not tell whether a request was sent: the same reset can come before and after it was written.
Both kinds of connection therefore record when they connect and when they write, so that "not sent" is reported only
when it is certain.
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
    """How far a request came: nothing was seen of it, it was connecting, a part of it was written."""

    UNKNOWN = auto()
    CONNECTING = auto()
    SENT = auto()


class ThreadSession:
    """One thread's session, the connection that it opened last, and how far the request in hand has come."""

    def __init__(self) -> None:
        self.phase = Phase.UNKNOWN
        self.connection: BaseConnection | None = None
        self.session = _Session()
        adapter = _Adapter(self)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)


class _Session(requests.Session):
    """A session that takes nothing from the environment, and does not look where a redirect leads."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests would read the body
        return None


class _Adapter(HTTPAdapter):
    """One connection for each host, which records when it is opened and when it is written to."""

    def __init__(self, tracked: ThreadSession) -> None:
        self._pools = _pools(tracked)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        proxied = super().proxy_manager_for(proxy, **keywords)
        proxied.pool_classes_by_scheme = self._pools
        return proxied


def _pools(tracked: ThreadSession) -> dict[str, type[HTTPConnectionPool]]:
    class Watched(BaseConnection):
        """Mixed into both kinds of connection: records the phase of a request."""

        _is_connecting = False

        def connect(self) -> None:
            tracked.connection = self
            tracked.phase = Phase.CONNECTING
            self._is_connecting = True
            try:
                super().connect()
            finally:
                self._is_connecting = False

        def send(self, part: Any) -> None:
            # The CONNECT to a proxy is sent while connecting; it is not yet the request.
            if not self._is_connecting:
                if self.sock is None:
                    self.connect()
                tracked.phase = Phase.SENT
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

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from reconcile.twin.testing import running_twin, twin
from tests.twin.asking import MONDAY, Client

__all__ = ["twin"]


@pytest.fixture
def client(twin):
    asking = Client(twin.url)
    yield asking
    asking.close()


@pytest.fixture
def still():
    """A twin whose clock stands on a Monday, midnight UTC, until it is advanced."""
    with running_twin(clock=MONDAY, speed=0) as running:
        yield running


@pytest.fixture
def asking(still):
    client = Client(still.url)
    yield client
    client.close()


class _Text(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_args: object) -> None:
        """Stay silent."""


@pytest.fixture
def target_of_text():
    """The URL of a server that is no twin."""
    server = HTTPServer(("127.0.0.1", 0), _Text)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()

"""For all tests: none reaches outside this machine. A name is not even asked for, an address not connected to.

None fails for being slow: a machine that has much else to do is no fault of the code. And none is red by chance: what
hypothesis tries is the same every day. New examples are drawn by `make examples`, which says how to draw them again.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from tests import postgres

# Hypothesis also draws the constants of all modules that are loaded. Which these are depends on the tests that ran in
# the process before: the same seed would find today what it does not tomorrow.
_NO_CONSTANTS = Constants()
assert callable(providers._get_local_constants)
providers._get_local_constants = lambda: _NO_CONSTANTS

# A test is no pipeline, wherever it runs: one that is to be sets CI itself.
os.environ.pop("CI", None)

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.register_profile("everyday", settings.get_profile("patient"), derandomize=True, max_examples=40)
settings.register_profile("few", settings.get_profile("everyday"), max_examples=8)
settings.register_profile("drawn", settings.get_profile("patient"), max_examples=200, print_blob=True)
settings.load_profile("everyday")  # --hypothesis-profile names another


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: tests wait half their time, for programs, servers and disks."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Leave what is imported and collected out of every later collection of garbage: it stays to the end."""
    gc.collect()
    gc.freeze()


class OutsideLoopbackError(AssertionError):
    """A test wanted to reach another machine. No error of the network, so that no code takes it for one."""


def is_loopback(host: object) -> bool:
    """Say whether *host*, a name or an address, is this machine; none at all is (it means "any", to listen on)."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def check(family: int, address: Any) -> None:
    """Raise `OutsideLoopbackError` if *address* is on another machine; a UNIX socket never is."""
    if family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
        raise OutsideLoopbackError(f"a test wanted to connect to {address}")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server: one for all tests of a process, for to make one takes seconds."""
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="module", autouse=True)
def nothing_left_to_the_collector() -> Iterator[None]:
    """Collect what the tests of a module left open, so that it fails there, and not wherever it is collected by chance.

    Only Python 3.13 tells of connections to SQLite.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def nothing_outside_loopback() -> Iterator[None]:
    """Guard what opens connections and looks names up, from the first test to the last."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        check(self.family, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if not is_loopback(host):
            raise OutsideLoopbackError(f"a test wanted to look up {host!r}")
        return getaddrinfo(host, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield

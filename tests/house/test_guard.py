"""The guard of `tests/conftest.py`: no test reaches outside this machine."""

from __future__ import annotations

import socket

import pytest

OUTSIDE = "192.0.2.1"  # kept for documents; belongs to nobody


def refuses(action) -> bool:
    try:
        action()
    except AssertionError as error:
        return "a test wanted to" in str(error)
    return False


@pytest.mark.parametrize("family, address", [(socket.AF_INET, (OUTSIDE, 9)), (socket.AF_INET6, ("2001:db8::1", 9))])
def test_another_machine_is_not_connected_to(family, address):
    with socket.socket(family) as one:
        assert refuses(lambda: one.connect(address))
        assert refuses(lambda: one.connect_ex(address))
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        assert refuses(lambda: one.sendto(b"", address))


@pytest.mark.parametrize("name", ["service.example", b"service.example", OUTSIDE])
def test_another_machine_is_not_looked_up(name):
    assert refuses(lambda: socket.getaddrinfo(name, 80))
    assert refuses(lambda: socket.create_connection((name, 80), timeout=1))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_this_machine_is_reached(name):
    with (
        socket.create_server((name, 0)) as listener,
        socket.create_connection(listener.getsockname(), timeout=60) as one,
    ):
        assert one.getpeername() == listener.getsockname()


def test_a_unix_socket_is_reached(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as one:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        one.connect(str(tmp_path / "s"))

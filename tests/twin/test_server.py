"""A twin as a program: where it says that it listens, and how it stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import pytest

from reconcile.errors import SettingError
from reconcile.twin.server import address_of, listener, serve
from reconcile.twin.settings import TwinSettings
from tests.twin.asking import Client

_PROGRAM = """
import sys
from reconcile.twin.server import serve
from reconcile.twin.settings import TwinSettings
serve(TwinSettings(port=0, host=sys.argv[1]))
"""


@pytest.fixture
def started():
    """Start a twin as a program; none is left behind, however the test ends."""
    processes: list[subprocess.Popen[str]] = []

    def start(host: str = "127.0.0.1") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _PROGRAM, host]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_with_0_and_without_a_word(number, started):
    process = started()
    process.stdout.readline()
    process.send_signal(number)
    assert (*process.communicate(timeout=60), process.returncode) == ("", "", 0)


def test_a_signal_ends_the_program_while_clients_hold_connections(started):
    process = started()
    url = process.stdout.readline().split()[4]
    client = Client(url)
    client.saved("1")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    client.close()
    assert process.returncode == 0


def test_a_signal_ends_the_program_amid_a_leap_of_the_clock(started):
    process = started()
    url = process.stdout.readline().split()[4]
    client = Client(url)
    client.post("/_twin/seed", {"tenants": {"acme": [{"code": "1", "name": "one", "cron": "* * * * * ?"}]}})
    leap = {"Content-Type": "application/json"}
    client.connection.request("POST", "/_twin/clock", b'{"advance": "300d"}', leap)
    watching = Client(url)
    while not watching.get("/_twin/statistics")["fires"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert (*process.communicate(timeout=60), process.returncode) == ("", "", 0)
    client.close()
    watching.close()


def test_one_line_says_where_it_listens(started):
    process = started()
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)
    assert line.startswith("The twin listens on http://127.0.0.1:")
    assert rest == ""


def test_a_host_that_others_can_reach_is_warned_of(started):
    process = started("0.0.0.0")
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert first.startswith("warning: ")


def test_a_taken_port_is_refused_and_the_option_named():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingError) as refused:
        serve(TwinSettings(port=taken.getsockname()[1]))
    assert "Address already in use" in refused.value.message
    assert "--port" in refused.value.hint


def test_a_host_without_an_address_is_refused(monkeypatch):
    def unknown(*_asked: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SettingError, match=r"cannot listen on no-such-host: .*not known"):
        listener(TwinSettings(host="no-such-host"))


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(SettingError, match="Mars/Olympus"):
        serve(TwinSettings(port=0, timezone="Mars/Olympus"))


def test_a_run_url_of_another_kind_is_refused():
    with pytest.raises(SettingError, match="ftp"):
        serve(TwinSettings(port=0, run_url="ftp://127.0.0.1/"))


def test_an_address_of_ip_6_stands_in_brackets():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        assert address_of(TwinSettings(host="::1"), opened) == f"http://[::1]:{opened.getsockname()[1]}"


def test_importing_the_package_imports_no_server():
    loaded = "import sys, reconcile.twin; print([name for name in ('uvicorn', 'starlette') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_the_twin_knows_nothing_of_the_client():
    loaded = (
        "import sys, reconcile.twin.testing;"
        "print([name for name in sys.modules if name.startswith(('reconcile.service', 'reconcile.report'))])"
    )
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"

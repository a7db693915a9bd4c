"""A client: what it shows in its trace, which operations it lets through, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconcile.errors import SettingError
from reconcile.flows.observe import observe
from reconcile.model.keys import Key
from reconcile.service import ServiceReader, ServiceWriter, open_client
from reconcile.service.messages import Operation, Request
from reconcile.service.system_clock import SystemClock
from tests.service.fakes import (
    FakeClock,
    a_save,
    an_environment,
    codes,
    fake_client,
    http_reply,
    json_reply,
    keys,
    numbered,
    raw_server,
    read_request,
    rows_reply,
    saved_reply,
)

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t-value"


def opened(url, *, trace=None, variables=None, parallelism=None, **more):
    stop = threading.Event()
    return open_client(
        an_environment(url, **more),
        variables=variables or {},
        clock=FakeClock(),
        stop=stop,
        parallelism=parallelism,
        trace=trace,
    )


def test_a_real_client_reads_and_saves():
    def handle(connection):
        while True:
            request = read_request(connection)
            body = rows_reply("1").body if b'"codes"' in request else saved_reply().body
            connection.sendall(http_reply(body))

    with raw_server(handle) as url, opened(url) as client:
        assert len(ServiceReader(client).query(keys("1"))[Key("acme", "1")]) == 1
        (answer,) = ServiceWriter(client).save([a_save()]).values()
        assert answer.job_id == "77"


def test_threads_are_kept_from_call_to_call_and_never_more_than_asked_for():
    threads = set()
    gate = threading.Barrier(3, timeout=60)

    def answer(request):
        threads.add(threading.get_ident())
        if request.tenant == "all":
            gate.wait()
        return rows_reply(*codes(request))

    environment = an_environment(batch_size=1)
    with fake_client(answer, environment=environment, parallelism=3) as (client, _, _clock):
        ServiceReader(client).query(numbered(3, "all"))
        for _ in range(3):
            ServiceReader(client).query(numbered(20))
    assert len(threads) == 3


@pytest.mark.parametrize("parallelism", [0, -1])
def test_less_than_one_call_at_once_is_refused(parallelism):
    with pytest.raises(SettingError, match="too few"):
        opened("http://h", parallelism=parallelism)


def test_the_trace_has_a_line_for_each_request_and_reply_without_secrets():
    lines = []

    def handle(connection):
        request = read_request(connection)
        echo = request.replace(b"\r\n", b" ").decode("latin-1").replace('"', "'")
        connection.sendall(http_reply(f'{{"said": "{echo}"}}'.encode(), status="404 Not Found"))

    with raw_server(handle) as url:
        address = url.replace("http://", f"http://me:{SECRET}@") + "/${BASE}"
        headers = {"X-Token": "Bearer ${TOKEN}", "X-Env": "prod"}
        variables = {"TOKEN": SECRET, "BASE": "b4se-path"}
        with opened(address, trace=lines.append, variables=variables, headers=headers) as client:
            (found,) = ServiceReader(client).query(keys("1")).values()
    everything = "\n".join([*lines, found.message, found.hint])
    assert len(lines) == 2
    assert lines[0].startswith(f"> 1 POST {url}/***/task/quartz/queryjobstatus tecode: acme X-Token: *** X-Env: *** {{")
    assert lines[1].startswith("< 1 HTTP 404")
    assert SECRET not in everything
    assert "b4se-path" not in everything
    assert "***" in found.message


def test_the_trace_says_how_a_call_broke():
    lines = []
    with raw_server(lambda connection: None) as url, opened(url, trace=lines.append) as client:
        ServiceWriter(client).save([a_save()])
    assert lines[1].startswith("< 1 cut-off: ")


def test_an_address_that_http_cannot_use_is_refused():
    with pytest.raises(SettingError, match=r"environments\.prod\.url"):
        opened("http://" + "ü" * 70 + ".example")


def test_an_address_in_another_script_is_sent_as_idna():
    with opened("http://bücher.example/ä") as client:
        urls = client._transport._urls
    assert urls[Operation.QUERY] == "http://xn--bcher-kva.example/%C3%A4/task/quartz/queryjobstatus"


def test_what_a_reader_holds_refuses_to_send_a_save():
    with fake_client(lambda request: saved_reply()) as (client, transport, _):
        reader = ServiceReader(client)
        with pytest.raises(PermissionError):
            reader._access.dispatcher.send(Request(Operation.SAVE, "acme", b"{}"))
        assert transport.requests == []


def test_nothing_that_a_reader_holds_can_save():
    """Walk every attribute of a reader, and of what they hold: no save, no writer, no client."""
    with fake_client(lambda request: saved_reply()) as (client, _, _clock):
        waiting, seen = [ServiceReader(client)], {}
        while waiting:
            one = waiting.pop()
            if id(one) in seen or isinstance(one, (str, int, float, type(None), type)):
                continue
            seen[id(one)] = one
            if not type(one).__module__.startswith("reconcile"):
                continue
            assert not isinstance(one, (ServiceWriter, type(client)))
            names = [name for name in dir(one) if not name.startswith("__")]
            assert not any("save" in name.lower() and callable(getattr(one, name)) for name in names)
            waiting += [getattr(one, name) for name in names]
        assert len(seen) > 10


def test_reading_everything_for_a_plan_sends_no_save():
    def answer(request):
        if request.operation is Operation.HISTORY:
            return json_reply({"resp_data": {"quartz_list": {"data": []}}})
        return rows_reply(*(code for code in codes(request) if code < "0050"))

    with fake_client(answer, parallelism=2) as (client, transport, _):
        reader = ServiceReader(client)
        observation = observe(reader, numbered(250))
        for key, found in observation.live.items():
            for row in found:
                reader.history(key.tenant, row.job_id)
    assert len(transport.requests) == 3 + 20 + 50
    assert all(request.operation is not Operation.SAVE for request in transport.requests)
    assert all(b'"save"' not in request.body for request in transport.requests)


def test_importing_the_client_does_not_import_the_http_library():
    program = "import sys, reconcile.service; sys.exit('requests' in sys.modules or 'urllib3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0


def test_the_clock_sleeps_until_it_is_stopped():
    stop = threading.Event()
    clock = SystemClock(stop)
    before = clock.monotonic()
    clock.sleep(0.001)
    clock.sleep(-1)
    stop.set()
    clock.sleep(3600)
    assert clock.monotonic() > before
    assert clock.now().utcoffset().total_seconds() == 0


def test_a_trace_that_cannot_be_written_does_not_lose_a_save():
    def closed(line):
        raise BrokenPipeError

    def handle(connection):
        read_request(connection)
        connection.sendall(http_reply(saved_reply().body))

    with raw_server(handle) as url, opened(url, trace=closed) as client:
        (answer,) = ServiceWriter(client).save([a_save()]).values()
    assert answer.job_id == "77"


def test_a_thread_that_hangs_holds_neither_the_close_nor_the_process():
    program = """
import threading, time
from tests.service.fakes import a_save, fake_client
from reconcile.service import ServiceWriter
stop = threading.Event()
def hang(request):
    stop.set()
    time.sleep(3600)
with fake_client(hang, stop=stop) as (client, _, _clock):
    (answer,) = ServiceWriter(client).save([a_save()]).values()
print(answer.kind)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout == "lost\n"

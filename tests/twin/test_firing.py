"""What fires when, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest

from reconcile.cron import fires as cron_fires
from reconcile.cron import parse
from reconcile.twin.clock import TwinClock, service_time, to_ms
from reconcile.twin.control_client import TwinControl
from reconcile.twin.fire_times import FireTimes
from reconcile.twin.jobs import Job, JobDefinition
from reconcile.twin.scheduler import Scheduler
from reconcile.twin.testing import running_twin
from tests.twin.asking import MONDAY, NIGHTLY, Client

DAY = timedelta(days=1)


def fires(twin, tenant: str = "acme") -> dict[str, int]:
    return {job["code"]: job["fires"] for job in twin.jobs(tenant)}


def seeded(twin, **crons: str) -> None:
    twin.seed("acme", [{"code": code, "name": code, "cron": cron} for code, cron in crons.items()])


def rows(twin, code: str = "a", size: int = 100) -> list[dict[str, object]]:
    client = Client(twin.url)
    (job,) = [job for job in twin.jobs("acme") if job["code"] == code]
    try:
        return client.history(job["jobinfoid"], size=size)["data"]
    finally:
        client.close()


def test_each_job_fires_as_its_cron_says(still):
    seeded(still, a=NIGHTLY, b="0 0 * * * ?", c="0 0 0 1 1 ? 2099")
    still.advance(DAY)
    assert fires(still) == {"a": 1, "b": 24, "c": 0}


def test_a_fire_is_due_at_its_very_second(still):
    seeded(still, a="0 0 * * * ?")
    still.advance(timedelta(minutes=59, seconds=59, milliseconds=999))
    before = fires(still)
    still.advance(timedelta(milliseconds=1))
    assert (before, fires(still)) == ({"a": 0}, {"a": 1})


def test_a_leap_leaves_the_journal_that_the_time_would_have_left(still):
    crons = {"a": NIGHTLY, "b": "0 */7 8-19 ? * MON-FRI", "c": "30 15 10 L * ?", "d": "0 0 12 1 1 ? 2099"}
    seeded(still, **crons)
    control = TwinControl(still.url)
    start = control.export()
    still.advance(40 * DAY)
    leapt = control.export()
    control.import_all(start)
    control.set_clock(now="2026-01-05T00:00:00Z")
    for _ in range(160):
        still.advance(DAY / 4)
    assert control.export() == leapt
    assert fires(still) == {"a": 40, "b": 30 * 108, "c": 1, "d": 0}


@pytest.mark.slow
def test_a_week_of_ten_thousand_schedules_is_fired_as_their_crons_say():
    from benchmarks.generate import rows as generated

    zone = ZoneInfo("Asia/Shanghai")
    with running_twin(clock=MONDAY, speed=0, timezone=str(zone)) as twin:
        jobs = [{"code": row.code, "name": row.name, "cron": row.cron} for row in generated(1, 10_000)]
        twin.seed("acme", jobs)
        twin.advance(7 * DAY)
        ids = {job["code"]: job["jobinfoid"] for job in twin.jobs("acme")}
        client = Client(twin.url)
        sample = {job["code"]: job["cron"] for job in jobs[::250]}
        journals = {
            code: [row["triggertime"] for row in client.history(ids[code], size=10_000)["data"]] for code in sample
        }
        client.close()
    start = MONDAY.astimezone(zone)
    assert journals == {
        code: [service_time(to_ms(fire)) for fire in cron_fires(parse(cron), start, start + 7 * DAY)][::-1]
        for code, cron in sample.items()
    }


def test_crons_are_read_in_the_twins_time_zone():
    with running_twin(clock=MONDAY, speed=0, timezone="Asia/Shanghai") as twin:
        seeded(twin, a=NIGHTLY)
        twin.advance(DAY)
        assert rows(twin)[0]["triggertime"] == "2026-01-05T18:00:00.000+0000"


def test_a_disabled_job_does_not_fire(still):
    seeded(still, a=NIGHTLY)
    still.disable("acme", "a")
    still.advance(DAY)
    assert fires(still) == {"a": 0}


def test_a_job_that_is_enabled_again_owes_nothing(still):
    seeded(still, a=NIGHTLY)
    still.disable("acme", "a")
    still.advance(DAY)
    still.enable("acme", "a")
    still.advance(DAY)
    assert fires(still) == {"a": 1}


def test_a_changed_cron_counts_from_the_change(still):
    seeded(still, a=NIGHTLY)
    still.advance(timedelta(hours=1))
    still.change("acme", "a", cron="0 30 1 * * ?")
    still.advance(timedelta(hours=3))
    assert [row["triggertime"] for row in rows(still)] == ["2026-01-05T01:30:00.000+0000"]


def test_a_job_saved_to_and_fro_fires_once(still):
    seeded(still, a=NIGHTLY)
    for cron in ("0 0 3 * * ?", NIGHTLY, "0 0 3 * * ?", NIGHTLY):
        still.change("acme", "a", cron=cron)
    still.advance(DAY)
    assert fires(still) == {"a": 1}


def test_a_deleted_job_does_not_fire(still):
    seeded(still, a=NIGHTLY, b=NIGHTLY)
    still.delete("acme", "a")
    still.advance(DAY)
    assert fires(still) == {"b": 1}


def test_duplicates_fire_each_for_itself(still):
    seeded(still, a=NIGHTLY)
    still.duplicate("acme", "a")
    still.advance(DAY)
    assert [job["fires"] for job in still.jobs("acme")] == [1, 1]


def test_a_cron_that_quartz_would_refuse_never_fires(still):
    seeded(still, a="not a cron")
    still.advance(DAY)
    assert fires(still) == {"a": 0}


def test_a_fast_clock_fires_by_itself():
    with running_twin(clock=MONDAY, speed=1_000_000) as twin:
        seeded(twin, a=NIGHTLY)
        while fires(twin)["a"] < 3:
            time.sleep(0.01)
        assert {row["triggertime"][10:] for row in rows(twin)} == {"T02:00:00.000+0000"}


def test_a_run_shows_in_the_journal_when_it_has_ended():
    with running_twin(clock=MONDAY, speed=0, run_seconds=90) as twin:
        seeded(twin, a=NIGHTLY)
        twin.advance(timedelta(hours=2, seconds=89))
        before = rows(twin)
        twin.advance(timedelta(seconds=1))
        (row,) = rows(twin)
    assert before == []
    assert (row["exetotaltime"], row["updatetime"]) == (90_000, "2026-01-05T02:01:30.000+0000")


def test_runs_fail_at_the_rate_that_was_set():
    with running_twin(clock=MONDAY, speed=0, failure_rate=0.25) as twin:
        seeded(twin, a="0 * * * * ?")
        twin.advance(7 * DAY)
        statuses = [row["exestatus"] for row in rows(twin, size=20_000)]
    assert len(statuses) == 10_080
    assert statuses.count("failure") == pytest.approx(2520, rel=0.1)


def test_jobs_fail_each_for_itself():
    crons = {str(number): "0 * * * * ?" for number in range(10)}
    with running_twin(clock=MONDAY, speed=0, failure_rate=0.5) as twin:
        seeded(twin, **crons)
        twin.advance(DAY)
        failed = [[row["exestatus"] == "failure" for row in rows(twin, code, 2000)] for code in crons]
    together = [sum(a and b for a, b in zip(one, other, strict=True)) for one, other in combinations(failed, 2)]
    # Of 1,440 fires a quarter; ten deviations of the mean to each side.
    assert 360 - 165 < min(together) <= max(together) < 360 + 165


def test_a_failed_run_says_what_happened():
    with running_twin(clock=MONDAY, speed=0, failure_rate=1) as twin:
        seeded(twin, a=NIGHTLY)
        twin.advance(DAY)
        assert rows(twin)[0]["exedes"] == "java.net.SocketTimeoutException: timeout"


def test_the_same_seed_lets_the_same_runs_fail():
    def failures() -> list[object]:
        with running_twin(clock=MONDAY, speed=0, failure_rate=0.5, random_seed=7) as twin:
            seeded(twin, a="0 0 * * * ?")
            twin.advance(DAY)
            return [row["exestatus"] for row in rows(twin)]

    assert failures() == failures()


class _Target(BaseHTTPRequestHandler):
    """Notes what it is asked, and fails for the code ``bad``."""

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(500 if self.path.endswith("bad") else 204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Stay silent."""


@pytest.fixture
def target():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Target)
    server.asked = []
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ran(twin, code: str) -> dict[str, object]:
    """The one row of *code*, once its run has ended."""
    twin.advance(timedelta(hours=3))
    while not (found := rows(twin, code)):
        twin.advance(timedelta(minutes=1))
    return found[0]


def test_a_fire_calls_the_url_of_its_tenant_and_code(target):
    url = f"http://127.0.0.1:{target.server_port}/run/{{tenant}}/{{code}}"
    with running_twin(clock=MONDAY, speed=0, run_url=url) as twin:
        seeded(twin, good=NIGHTLY)
        assert ran(twin, "good")["exestatus"] == "success"
    assert target.asked == ["/run/acme/good"]


def test_a_leap_calls_the_url_once_for_each_job(target):
    url = f"http://127.0.0.1:{target.server_port}/{{code}}"
    with running_twin(clock=MONDAY, speed=0, run_url=url) as twin:
        seeded(twin, a=NIGHTLY, b="0 0 * * * ?")
        twin.advance(5 * DAY)
        while fires(twin) != {"a": 5, "b": 120}:
            time.sleep(0.01)
    assert sorted(target.asked) == ["/a", "/b"]


def test_a_call_that_is_answered_with_an_error_is_a_failed_run(target):
    url = f"http://127.0.0.1:{target.server_port}/{{code}}"
    with running_twin(clock=MONDAY, speed=0, run_url=url) as twin:
        seeded(twin, bad=NIGHTLY)
        row = ran(twin, "bad")
    assert (row["exestatus"], row["exedes"]) == ("failure", "java.io.IOException: HTTP 500 Internal Server Error")


def test_a_call_that_cannot_be_made_is_a_failed_run(target):
    closed = ThreadingHTTPServer(("127.0.0.1", 0), _Target)
    port = closed.server_port
    closed.server_close()
    with running_twin(clock=MONDAY, speed=0, run_url=f"http://127.0.0.1:{port}/") as twin:
        seeded(twin, a=NIGHTLY)
        assert str(ran(twin, "a")["exedes"]).startswith("java.io.IOException: ")


@pytest.fixture
def talker():
    """The port of a server that never comes to an end: it sends a byte of a header from time to time."""
    is_over = Event()

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not is_over.wait(0.02):
                connection.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                Thread(target=talk, args=(server.accept()[0],)).start()

    server = socket.create_server(("127.0.0.1", 0))
    accepting = Thread(target=accept)
    accepting.start()
    yield server.getsockname()[1]
    is_over.set()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    accepting.join()


def test_a_call_that_does_not_end_in_time_is_a_failed_run(talker):
    url = f"http://127.0.0.1:{talker}/"
    with running_twin(clock=MONDAY, speed=0, run_url=url, run_timeout_seconds=0.1) as twin:
        seeded(twin, a=NIGHTLY)
        assert ran(twin, "a")["exedes"] == "java.net.SocketTimeoutException: timeout"


def test_a_call_under_way_does_not_keep_a_twin_from_ending(talker):
    with running_twin(clock=MONDAY, speed=0, run_url=f"http://127.0.0.1:{talker}/", run_timeout_seconds=3600) as twin:
        seeded(twin, a=NIGHTLY)
        twin.advance(DAY)


def test_a_twin_fires_up_to_a_hundred_years_after_its_start():
    with running_twin(clock=MONDAY.replace(year=2150), speed=0) as twin:
        seeded(twin, a=NIGHTLY)
        twin.advance(DAY)
        assert ran(twin, "a")["triggerstatus"] == "success"


class Ticks:
    """A scheduler of one hourly job on a machine whose time the test moves; *fired* is what it did."""

    def __init__(self, speed: float = 1.0) -> None:
        self.seconds = 0.0
        self.fired: list[int] = []
        self.clock = TwinClock(MONDAY, speed, machine=lambda: self.seconds)
        self.scheduler = Scheduler(self.clock, FireTimes(UTC), lambda _job, fires: self.fired.extend(fires))
        definition = JobDefinition("acme", "1", "one", "0 0 * * * ?")
        self.scheduler.plan(Job(1, "1", definition, base_ms=self.clock.now_ms()))

    def pass_by(self, seconds: float) -> list[int]:
        """What is fired when *seconds* of the machine have passed, in minutes since Monday."""
        self.seconds += seconds
        asyncio.run(self.scheduler.catch_up())
        return [(ms - to_ms(MONDAY)) // 60_000 for ms in self.fired]


def test_after_the_sleep_of_the_machine_a_job_fires_once_and_now():
    assert Ticks().pass_by(8 * 3600 + 300) == [485]


def test_a_loop_that_was_busy_for_less_than_quartz_forgives_fires_at_the_time_that_was_due():
    assert Ticks().pass_by(3659) == [60]


def test_on_a_fast_clock_lateness_is_that_of_the_machine():
    assert Ticks(speed=3600).pass_by(3) == [60, 120, 180]


def test_a_leap_that_was_asked_for_owes_every_fire():
    ticks = Ticks()
    ticks.clock.advance(3 * 3_600_000)
    ticks.scheduler.owe(ticks.clock.now_ms())
    assert ticks.pass_by(0) == [60, 120, 180]

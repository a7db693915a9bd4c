"""What a twin with a file knows after it has been stopped, or killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from reconcile.errors import SettingError
from reconcile.twin.control_client import TwinControl
from reconcile.twin.store import Store
from reconcile.twin.testing import running_twin
from tests.twin.asking import MONDAY, NIGHTLY, Client

DAY = timedelta(days=1)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "twin.db"


def saved(url: str, *codes: str, cron: str = NIGHTLY) -> list[str]:
    client = Client(url)
    try:
        return [client.saved(code, cron) for code in codes]
    finally:
        client.close()


def run_script(file, statements):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)


def test_jobs_are_there_again_after_a_restart(file):
    with running_twin(db=file) as twin:
        saved(twin.url, "1", "2")
        twin.disable("acme", "2")
        before = twin.jobs("acme")
    with running_twin(db=file) as twin:
        assert twin.jobs("acme") == before


def test_the_journal_is_there_again_after_a_restart(file):
    with running_twin(db=file, clock=MONDAY, speed=0, failure_rate=0.5) as twin:
        twin.seed("acme", [{"code": "1", "name": "one", "cron": "0 0 * * * ?"}])
        twin.insert_rows("acme", "1", [{"fired": "2026-01-01T00:00:00Z", "runtype": "manual"}])
        twin.advance(DAY)
        job_id = twin.jobs("acme")[0]["jobinfoid"]
        client = Client(twin.url)
        before = client.history(job_id, size=100)
        client.close()
    with running_twin(db=file, clock=MONDAY + DAY, speed=0) as twin:
        client = Client(twin.url)
        assert client.history(job_id, size=100) == before
        client.close()


def test_ids_are_never_given_out_twice(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        first = saved(twin.url, "1")
        twin.advance(DAY)
    with running_twin(db=file, clock=MONDAY + DAY, speed=0) as twin:
        assert saved(twin.url, "2") > first


def test_a_deleted_job_stays_deleted(file):
    with running_twin(db=file) as twin:
        saved(twin.url, "1")
        twin.delete("acme", "1")
    with running_twin(db=file) as twin:
        assert twin.jobs("acme") == []


def test_fires_missed_while_it_was_stopped_are_made_up_for_by_one_now(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        saved(twin.url, "1", cron="0 0 * * * ?")
        twin.advance(timedelta(hours=1))
    with running_twin(db=file, clock=MONDAY + timedelta(hours=9, minutes=7), speed=0) as twin:
        client = Client(twin.url)
        times = [row["triggertime"] for row in client.history(twin.jobs("acme")[0]["jobinfoid"])["data"]]
        client.close()
        assert times == ["2026-01-05T09:07:00.000+0000", "2026-01-05T01:00:00.000+0000"]
        assert twin.jobs("acme")[0]["next_fire"] == "2026-01-05T10:00:00+00:00"


def test_a_fire_missed_by_less_than_quartz_forgives_is_made_at_its_own_time(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        saved(twin.url, "1", cron="0 0 * * * ?")
    with running_twin(db=file, clock=MONDAY + timedelta(hours=1, seconds=59), speed=0) as twin:
        twin.advance(timedelta(0))
        client = Client(twin.url)
        times = [row["triggertime"] for row in client.history(twin.jobs("acme")[0]["jobinfoid"])["data"]]
        client.close()
        assert times == ["2026-01-05T01:00:00.000+0000"]


def test_a_disabled_job_misses_nothing(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        saved(twin.url, "1")
        twin.disable("acme", "1")
    with running_twin(db=file, clock=MONDAY + 3 * DAY, speed=0) as twin:
        assert twin.jobs("acme")[0]["fires"] == 0


def test_a_clock_put_back_does_not_keep_jobs_from_firing(file):
    with running_twin(db=file, clock=MONDAY + 30 * DAY, speed=0) as twin:
        saved(twin.url, "1")
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        twin.advance(DAY)
        assert twin.jobs("acme")[0]["fires"] == 1


def test_a_seed_is_read_only_by_an_empty_twin(file, tmp_path):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"tenants": {"acme": [{"code": "1", "name": "one", "cron": NIGHTLY}]}}), "utf-8")
    for _ in range(2):
        with running_twin(db=file, seed=seed) as twin:
            assert len(twin.jobs("acme")) == 1


def test_a_file_that_is_no_database_is_refused(file):
    file.write_text("not a database, but long enough to look like something " * 20)
    with pytest.raises(SettingError, match="cannot keep its state"), running_twin(db=file):
        pass


def held_open(file):
    """Return how often this process has *file* open."""
    return [*map(os.path.realpath, Path("/proc/self/fd").iterdir())].count(str(file))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.write_text("not a database, but long enough " * 50), id="no-database"),
        pytest.param(lambda file: run_script(file, "PRAGMA user_version = 9"), id="of-another-format"),
    ],
)
def test_a_file_that_is_refused_is_let_go_of_at_once(file, spoil):
    spoil(file)
    with pytest.raises(SettingError) as refused, running_twin(db=file):
        pass
    assert refused.value.__traceback__ is not None  # that is alive, with all that it refers to
    assert held_open(file) == 0


def test_a_file_is_let_go_of_when_the_twin_cannot_start(file, tmp_path):
    (tmp_path / "seed.json").write_text("[]", "utf-8")
    with pytest.raises(SettingError, match="is not one"), running_twin(db=file, seed=tmp_path / "seed.json"):
        pass
    with running_twin(db=file) as twin:
        assert twin.jobs("acme") == []


def test_a_file_of_another_format_is_refused(file):
    run_script(file, "PRAGMA user_version = 9")
    with pytest.raises(SettingError, match="format 9"), running_twin(db=file):
        pass


def test_a_save_that_cannot_be_written_is_not_acknowledged_and_neither_is_one_after_it(file):
    with running_twin(db=file) as twin:
        saved(twin.url, "1")
        client = Client(twin.url)
        twin._twin._store._connection.execute("PRAGMA max_page_count = 1")  # as if the disk were full
        refused = [client.save("2", name="x" * 100_000), client.save("3")]
        client.close()
    assert [(sorted(reply), "can no longer write" in reply["resp_msg"]) for reply in refused] == [
        (["resp_code", "resp_msg"], True)
    ] * 2
    with running_twin(db=file) as twin:
        assert [job["code"] for job in twin.jobs("acme")] == ["1"]


def test_a_file_that_another_twin_holds_is_refused(file):
    with (
        running_twin(db=file),
        pytest.raises(SettingError, match="database is locked") as refused,
        running_twin(db=file),
    ):
        pass
    assert "another twin" in refused.value.hint


def test_what_belongs_together_is_never_divided_between_commits(file, monkeypatch):
    pieces: list[list[str]] = []
    hand_over = Store.hand_over

    def noted(store: Store) -> None:
        pieces.append([write.statement.partition(" (")[0].partition(" VALUES")[0] for write in store._unit])
        hand_over(store)

    monkeypatch.setattr(Store, "hand_over", noted)
    with running_twin(db=file, clock=MONDAY, speed=0, save="replace") as twin:
        saved(twin.url, "1")
        saved(twin.url, "1")
        twin.advance(DAY)
    put, row = "INSERT OR REPLACE INTO job", "INSERT OR REPLACE INTO journal"
    gone = ["DELETE FROM job WHERE serial = ?", "DELETE FROM journal WHERE job = ?"]
    assert [piece for piece in pieces if piece] == [[put, row], [*gone, put, row], [row, put]]


def test_old_rows_leave_the_file_while_the_twin_runs(file):
    with running_twin(db=file, clock=MONDAY, speed=0, retention=86400.0) as twin:
        saved(twin.url, "1", "2")
        twin.advance(DAY)
        twin.disable("acme", "1")
        for _ in range(3):
            twin.advance(DAY)
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT job, count(*) FROM journal GROUP BY job").fetchall()
    connection.close()
    assert [count for _, count in rows] == [1]


def test_a_clock_that_was_put_is_where_jobs_count_from_after_a_restart_too(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        saved(twin.url, "1")
        TwinControl(twin.url).set_clock(now="2026-02-01T00:00:00Z")
    with running_twin(db=file, clock=MONDAY + 28 * DAY, speed=0) as twin:
        assert twin.jobs("acme")[0]["fires"] == 1


def test_the_recent_fires_of_the_file_are_recent_again(file):
    with running_twin(db=file, clock=MONDAY, speed=0) as twin:
        saved(twin.url, "1", "2", cron="0 0 * * * ?")
        twin.advance(10 * DAY)
        client = Client(twin.url)
        before = client.get("/_twin/overview")["recent"]
        client.close()
    with running_twin(db=file, clock=MONDAY + 10 * DAY, speed=0) as twin:
        client = Client(twin.url)
        assert client.get("/_twin/overview")["recent"] == before
        client.close()


_PROGRAM = """
import sys
from pathlib import Path
from reconcile.twin.habits import Habits
from reconcile.twin.server import serve
from reconcile.twin.settings import TwinSettings
db, habit, speed = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
serve(TwinSettings(port=0, db=db, speed=speed, habits=Habits(save=habit)))
"""


@pytest.fixture
def started(file):
    """Start a twin on the file as a program; none is left behind, however the test ends."""
    processes: list[subprocess.Popen[str]] = []

    def start(habit: str, speed: float = 1.0) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", _PROGRAM, str(file), habit, str(speed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, re.search(r"http://\S+", process.stdout.readline())[0]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("habit", ["upsert", "replace"])
def test_a_kill_amid_saves_loses_no_acknowledged_one_and_doubles_none(file, habit, started):
    """Each worker saves its codes over and over; in the end each code has one job, with the cron acknowledged last."""
    acknowledged: dict[str, int] = {}
    begun: dict[str, int] = {}

    def save_on(url: str, worker: int) -> None:
        client = Client(url)
        try:
            for number in range(1_000_000):
                code = f"{worker}-{number % 20}"
                begun[code] = number % 60
                client.saved(code, f"0 {number % 60} 2 * * ?")
                acknowledged[code] = number % 60
        except (OSError, http.client.HTTPException):
            pass
        finally:
            client.close()

    process, url = started(habit)
    workers = [Thread(target=save_on, args=(url, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 80:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    for worker in workers:
        worker.join()
    process.communicate()
    with running_twin(db=file) as twin:
        crons = [(job["code"], int(job["cron"].split()[1])) for job in twin.jobs("acme")]
    found = dict(crons)
    assert len(crons) == len(found) == 80
    # A save that was under way may be there or not; one that was acknowledged is.
    assert [code for code, minute in found.items() if minute not in (acknowledged[code], begun[code])] == []


def test_a_kill_amid_fires_leaves_each_fire_once(file, started):
    process, url = started("upsert", 600.0)
    saved(url, *map(str, range(20)), cron="* * * * * ?")
    client = Client(url)
    while client.get("/_twin/statistics")["fires"] < 20_000:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    client.close()
    connection = sqlite3.connect(file)
    doubled = connection.execute("SELECT 1 FROM journal GROUP BY job, fired_ms HAVING count(*) > 1").fetchall()
    behind = connection.execute(
        "SELECT 1 FROM job WHERE base_ms <> (SELECT max(fired_ms) FROM journal WHERE job = serial)"
    ).fetchall()
    connection.close()
    assert (doubled, behind) == ([], [])

"""What a twin with a file knows after it has been stopped, or killed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from threading import Thread

import pytest

from reconcile.errors import SettingError
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


def test_a_file_of_another_format_is_refused(file):
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(SettingError, match="format 9"), running_twin(db=file):
        pass


_PROGRAM = """
import sys
from pathlib import Path
from reconcile.twin.server import serve
from reconcile.twin.settings import TwinSettings
serve(TwinSettings(port=0, db=Path(sys.argv[1])))
"""


def started(file) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(file)], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, re.search(r"http://\S+", line)[0]


def test_a_kill_amid_saves_loses_no_acknowledged_one_and_doubles_none(file):
    acknowledged: dict[str, str] = {}

    def save_on(url: str, worker: int) -> None:
        client = Client(url)
        try:
            for number in range(100_000):
                code = f"{worker}-{number}"
                acknowledged[code] = client.saved(code)
        except OSError:
            pass
        finally:
            client.close()

    process, url = started(file)
    workers = [Thread(target=save_on, args=(url, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 200:
        pass
    os.kill(process.pid, signal.SIGKILL)
    for worker in workers:
        worker.join()
    process.communicate()
    with running_twin(db=file) as twin:
        for code in acknowledged:
            saved(twin.url, code)
        found = [(job["code"], job["jobinfoid"]) for job in twin.jobs("acme")]
    assert len(found) == len(dict(found))
    assert dict(found).items() >= acknowledged.items()

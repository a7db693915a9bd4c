"""A ledger file that a user may read and not write: what only reads knows all that it holds, or says why not."""

from __future__ import annotations

import sqlite3

import pytest

from reconcile.ledger.address import file_address
from reconcile.ledger.open_ledger import open_ledger
from tests.journeys.conftest import CLOCK, LEDGER, TENANT, WORKSPACE, verdicts
from tests.ledger.conftest import ordinary_user

READING = [("plan",), ("drift",), ("status",), ("runs",), ("history", "acme", "1")]
WRITING = [("apply", "--yes"), ("release", "acme/1"), ("unlock", "1a2b3c4d"), ("ledger", "rebuild")]


@pytest.fixture
def kept(program, service, monkeypatch):
    """What is declared was applied once, by a user whom file permissions bind; gives the file of the ledger."""
    for words in (*READING, *WRITING):
        program(*words)  # loads their modules, which that user may not read
    service.jobs.clear()
    with monkeypatch.context() as patch, ordinary_user() as folder:
        patch.chdir(folder)
        (folder / "schedules" / "tenants").mkdir(parents=True)
        (folder / "schedules" / "reconcile.yaml").write_text(WORKSPACE.format(url=service.url), encoding="utf-8")
        (folder / "schedules" / "tenants" / "acme.yaml").write_text(TENANT, encoding="utf-8")
        assert program("apply", "--yes").code == 0
        service.saves.clear()
        yield folder / LEDGER


def forbid(file):
    for path in file.parent.iterdir():
        path.chmod(0o400)
    file.parent.chmod(0o500)


def contents(file):
    return {path.name: path.stat().st_mtime_ns for path in file.parent.iterdir()}


def unreadable(document):
    return [one["message"] for one in document["findings"] if one["rule"] == "ledger-unreadable"]


def opened(file):
    return open_ledger(file_address(file), workspace="test", environment="test", clock=CLOCK, create=False)


def with_tables_of_version_four(file):
    """Let the ledger say that it is of an older version, and lack what the next one brought."""
    with sqlite3.connect(file) as connection:
        for table in ("runs", "applied", "holds"):
            if table == "runs":
                connection.execute("DROP INDEX reconcile_runs_newest")
                connection.execute(
                    "CREATE INDEX reconcile_runs_newest ON reconcile_runs (workspace, environment, started_at)"
                )
            connection.execute(f"ALTER TABLE reconcile_{table} DROP COLUMN serial")
        connection.execute("ALTER TABLE reconcile_runs DROP COLUMN settled_by")
        for column in ("declared", "in_force"):
            connection.execute(f"ALTER TABLE reconcile_applied DROP COLUMN {column}")
        for table in ("ledgers", "observed"):
            connection.execute(f"DROP TABLE reconcile_{table}")
        connection.execute("UPDATE reconcile_meta SET value = '4' WHERE name = 'schema_version'")
    connection.close()


def test_what_only_reads_knows_all_of_a_ledger_that_it_may_not_write_and_leaves_it_as_it_is(kept, program, service):
    forbid(kept)
    before = contents(kept)
    service.put("acme", "1", "0 0 9 * * ?")
    for words in READING:
        assert program(*words).code in (0, 2), words
    code, plan = program.json("plan")
    assert (code, plan["last_applied"], verdicts(plan), unreadable(plan)) == (0, "ledger", {"1": "drifted"}, [])
    assert len(program.json("runs")[1]["runs"]) == 1
    assert contents(kept) == before


def test_what_a_drift_check_noted_before_is_shown_where_the_next_may_not_note_anything(kept, program, service):
    service.put("acme", "1", "0 0 9 * * ?")
    _, before = program.json("drift")
    forbid(kept)
    service.put("acme", "2", "0 0 9 * * ?")
    code, drift = program.json("drift")
    assert (code, [one["first_seen"] for one in drift["keys"]]) == (2, [before["keys"][0]["first_seen"], None])
    assert "could not be noted: the ledger" in program("drift", "-v").err
    assert program("drift").err == ""


def test_what_another_run_has_not_written_into_the_file_yet_is_read_too(kept, program):
    with opened(kept) as ledger, ledger.lock("20260101T000000Z-aaaaaa", "night pipeline", timeout_seconds=0):
        assert (kept.parent / "ledger.db-wal").stat().st_size
        forbid(kept)
        try:
            assert "night pipeline" in program("status").out
        finally:
            kept.parent.chmod(0o700)
            for path in kept.parent.iterdir():
                path.chmod(0o600)


def test_an_older_ledger_that_may_not_be_written_is_read_and_stays_as_it_is(kept, program):
    with_tables_of_version_four(kept)
    forbid(kept)
    before = kept.read_bytes()
    code, plan = program.json("plan")
    assert (code, plan["last_applied"], unreadable(plan)) == (0, "ledger", [])
    assert kept.read_bytes() == before


@pytest.mark.parametrize("beside", ["ledger.db-wal", None], ids=["changes-beside-it", "the-file"])
def test_a_ledger_that_may_not_be_read_is_told_with_the_reason(kept, program, service, beside):
    if beside is not None:
        (kept.parent / beside).write_bytes(b"x" * 100)
    forbid(kept)
    (kept.parent / beside if beside else kept).chmod(0)
    code, plan = program.json("plan")
    (message,) = unreadable(plan)
    assert (code, plan["last_applied"]) == (0, "none")
    assert ("ledger.db-wal lies beside it" if beside else "it cannot be opened") in message
    assert program("status").code == 1
    assert program("runs").code == 1


@pytest.mark.parametrize(
    "words", [("apply", "--yes"), ("release", "acme/1"), ("unlock", "1a2b3c4d"), ("ledger", "rebuild")]
)
def test_what_writes_does_not_take_a_ledger_that_it_may_not_write(kept, program, service, words):
    forbid(kept)
    before = contents(kept)
    ended = program(*words)
    assert (ended.code, "let this user" in ended.err + ended.out) == (3 if words[0] == "apply" else 1, True)
    assert (service.saves, contents(kept)) == ([], before)

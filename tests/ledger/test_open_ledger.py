"""Opening a ledger: what is made, what is migrated, and what is refused, with a hint."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import traceback
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Column, Engine, Index, MetaData, Table, Text, create_engine, event, inspect

from reconcile.errors import LedgerError
from reconcile.ledger.address import LedgerAddress, file_address
from reconcile.ledger.migrations import SCHEMA_VERSION
from reconcile.ledger.tables import CHANGES, IS_DOUBLED, IS_OPEN, RUNS, metadata
from reconcile.model.ledger_records import Ending
from reconcile.model.outcome import Intent, Result
from tests import postgres
from tests.builders import key
from tests.ledger.conftest import address_of, in_databases, open_at, ordinary_user
from tests.ledger.git_ledgers import rewrite, version_at
from tests.ledger.run_builders import LATER_RUN, NOON, RUN, Clock, applied, end, hold, outcome, run_in, update

GOLDEN = Path(__file__).parent / "golden"


def opening(address, *, create=True, workspace="shop"):
    return open_at(address, workspace=workspace, environment="prod", clock=Clock(), create=create)


def refusal(address, **more):
    with pytest.raises(LedgerError) as refused:
        opening(address, **more)
    error = refused.value
    assert (address.remote or address.shown) in error.message
    assert error.hint
    return error


def run_script(address: LedgerAddress, script: str) -> None:
    """Run statements on the rows of a ledger, past the program."""
    if address.remote is not None:
        rewrite(address, script)
        return
    if address.path is None:
        postgres.execute(address.url.replace("+psycopg", ""), script)
        return
    address.path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(address.path)) as connection:
        connection.executescript(script)


def value(address: LedgerAddress, query: str) -> object:
    if address.remote is not None:
        with opening(address) as ledger, ledger._database.reading() as connection:
            return connection.exec_driver_sql(query).scalar()
    if address.path is None:
        return postgres.execute(address.url.replace("+psycopg", ""), query)[0][0]
    with contextlib.closing(sqlite3.connect(address.path)) as connection:
        return connection.execute(query).fetchone()[0]


def schema_of(address: LedgerAddress) -> int:
    """The version of the rows that the ledger holds."""
    return version_at(address) if address.remote is not None else int(value(address, VERSION))


VERSION = "SELECT value FROM reconcile_meta WHERE name = 'schema_version'"


def test_who_only_reads_makes_nothing(address):
    assert opening(address, create=False) is None
    assert address.path is None or not address.path.parent.exists()


@in_databases
def test_a_ledger_is_made_where_none_is(address):
    with opening(address) as ledger:
        assert not ledger.runs(most=1)
    with opening(address, create=False) as ledger:
        assert not ledger.runs(most=1)


def test_the_folder_of_the_default_ledger_is_ignored_by_git(sqlite_address):
    opening(sqlite_address).close()
    assert (sqlite_address.path.parent.parent / ".gitignore").read_text() == "*\n"


def test_a_folder_of_another_name_is_left_to_its_owner(tmp_path):
    opening(file_address(tmp_path / "state/deep/ledger.db")).close()
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "state",
        "state/deep",
        "state/deep/ledger.db",
    ]


@in_databases
def test_a_sqlite_ledger_is_as_durable_as_sqlite_can_be(ledger, address):
    with ledger._database.reading() as connection:
        if address.path is None:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() in ("on", "off")  # the server's own
            return
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@in_databases
def test_the_migrations_make_the_tables_that_the_program_knows(address):
    opening(address).close()
    made = create_engine(address.url)
    planned = create_engine("sqlite://")
    whole().create_all(planned)
    assert shape(made) == shape(planned)


def whole() -> MetaData:
    """The tables that the program names, with what only the migrations name: the version and the indexes."""
    tables = MetaData()
    runs, changes = (table.to_metadata(tables) for table in (RUNS, CHANGES))
    for table in metadata.tables.values():
        if table.name not in tables.tables:
            table.to_metadata(tables)
    Table("reconcile_meta", tables, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
    Index("reconcile_changes_doubled", changes.c.run, sqlite_where=IS_DOUBLED)
    Index("reconcile_changes_open", changes.c.run, sqlite_where=IS_OPEN)
    Index("reconcile_runs_newest", runs.c.workspace, runs.c.environment, runs.c.serial)
    return tables


def shape(engine: Engine) -> object:
    """What two databases must have in common to hold the same rows."""
    seen = inspect(engine)
    found = {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(table)],
            seen.get_pk_constraint(table)["constrained_columns"],
            [(fk["constrained_columns"], fk["referred_table"]) for fk in seen.get_foreign_keys(table)],
            sorted((index["name"], index["column_names"]) for index in seen.get_indexes(table)),
        )
        for table in seen.get_table_names()
    }
    engine.dispose()
    return found


@pytest.mark.parametrize("version", sorted(path.stem for path in GOLDEN.glob("*.sql")))
def test_a_ledger_of_an_older_version_is_led_up_to_date_and_loses_nothing(address, version):
    script = (GOLDEN / f"{version}.sql").read_text(encoding="utf-8")
    run_script(address, script)
    with opening(address) as ledger:
        assert ledger.last_applied() == applied("1")
        assert ledger.foreign_keys() == {key("9", "globex"): "billing"}
        assert ledger.holds() == {key("3"): hold("3")}
        assert [(run, record.key.code, record.result) for run, record in ledger.open_changes()] == [
            (RUN, "2", Result.UNKNOWN),
            (LATER_RUN, "4", None),
        ]
        record, changes = ledger.run(RUN)
        assert (record.ending, record.summary, len(changes)) == (Ending.FINISHED, {"verified": 1}, 2)
        with run_in(ledger, "20261125T140000Z-cccccc") as run:
            run.record_outcomes([outcome(update("4"))])
            end(run)
        assert schema_of(address) == SCHEMA_VERSION
    with opening(address, create=False) as ledger:
        assert ledger.last_applied().keys() == {key("1"), key("4")}


@in_databases
def test_who_only_reads_an_older_ledger_leads_it_up_to_date_where_columns_are_missing(address):
    run_script(address, (GOLDEN / "ledger-v1.sql").read_text(encoding="utf-8"))
    with opening(address, create=False) as ledger:
        assert ledger.last_applied() == applied("1")
        assert len(ledger.open_changes()) == 2
    assert schema_of(address) == SCHEMA_VERSION


def test_the_runs_of_an_older_ledger_are_counted_once_in_the_order_of_their_beginnings(address):
    early = "('0', 'shop', 'prod', 'apply', '2026-11-25T12:30:00.000000+00:00', 'li', NULL, NULL, NULL, NULL, '[]', "
    one_more = f"INSERT INTO reconcile_runs VALUES {early} NULL, NULL, NULL, '{{}}');"
    run_script(address, (GOLDEN / "ledger-v2.sql").read_text(encoding="utf-8") + one_more)
    with opening(address) as ledger:
        assert [(record.start.id, record.serial) for record in ledger.runs(most=9)] == [
            (LATER_RUN, 3),
            ("0", 2),
            (RUN, 1),
        ]
        assert ledger.lineage() is None
        with run_in(ledger, "next", started_at=NOON) as run:
            end(run)
        assert (ledger.runs(most=1)[0].start.id, ledger.lineage().serial) == ("next", 4)
    applied_and_held = "SELECT serial FROM reconcile_{} WHERE workspace = 'shop'"
    assert [value(address, applied_and_held.format(table)) for table in ("applied", "holds")] == [1, 1]


def test_a_newer_ledger_is_refused_and_left_alone(address):
    with opening(address) as ledger, run_in(ledger) as run:
        end(run)
    run_script(address, "UPDATE reconcile_meta SET value = '99'")
    error = refusal(address)
    assert "schema version 99" in error.message
    assert "upgrade reconcile" in error.hint
    assert schema_of(address) == 99


@in_databases
@pytest.mark.parametrize("change", ["DELETE FROM reconcile_meta", "UPDATE reconcile_meta SET value = 'x'"])
def test_a_ledger_that_does_not_tell_its_version_is_refused(address, change):
    opening(address).close()
    run_script(address, change)
    error = refusal(address)
    assert "does not say which version" in error.message
    assert "reconcile ledger rebuild" in error.hint


@pytest.mark.parametrize("content", [b"no database at all, but text" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_refused_and_kept(sqlite_address, content):
    sqlite_address.path.parent.mkdir(parents=True)
    sqlite_address.path.write_bytes(content)
    for create in (True, False):
        error = refusal(sqlite_address, create=create)
        assert "damaged" in error.message
        assert "reconcile ledger rebuild" in error.hint
    assert sqlite_address.path.read_bytes() == content


def test_a_file_damaged_in_the_middle_is_refused_when_that_part_is_read(sqlite_address):
    with opening(sqlite_address) as ledger, run_in(ledger) as run:
        run.record_applied({k: a for n in range(3000) for k, a in applied(str(n)).items()})
    content = bytearray(sqlite_address.path.read_bytes())
    content[8192 * 4 : -4096] = b"\xa5" * (len(content) - 4096 - 8192 * 4)
    sqlite_address.path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged") as refused, opening(sqlite_address) as ledger:
        ledger.last_applied()
    assert "reconcile ledger rebuild" in refused.value.hint


def test_a_row_that_no_ledger_writes_is_damage_too(address):
    with opening(address) as ledger, run_in(ledger) as run:
        run.record_applied(applied("1"))
        end(run)
    run_script(address, "UPDATE reconcile_applied SET job_ids = '[1'")
    with opening(address) as ledger, pytest.raises(LedgerError, match="a row holds a value that no ledger writes"):
        ledger.last_applied()


def test_a_database_of_another_program_is_refused(sqlite_address):
    run_script(sqlite_address, "CREATE TABLE songs (title TEXT)")
    assert "other tables than those of a ledger" in refusal(sqlite_address).message
    assert value(sqlite_address, "SELECT count(*) FROM sqlite_master") == 1


def test_a_server_may_hold_other_tables(postgres_address):
    run_script(postgres_address, "CREATE TABLE songs (title TEXT)")
    opening(postgres_address).close()


def test_an_empty_file_is_no_ledger_yet(sqlite_address):
    sqlite_address.path.parent.mkdir(parents=True)
    sqlite_address.path.touch()
    assert opening(sqlite_address, create=False) is None
    opening(sqlite_address).close()


@pytest.mark.parametrize("create", [True, False])
def test_a_file_of_another_workspace_is_refused(sqlite_address, create):
    with opening(sqlite_address) as ledger, run_in(ledger) as run:
        end(run)
    error = refusal(sqlite_address, workspace="billing", create=create)
    assert "belongs to workspace shop, and this is workspace billing" in error.message


def test_a_server_is_shared_by_workspaces(postgres_address):
    with opening(postgres_address) as ledger, run_in(ledger) as run:
        run.record_applied(applied("1"))
    with opening(postgres_address, workspace="billing") as ledger:
        assert not ledger.runs(most=1)
        assert ledger.last_applied() == {}
        assert ledger.foreign_keys() == {key("1"): "shop"}


@contextlib.contextmanager
def disk_of(pages: int):
    """Let every SQLite file have at most so many pages: then the disk is full, as far as SQLite can tell."""

    def limit(connection, _):
        if isinstance(connection, sqlite3.Connection):
            connection.execute(f"PRAGMA max_page_count = {pages}").close()

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_full_disk_leaves_no_half_made_ledger(sqlite_address):
    with disk_of(4):
        error = refusal(sqlite_address)
    assert "no space left" in error.message
    assert opening(sqlite_address, create=False) is None
    opening(sqlite_address).close()


def test_intents_that_a_full_disk_does_not_take_are_not_half_there(sqlite_address):
    opening(sqlite_address).close()
    with disk_of(30), opening(sqlite_address) as ledger, run_in(ledger) as run:
        with pytest.raises(LedgerError, match="no space left") as refused:
            run.record_intents(Intent(update(str(number))) for number in range(1000))
        assert sqlite_address.shown in refused.value.message
        assert ledger.open_changes() == ()


def test_a_folder_that_may_not_be_written_makes_no_ledger():
    with ordinary_user() as folder:
        folder.chmod(0o500)
        error = refusal(address_of(None, folder))
        assert "cannot be made: Permission denied" in error.message
        assert list(folder.iterdir()) == []


def test_a_file_that_may_not_be_written_takes_no_intents():
    with ordinary_user() as folder:
        address = file_address(folder / "ledger.db")
        with opening(address) as ledger, run_in(ledger) as run:
            end(run)
        address.path.chmod(0o400)
        with opening(address) as ledger:
            assert ledger.runs(most=1)
            with pytest.raises(LedgerError, match="it cannot be written") as refused, run_in(ledger, LATER_RUN):
                pytest.fail("a run began that cannot be recorded")
            assert address.shown in refused.value.message
            assert len(ledger.runs(most=9)) == 1


def test_a_file_that_may_not_be_read_is_refused():
    with ordinary_user() as folder:
        address = file_address(folder / "ledger.db")
        opening(address).close()
        address.path.chmod(0)
        assert "let this user read and write" in refusal(address).hint
        address.path.chmod(0o600)


def test_a_folder_in_the_files_place_is_refused(sqlite_address):
    sqlite_address.path.mkdir(parents=True)
    assert "cannot be opened" in refusal(sqlite_address).message


def chain(error: BaseException | None) -> str:
    """All that is said by an error and by those before it, shown or not."""
    said = ""
    while error is not None:
        said += f"{error!r} {error} {''.join(traceback.format_exception(error))}\n"
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize(
    "edit, says",
    [
        pytest.param({"path": "/nowhere"}, 'database "nowhere" does not exist', id="no-such-database"),
        pytest.param({"query": "host=/nowhere"}, "No such file or directory", id="server-down"),
        pytest.param({"query": "host=/nowhere&colour=red"}, "colour", id="unknown-option"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_named_without_the_password(server, tmp_path, edit, says):
    address = address_of(urlunsplit(urlsplit(server)._replace(**edit)), tmp_path)
    error = refusal(address)
    assert says in error.message
    assert "whether the server is up" in error.hint
    assert postgres.PASSWORD not in chain(error)


def test_a_wrong_password_is_not_repeated(server, tmp_path):
    wrong = "not-the-password-at-all"
    address = address_of(server.replace(postgres.PASSWORD, wrong), tmp_path)
    error = refusal(address)
    assert "password authentication failed" in error.message
    assert wrong not in chain(error)


def test_a_database_that_cannot_hold_every_name_is_refused(server, tmp_path):
    with postgres.database(server, encoding="LATIN1") as url:
        error = refusal(address_of(url, tmp_path))
    assert "encoding LATIN1" in error.message
    assert "UTF8" in error.hint


def test_without_psycopg_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = refusal(address_of("postgresql://ann:secret@db.example/ledger", tmp_path))
    assert "psycopg is not installed" in error.message
    assert "reconcile[postgres]" in error.hint


END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconcile'"


def test_a_server_that_ends_the_connection_within_a_transaction_is_an_error_of_the_ledger(postgres_address):
    url = postgres_address.url.replace("+psycopg", "")
    with opening(postgres_address) as ledger, run_in(ledger) as run:
        with pytest.raises(LedgerError, match="terminating connection"), run.writing() as connection:
            postgres.execute(url, END_SESSIONS)
            connection.exec_driver_sql("SELECT 1")
        assert ledger.open_changes() == ()


def test_a_connection_that_broke_between_two_transactions_is_replaced_and_the_lock_is_still_held(postgres_address):
    url = postgres_address.url.replace("+psycopg", "")
    with opening(postgres_address) as ledger, run_in(ledger) as run:
        postgres.execute(url, END_SESSIONS)
        run.record_intents([Intent(update())])
        assert len(ledger.open_changes()) == 1

"""Where the ledger is: the setting names it, or it is beside the declarations. And a damaged file is moved away."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconcile.errors import LedgerError, SettingError
from reconcile.ledger.address import LedgerAddress, file_address, ledger_address
from reconcile.ledger.damaged_file import move_away

HERE = Path("work/ledger.db")
SECRET = "correct-horse"


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param(None, id="default"),
        pytest.param("file", id="named"),
    ],
)
def test_a_file_is_at_its_own_place(setting):
    address = ledger_address(setting, HERE, {})
    assert address is not None
    assert (address.path, address.shown) == (HERE, "work/ledger.db")
    assert not address.exists


@pytest.mark.parametrize(
    "path, shown",
    [
        pytest.param("work/a.db", "a.db", id="below"),
        pytest.param("b.db", "../b.db", id="above"),
        pytest.param("/var/a.db", "/var/a.db", id="far-away"),
    ],
)
def test_a_path_is_shown_as_is_shorter(tmp_path, monkeypatch, path, shown):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert file_address(tmp_path / path).shown == shown


@pytest.mark.parametrize(
    "setting, remote, shown",
    [
        pytest.param("git", "origin", "git+origin", id="origin"),
        pytest.param("git+ledgers", "ledgers", "git+ledgers", id="remote"),
        pytest.param("git+git@h.example:a/b.git", "git@h.example:a/b.git", None, id="ssh"),
        pytest.param(
            "git+https://bot:${PASSWORD}@h.example/x.git",
            f"https://bot:{SECRET}@h.example/x.git",
            "git+https://***@h.example/x.git",
            id="password",
        ),
    ],
)
def test_a_remote_is_named_by_name_or_address_and_shown_without_its_password(setting, remote, shown):
    address = ledger_address(setting, HERE, {"PASSWORD": SECRET})
    assert address is not None
    assert (address.remote, address.path, address.exists) == (remote, None, True)
    assert shown in (None, address.shown)
    assert SECRET not in repr(address)


@pytest.mark.parametrize(
    "setting", ["git+", "git+-x", "git+a/b", "git+ext::sh", "git+--upload-pack=x", "git+x::https://h/a"]
)
def test_what_names_no_remote_is_refused(setting):
    with pytest.raises(SettingError, match="names no Git remote"):
        ledger_address(setting, HERE, {})


def test_none_is_no_ledger():
    assert ledger_address("none", HERE, {}) is None


@pytest.mark.parametrize(
    "setting, url, shown",
    [
        pytest.param(
            "postgresql://ann:${PASSWORD}@db.example:5433/ledger",
            f"postgresql+psycopg://ann:{SECRET}@db.example:5433/ledger",
            "postgresql://ann:***@db.example:5433/ledger",
            id="password",
        ),
        pytest.param(
            "postgres://ann@[::1]/ledger?sslmode=require",
            "postgresql+psycopg://ann@[::1]/ledger?sslmode=require",
            "postgresql://ann@[::1]/ledger",
            id="no-password",
        ),
        pytest.param(
            "postgresql+psycopg:///ledger?host=/run/pg&password=${PASSWORD}",
            f"postgresql+psycopg:///ledger?host=/run/pg&password={SECRET}",
            "postgresql:///ledger",
            id="socket-and-password-among-the-options",
        ),
    ],
)
def test_a_server_is_named_by_a_url_and_shown_without_its_password(setting, url, shown):
    address = ledger_address(setting, HERE, {"PASSWORD": SECRET})
    assert address is not None
    assert (address.url, address.shown, address.path) == (url, shown, None)
    assert address.exists
    assert SECRET not in repr(address)
    assert address.hide(f"password {SECRET}!") == ("password ***!" if "PASSWORD" in setting else f"password {SECRET}!")


@pytest.mark.parametrize(
    "setting, says",
    [
        pytest.param("ledger.db", "is not an address", id="a-bare-path"),
        pytest.param("mysql://db/ledger", "begins with mysql:", id="another-database"),
        pytest.param("postgresql+psycopg2://db/ledger", "begins with postgresql+psycopg2:", id="another-driver"),
        pytest.param("sqlite:///ledger.db", "names a SQLite file by its path", id="a-path-of-a-file"),
        pytest.param("postgresql://my db/ledger", "a space or a control character", id="space"),
        pytest.param("postgresql://ann:${ODD}@db/ledger", "holds an @, / or #", id="password-not-encoded"),
        pytest.param("postgresql://ann:${HASH}@db/ledger", "is not an address", id="password-with-a-hash"),
        pytest.param("postgresql://ann:${PASSWORD}@db:many/ledger", "is not an address", id="port"),
        pytest.param(
            "postgresql://ann:${GONE}@db/ledger", "variable GONE, which prod.ledger needs, is not set", id="gone"
        ),
    ],
)
def test_what_names_no_ledger_is_refused_without_saying_the_secret(setting, says):
    variables = {"PASSWORD": SECRET, "ODD": f"{SECRET}@/x", "HASH": f"{SECRET}#x"}
    with pytest.raises(SettingError) as refused:
        ledger_address(setting, HERE, variables, named="prod.ledger")
    assert refused.value.message.startswith(("prod.ledger", "variable"))
    assert says in refused.value.message
    assert refused.value.hint
    assert SECRET not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    "setting, is_trusted",
    [
        pytest.param("postgresql://ann:${PASSWORD}@db.example/ledger", True, id="named"),
        pytest.param("postgresql://ann:${PASSWORD}@DB.example:5433/ledger", True, id="named-with-any-port"),
        pytest.param("postgresql://ann:${PASSWORD}@evil.example/ledger", False, id="not-named"),
        pytest.param("postgresql://ann:${PASSWORD}@db.example/ledger?host=evil.example", False, id="an-option-wins"),
        pytest.param("postgresql://ann:${PASSWORD}@/ledger?host=/run/pg", True, id="a-socket-of-this-machine"),
        pytest.param("postgresql://ann@evil.example/ledger", True, id="no-secret-to-send"),
        pytest.param("git+https://bot:${PASSWORD}@db.example/ledger.git", True, id="git-named"),
        pytest.param("git+https://bot:${PASSWORD}@evil.example/ledger.git", False, id="git-not-named"),
        pytest.param("git+ssh://git@evil.example:22/${PASSWORD}.git", False, id="git-in-the-path"),
        pytest.param("git+bot@evil.example:${PASSWORD}.git", False, id="git-like-scp"),
        pytest.param("git+bot@db.example:${PASSWORD}.git", True, id="git-like-scp-named"),
        pytest.param("git+https://bot@evil.example/ledger.git", True, id="git-without-a-secret"),
        pytest.param("git+file:///srv/${PASSWORD}.git", True, id="git-on-this-machine"),
    ],
)
def test_a_password_goes_to_trusted_hosts_only(setting, is_trusted):
    variables = {"PASSWORD": SECRET, "RECONCILE_TRUSTED_HOSTS": "api.example, db.example"}
    if is_trusted:
        assert ledger_address(setting, HERE, variables)
        return
    with pytest.raises(SettingError, match=r"evil\.example is not among RECONCILE_TRUSTED_HOSTS"):
        ledger_address(setting, HERE, variables)


def test_finding_out_that_there_is_no_ledger_loads_no_database_library():
    program = """
import sys, pathlib
from reconcile.ledger.address import ledger_address
assert not ledger_address(None, pathlib.Path("nowhere/schedules"), {}).exists
assert not {"sqlalchemy", "psycopg"} & set(sys.modules), "loaded"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_ledger_is_put_aside_with_what_sqlite_keeps_beside_it(tmp_path):
    path = tmp_path / "ledger.db"
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).write_text(f"broken{ending}")
    now = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
    new = move_away(LedgerAddress("", str(path), path), now=now)
    assert new == tmp_path / "ledger.db.20261125T123000Z.bad"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        new.name + ending: f"broken{ending}" for ending in ("", "-wal", "-shm")
    }


def test_what_was_put_aside_is_never_replaced(tmp_path):
    path, now = tmp_path / "ledger.db", datetime(2026, 11, 25, tzinfo=UTC)
    address = LedgerAddress("", str(path), path)
    for text in ("first", "second"):
        path.write_text(text)
        if text == "first":
            new = move_away(address, now=now)
    with pytest.raises(LedgerError, match="cannot be moved away: the new name is taken"):
        move_away(address, now=now)
    assert (new.read_text(), path.read_text()) == ("first", "second")


@pytest.mark.parametrize(
    "address, says",
    [
        pytest.param(LedgerAddress("", "gone.db", Path("gone.db")), "cannot be moved away: No such file", id="gone"),
        pytest.param(LedgerAddress("", "postgresql://db/x"), "is on a server", id="server"),
    ],
)
def test_what_is_no_file_cannot_be_put_aside(address, says):
    with pytest.raises(LedgerError, match=says) as refused:
        move_away(address, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert refused.value.hint

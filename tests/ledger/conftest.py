"""For tests of the ledger: a real SQLite file, a real PostgreSQL database, and a clock that a test sets."""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconcile.ledger.address import LedgerAddress, ledger_address
from reconcile.ledger.git_ledger import GitLedger
from reconcile.ledger.open_ledger import open_ledger
from reconcile.ledger.sql_ledger import SqlLedger
from reconcile.service.charsets import UTF_8
from tests import pgbouncer, postgres
from tests.ledger.git_ledgers import Remote, check_pushed, open_in_git
from tests.ledger.run_builders import Clock

Opener = Callable[..., SqlLedger]

# For what only a database has: tables that others may write to, or keys of several workspaces.
in_databases = pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="session")
def _database(server: str) -> Iterator[str]:
    with postgres.database(server) as url:
        yield url


@pytest.fixture
def postgres_address(_database: str, tmp_path: Path) -> Iterator[LedgerAddress]:
    """An empty PostgreSQL database."""
    yield address_of(_database, tmp_path)
    postgres.empty(_database)


@pytest.fixture(scope="session")
def _pooler(_database: str) -> Iterator[str]:
    with pgbouncer.before(_database) as url:
        yield url


@pytest.fixture
def pgbouncer_address(_database: str, _pooler: str, tmp_path: Path) -> Iterator[LedgerAddress]:
    """The same database through a PgBouncer in transaction mode."""
    yield address_of(_pooler, tmp_path)
    postgres.empty(_database)


@pytest.fixture
def sqlite_address(tmp_path: Path) -> LedgerAddress:
    """A SQLite file that does not exist yet."""
    return address_of(None, tmp_path)


@pytest.fixture
def git_address(tmp_path: Path) -> LedgerAddress:
    """A bare repository without a ledger."""
    return Remote(tmp_path).address


# Every day `test_git_ledger` tries what Git alone has; that it keeps rows as a database does, CI.
IN_GIT = pytest.param("git", marks=pytest.mark.slow)


@pytest.fixture(params=["sqlite", "postgres", IN_GIT])
def address(request: pytest.FixtureRequest) -> LedgerAddress:
    """The address of a ledger that does not exist yet, in each home."""
    found: LedgerAddress = request.getfixturevalue(f"{request.param}_address")
    return found


def address_of(setting: str | None, folder: Path) -> LedgerAddress:
    found = ledger_address(setting, folder / ".reconcile" / "shop" / "ledger.db", {})
    assert found is not None
    return found


def open_at(address: LedgerAddress, *, clock: Clock, create: bool = True, **more: Any) -> SqlLedger | None:
    """Open the ledger at *address* as a run does. That in Git has one lease."""
    if address.remote is not None:
        more.pop("lease", None)
        return open_in_git(address, clock=clock, create=create, **more)
    return open_ledger(address, clock=clock, create=create, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(address: LedgerAddress, clock: Clock) -> Iterator[Opener]:
    """Opens the ledger at *address*, as often as it is called; closes all of them.

    What a test has read in the database of a run in Git is what the next run reads in the ref.
    """
    with contextlib.ExitStack() as stack:

        def opener(*, workspace: str = "shop", environment: str = "prod", **more: object) -> SqlLedger:
            ledger = open_at(address, workspace=workspace, environment=environment, **{"clock": clock, **more})
            assert ledger is not None
            stack.enter_context(ledger)
            if isinstance(ledger, GitLedger):
                stack.callback(check_pushed, ledger, address, workspace=workspace, environment=environment)
            return ledger

        yield opener


@pytest.fixture
def ledger(opened: Opener) -> SqlLedger:
    """A ledger that was just made."""
    return opened()


@contextlib.contextmanager
def ordinary_user() -> Iterator[Path]:
    """Run as a user whom file permissions bind, and give a folder of that user: root may write everywhere."""
    # Loaded when first used, from where this Python is; another user may not read that, and the failure would be kept.
    codecs.lookup(UTF_8)
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(folder)

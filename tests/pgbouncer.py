"""A PgBouncer of the tests' own, in transaction mode, before a PostgreSQL server that the tests started."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

import psycopg
import pytest

from tests.postgres import service_user

PORT = 6432
# Two connections for any number of clients: so each transaction is on another one.
SETTINGS = """\
[databases]
* = {target}
[pgbouncer]
listen_port = {port}
unix_socket_dir = {folder}
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/log
"""


def program() -> str | None:
    """Return the program; None where it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


needed = pytest.mark.skipif(program() is None, reason="no PgBouncer here: apt-get install pgbouncer")
"""Marks what is skipped without the program."""


@contextlib.contextmanager
def before(server: str) -> Iterator[str]:
    """Give the address of *server* through a PgBouncer that lives as long as the block."""
    found = program()
    assert found is not None, "there is no pgbouncer"
    parts = urlsplit(server)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    folder = Path(tempfile.mkdtemp(prefix="pgb-"))
    try:
        (folder / "settings").write_text(SETTINGS.format(target=_target(server), port=PORT, folder=folder))
        (folder / "users").write_text(f'"{user}" "{password}"\n')
        who: dict[str, Any] = {}
        if owner := service_user():
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, *owner)
            who = {"user": owner[0], "group": owner[1], "extra_groups": []}
        with (folder / "out").open("w") as out:
            command = [found, str(folder / "settings")]
            process = subprocess.Popen(command, cwd="/", stdout=out, stderr=out, **who)
        try:
            login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
            query = f"host={quote(str(folder), safe='')}&port={PORT}"
            url = urlunsplit(("postgresql", login, parts.path, query, ""))
            _await(url, process, folder / "out")
            yield url
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _target(server: str) -> str:
    """Return where *server* is, as a line of the settings says it."""
    parts = urlsplit(server)
    options = parse_qs(parts.query)
    host = options.get("host", [parts.hostname or "localhost"])[0]
    port = options.get("port", [str(parts.port or 5432)])[0]
    return f"host={host} port={port}"


def _await(url: str, process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < deadline, error
            time.sleep(0.02)
        else:
            return

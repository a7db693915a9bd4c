"""Where a ledger is kept, begun anew at will, and the rows of it that a later run decides by."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import connect

import pytest

from tests import postgres
from tests.journeys.conftest import LEDGER

# The rows that a later run decides by.
DECIDING = (
    "SELECT tenant, code, workspace, cron, name, job_ids, run, revision, declared FROM reconcile_applied",
    "SELECT tenant, code, name, cron, state, run FROM reconcile_holds",
    "SELECT run, tenant, code, settled FROM reconcile_changes WHERE result IS NULL OR result = 'unknown'",
    "SELECT run, tenant, code, reason FROM reconcile_changes WHERE reason = 'duplicated'",
)


class File:
    """The ledger in its file, outside Git."""

    setting = ""

    def __init__(self, folder):
        self.folder = folder

    def begin_anew(self):
        shutil.rmtree(self.folder / ".reconcile", ignore_errors=True)

    def deciding(self):
        if not (self.folder / LEDGER).exists():
            return [[] for _ in DECIDING]
        with closing(connect(self.folder / LEDGER)) as connection:
            return [sorted(map(repr, connection.execute(question))) for question in DECIDING]


class Unkept(File):
    """No ledger."""

    setting = "ledger: none\n"


class Server:
    """The ledger in PostgreSQL."""

    def __init__(self, url):
        self.url = url
        self.setting = f"ledger: {json.dumps(url)}\n"

    def begin_anew(self):
        postgres.execute(self.url, "DROP SCHEMA public CASCADE")
        postgres.execute(self.url, "CREATE SCHEMA public")

    def deciding(self):
        if postgres.execute(self.url, "SELECT to_regclass('reconcile_applied')") == [(None,)]:
            return [[] for _ in DECIDING]
        return [sorted(map(repr, postgres.execute(self.url, question))) for question in DECIDING]


class Git:
    """The ledger in a ref of the remote."""

    setting = "ledger: git\n"
    ref = "refs/reconcile/ledger/test/test"

    def __init__(self, folder):
        self.folder, self.remote = folder, folder / "remote.git"
        git(folder, "init", "--quiet", "--bare", str(self.remote))
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", f"file://{self.remote}")

    def begin_anew(self):
        git(self.remote, "update-ref", "-d", self.ref)
        git(self.folder, "update-ref", "-d", "refs/reconcile/seen/test/test")  # what was seen of the world before

    def deciding(self):
        """Return the rows of last applied, holds, and changes whose outcome is not known, as the tree has them."""
        found = git(self.remote, "grep", "-h", '"table":"reconcile_', self.ref, ok=(0, 1, 128))
        rows = [json.loads(line) for line in found.splitlines()]
        applied = [row for row in rows if row["table"] == "reconcile_applied"]
        held = [row for row in rows if row["table"] == "reconcile_holds"]
        changes = [row for row in rows if row["table"] == "reconcile_changes"]
        doubtful = [row for row in changes if row["result"] in (None, "unknown")]
        doubled = [row for row in changes if row["reason"] == "duplicated"]
        names = ("in_force", "placed_at", "serial", "reason")
        plain = [{name: value for name, value in row.items() if name not in names} for row in (*applied, *held)]
        return [sorted(map(repr, some)) for some in (plain, doubtful, doubled)]


def git(folder, *words, ok=(0,)):
    who = ("-c", "user.name=li", "-c", "user.email=li@example.com")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in ok, done.stderr
    return done.stdout


@contextmanager
def kept(home: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[File | Server | Git]:
    """Give the *home* of a ledger of the declarations in *folder*: `file`, `none`, `postgresql` or `git`."""
    if home != "postgresql":
        yield {"file": File, "none": Unkept, "git": Git}[home](folder)
        return
    with postgres.database(request.getfixturevalue("server")) as url:
        yield Server(url)

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from reconcile import cli
from reconcile.ledger.address import file_address
from reconcile.ledger.open_ledger import open_ledger
from reconcile.service.system_clock import SystemClock
from tests import postgres
from tests.journeys.crashes import Nursery, nursery
from tests.journeys.homes import HOMES
from tests.journeys.program import Program
from tests.journeys.service import Service, running

TENANT = """\
tenant: acme
schedules:
  - code: "1"
    name: 订单同步
    cron: "0 0 2 * * ?"
  - code: "2"
    name: 对账
    cron: "0 0/30 * * * ?"
  - code: "3"
    name: 清理
    cron: "0 0 4 * * ?"
"""
WORKSPACE = """\
format_version: "1"
workspace: test
environments:
  test:
    url: {url}
    timeout: 60s
    service:
      save: upsert
"""
FIRST = '  - code: "1"\n    name: 订单同步\n    cron: "0 0 2 * * ?"\n'
"""The first schedule of TENANT."""
LEDGER = ".reconcile/test/ledger.db"
"""Where the ledger is outside Git."""
IN_GIT = ".git/reconcile/test/ledger.db"
"""Where it is in Git."""
CLOCK = SystemClock(threading.Event())


def begin_at(monkeypatch, now):
    """Let what begins from now on begin when *now* says: the command line asks it."""

    class Told(datetime):
        """The command line's `datetime`."""

    Told.now = staticmethod(now)
    monkeypatch.setattr(cli, "datetime", Told)


def rules(document):
    return [refusal["rule"] for refusal in document["refusals"]]


def verdicts(document):
    return {one["code"]: one["verdict"] for one in (*document.get("changes", ()), *document["attention"])}


def run_ids(program):
    return [run["run"] for run in program.json("runs")[1]["runs"]]


@pytest.fixture
def service() -> Iterator[Service]:
    """A service without jobs."""
    with running(Service()) as one:
        yield one


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    """Write a file of the declarations."""

    def one(name: str, text: str) -> None:
        path = tmp_path / "schedules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return one


@pytest.fixture
def program(
    tmp_path: Path,
    service: Service,
    write: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Program:
    """The program in a folder with three schedules of one tenant, declared for *service*."""
    write("reconcile.yaml", WORKSPACE.format(url=service.url))
    write("tenants/acme.yaml", TENANT)
    return Program(tmp_path, capsys, monkeypatch)


@pytest.fixture(scope="module")
def warm() -> Iterator[Nursery]:
    """Starts runs of the program quickly, each a process of its own."""
    with nursery() as one:
        yield one


@pytest.fixture
def declare(write, service):
    """Declare tenant acme anew; *more* is appended to the workspace file."""

    def one(text=TENANT, more=""):
        write("tenants/acme.yaml", text)
        write("reconcile.yaml", WORKSPACE.format(url=service.url) + more)

    return one


@pytest.fixture
def applied(program):
    """What is declared was applied once."""
    assert program("apply", "--yes").code == 0
    return program


@pytest.fixture
def ledger_of(tmp_path):
    """Open the ledger beside the program, or where it is in Git."""

    def one(place=LEDGER):
        address = file_address(tmp_path / place)
        return open_ledger(address, workspace="test", environment="test", clock=CLOCK, create=False)

    return one


@pytest.fixture(params=HOMES)
def home(request):
    """The name of a home of a ledger."""
    return request.param


@pytest.fixture
def setting(home, request, tmp_path):
    """The line of the workspace file that names the home."""
    if home == "postgresql":
        with postgres.database(request.getfixturevalue("server")) as address:
            yield f'ledger: "{address}"\n'
        return
    if home == "git":
        for arguments in (
            ("init", "--quiet", "--bare", "remote.git"),
            ("init", "--quiet", "--initial-branch=main"),
            ("remote", "add", "origin", f"file://{tmp_path / 'remote.git'}"),
        ):
            subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    yield f"ledger: {home}\n"


@pytest.fixture
def at_home(program, declare, setting):
    """The program, with its ledger at a home; and what declares the tenant anew."""
    declare(more=setting)
    return program, lambda text: declare(text, more=setting)

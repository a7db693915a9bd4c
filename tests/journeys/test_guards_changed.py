"""A guard that was loosened since everything was last applied is told, in each home of the ledger."""

from __future__ import annotations

import subprocess

import pytest

from tests import postgres
from tests.journeys.conftest import FIRST, TENANT
from tests.journeys.homes import HOMES

RULE = "guards-changed"


@pytest.fixture(params=HOMES)
def home(request, tmp_path):
    """The line of the workspace file that names a ledger of this kind."""
    if request.param == "postgresql":
        with postgres.database(request.getfixturevalue("server")) as address:
            yield f"ledger: {address}\n"
        return
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    if request.param == "git":
        subprocess.run(["git", "init", "-q", "--bare", "remote.git"], cwd=tmp_path, check=True)
        subprocess.run(["git", "remote", "add", "origin", "remote.git"], cwd=tmp_path, check=True)
    yield f"ledger: {request.param}\n"


def told(document):
    return [one["message"] for one in document["findings"] if one["rule"] == RULE]


def test_a_guard_that_changed_is_told_until_all_is_applied_under_it(home, program, declare, service):
    declare(more=home + "limits: {max_changes: 20}\n")
    assert told(program.json("plan")[1]) == []
    code, run = program.json("apply", "--yes")
    assert (code, told(run), told(program.json("plan")[1])) == (0, [], [])
    declare(TENANT.replace("0 0 2", "0 0 3"), more=home + "limits: {max_changes: 5000}\n")
    said = ["guards changed since last applied: limits.max_changes 20 → 5000"]
    for _ in range(2):
        for command in (("plan",), ("drift",)):
            assert told(program.json(*command)[1]) == said
    assert told(program.json("apply", "--yes", "--code", "1")[1]) == said  # of a part, and so not of the guards
    assert told(program.json("plan")[1]) == said
    code, run = program.json("apply", "--yes")
    assert (code, told(run), told(program.json("plan")[1])) == (0, said, [])


def test_a_run_that_was_refused_forgets_no_guard(program, declare, service):
    declare()
    assert program("apply", "--yes").code == 0
    service.put("acme", "1", "0 0 9 * * ?", status="disable")
    declare(more="on_drift: hold\n")
    for _ in range(2):
        _, run = program.json("apply", "--yes")
        assert told(run) == ["guards changed since last applied: on_drift revert → hold"]


def test_protection_that_was_lifted_is_told(program, declare, service):
    service.put("acme", "1", "0 0 2 * * ?")
    declare(TENANT.replace(FIRST, f"{FIRST}    protect: true\n"))
    assert program("apply", "--yes").code == 0
    declare(TENANT)
    assert told(program.json("plan")[1]) == ["guards changed since last applied: protect true → false of acme/1"]
    assert "guards-changed: guards changed since last applied" in program("plan").out
    assert program("apply", "--yes").code == 0
    assert told(program.json("plan")[1]) == []

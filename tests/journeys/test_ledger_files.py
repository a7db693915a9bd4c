"""The file of a ledger: damaged, missing, named by a variable, or not kept at all."""

from __future__ import annotations

import shutil
import signal
from urllib.parse import urlsplit

import pytest

from tests import postgres
from tests.journeys.conftest import LEDGER, TENANT, rules


def test_a_damaged_ledger_is_told_by_plan_and_refuses_apply(program, service, declare, tmp_path):
    ledger = tmp_path / LEDGER
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(b"no database at all" * 100)
    code, plan = program.json("plan")
    assert (code, [one["rule"] for one in plan["findings"] if one["rule"].startswith("ledger")]) == (
        0,
        ["ledger-unreadable"],
    )
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    assert "`ledger: none`" in refused["refusals"][0]["hint"]
    assert program("status").code == 1
    declare(more="ledger: none\n")
    assert program("apply", "--yes").code == 0
    declare()
    ended = program("ledger", "rebuild")
    assert (ended.code, "3 schedules of 3 taken for applied" in ended.out, ".bad" in ended.out) == (0, True, True)
    _, plan = program.json("plan")
    assert (plan["last_applied"], plan["changes"]) == ("ledger", [])


def test_an_older_ledger_put_under_what_a_killed_run_left_is_told_and_mixed_with_nothing(
    program, service, declare, tmp_path, warm
):
    ledger = tmp_path / LEDGER
    assert program("apply", "--yes").code == 0
    older = shutil.copy(ledger, tmp_path / "older.db")
    declare(TENANT.replace("0 0 2", "0 0 3"))
    assert program("apply", "--yes").code == 0
    declare(TENANT.replace("0 0 2", "0 0 5"))
    killed = warm.run(tmp_path, "apply", "--yes", die=["save", "after", 1])
    assert killed.code == -signal.SIGKILL
    saves = len(service.saves)
    shutil.copy(older, ledger)
    for _ in range(2):
        _, plan = program.json("plan")
        (found,) = [one for one in plan["findings"] if one["rule"] == "ledger-unreadable"]
        assert "ledger.db-wal beside it holds changes to another file" in found["message"]
        assert program("drift").code == 1
        code, refused = program.json("apply", "--yes", "--lock-timeout", "5m")
        assert (code, rules(refused), len(service.saves)) == (3, ["no-ledger"], saves)
    ended = program("ledger", "rebuild")
    assert (ended.code, ".bad" in ended.out) == (0, True)
    assert program("plan", "--detailed-exitcode").code == 0


def test_a_workspace_can_do_without_a_ledger(program, declare, tmp_path):
    declare(more="ledger: none\n")
    assert program("apply", "--yes").code == 0
    assert not (tmp_path / ".reconcile").exists()
    for command in (
        ["runs"],
        ["release", "acme/1"],
        ["unlock", "x"],
        ["rollback", "x", "--yes"],
        ["ledger", "rebuild"],
    ):
        ended = program(*command)
        assert (ended.code, "ledger" in ended.err) == (1, True), command


def test_commands_about_a_ledger_say_when_there_is_none_yet(program):
    ended = program("runs")
    assert (ended.code, "there is no ledger" in ended.err) == (1, True)


def test_a_ledger_may_be_named_by_a_variable(program, declare, server):
    declare(more="ledger: ${PLACE}\n")
    assert program("apply", "--yes").code == 1
    code, plan = program.json("plan")
    assert (code, ["PLACE" in one["message"] for one in plan["findings"] if one["rule"] == "ledger-unreadable"]) == (
        0,
        [True],
    )
    with postgres.database(server) as url:
        assert program("apply", "--yes", PLACE=url, RECONCILE_TRUSTED_HOSTS=urlsplit(url).hostname or "").code == 0
        assert (
            len(program.json("runs", PLACE=url, RECONCILE_TRUSTED_HOSTS=urlsplit(url).hostname or "")[1]["runs"]) == 1
        )


@pytest.mark.parametrize("setting", ["sqlite:///ledger.db", "${PLACE}"], ids=["written", "by-a-variable"])
def test_a_file_cannot_be_named_by_its_path_any_more(program, declare, service, setting):
    declare(more=f"ledger: {setting}\n")
    ended = program("apply", "--yes", PLACE="sqlite:////var/lib/ledger.db")
    assert (ended.code, "write file" in ended.err + ended.out, service.saves) == (1, True, [])

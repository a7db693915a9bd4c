"""Two workspaces and one ledger: the keys of the other one are left alone."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.journeys.conftest import FIRST, LEDGER, TENANT, WORKSPACE, rules, verdicts

BAD = TENANT.replace("0 0 2", "0 0 3")


def test_a_key_of_another_workspace_is_left_alone_and_keeps_nothing_else(applied, service, declare, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / LEDGER)) as ledger, ledger:
        ledger.execute("UPDATE reconcile_applied SET workspace = 'other' WHERE code = '1'")
    assert applied("apply", "--yes").code == 0
    declare(TENANT.replace("0 0 2", "0 0 3").replace("0 0 4", "0 0 5"))
    code, run = applied.json("apply", "--yes")
    assert (code, rules(run)) == (4, ["foreign-key"])
    assert "the workspace other" in run["refusals"][0]["message"]
    assert [saved[1] for saved in service.saves[3:]] == ["3"]
    declare(TENANT.replace(FIRST, ""))
    assert "1" not in verdicts(applied.json("plan")[1])


def test_a_ledger_of_another_workspace_is_refused(applied, declare, write, service, tmp_path):
    (tmp_path / LEDGER).parent.rename(tmp_path / ".reconcile" / "other")
    write("reconcile.yaml", WORKSPACE.format(url=service.url).replace("workspace: test", "workspace: other"))
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["no-ledger"])
    assert "belongs to workspace test" in refused["errors"][0]["message"]


def test_a_key_of_another_workspace_that_is_as_declared_does_not_refuse_the_rest(applied, declare, tmp_path):
    with sqlite3.connect(tmp_path / LEDGER) as connection:
        connection.execute("UPDATE reconcile_applied SET workspace = 'other' WHERE code = '1'")
    connection.close()
    declare(TENANT.replace("0 0 4", "0 0 5"))
    assert applied("apply", "--yes").code == 0
    declare(BAD)
    code, run = applied.json("apply", "--yes", "--code", "1")
    assert (code, rules(run)) == (3, ["foreign-key"])

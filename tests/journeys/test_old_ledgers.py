"""A ledger that is behind what this repository has seen, in each home: a backup was restored, or it is another one."""

from __future__ import annotations

import json

import pytest

from tests import postgres
from tests.journeys.conftest import TENANT, rules, run_ids
from tests.journeys.homes import HOMES, git, home_of

BAD = TENANT.replace("0 0 2 * * ?", "0 0 3 * * ?")
SEEN = "refs/reconcile/seen/test/test"


@pytest.fixture(params=HOMES)
def home(request, program, tmp_path, declare):
    """The declarations, committed, with their ledger in each home."""
    server = request.getfixturevalue("server") if request.param == "postgresql" else ""
    with home_of(request.param, tmp_path, server) as one:
        declare(more=f"ledger: {one.setting}\n")
        one.begin()
        yield one


@pytest.fixture
def restored(home, program, declare):
    """A backup was made after the first run, a later run was rolled back, and the backup came back."""
    assert program("apply", "--yes").code == 0
    home.back_up()
    declare(BAD, more=f"ledger: {home.setting}\n")
    home.commit()
    assert program("apply", "--yes").code == 0
    assert program("rollback", run_ids(program)[0], "--yes").code == 0
    return home


def found(document):
    return [one["rule"] for one in document["findings"] if one["rule"].startswith("ledger-") and "lineage" not in one]


def seen(folder):
    return json.loads(git(folder, "cat-file", "blob", SEEN))


def test_a_run_that_writes_notes_which_run_of_the_ledger_it_has_seen(home, program, tmp_path):
    assert program("plan").code == 0
    assert git(tmp_path, "for-each-ref", SEEN) == ""
    assert program("apply", "--yes").code == 0
    assert program("apply", "--yes").code == 0
    lineage = program.json("status")[1]["environments"][0]["lineage"]
    noted = seen(tmp_path)
    assert (noted["lineage"], noted["serial"], noted["place"].partition(":")[0]) == (
        lineage["id"],
        2,
        {"git": "git+origin"}.get(home.name, home.name),
    )
    assert git(home.remote, "for-each-ref", SEEN) == ""


def test_by_a_ledger_from_a_backup_nothing_is_saved_and_what_only_reads_says_so(restored, program, service):
    restored.restore()
    service.saves.clear()
    for _ in range(2):
        code, refused = program.json("apply", "--yes")
        assert (code, rules(refused), service.saves) == (3, ["ledger-behind"], [])
    hint = refused["errors"][0]["hint"]
    assert "reconcile ledger accept --env test" in hint
    assert program.json("rollback", run_ids(program)[0], "--yes")[0] == 3
    code, plan = program.json("plan")
    assert (code, "ledger-behind" in found(plan)) == (0, True)
    code, status = program.json("status")
    assert (code, "ledger-behind" in found(status)) == (1, True)


def test_no_hold_is_lifted_in_a_ledger_from_a_backup_and_its_lock_can_be_freed(restored, program, service):
    """The backup was made while the schedule was held; the hold was lifted since, and another one placed."""
    assert program("release", "acme/1").code == 0
    assert program("apply", "--yes").code == 0
    assert program("rollback", run_ids(program)[0], "--yes").code == 0
    restored.restore()
    for pattern in ("acme/1", "acme/*"):
        code, refused = program.json("release", pattern)
        assert (code, rules(refused)) == (3, ["ledger-behind"])
        assert "reconcile ledger accept --env test" in refused["errors"][0]["hint"]
    ended = program("unlock", "1a2b3c4d")
    assert (ended.code, "test is free" in ended.err) == (1, True)
    assert program("ledger", "accept").code == 0
    assert program("release", "acme/1").code == 1  # this ledger knows no hold


def test_a_drift_check_by_a_ledger_from_a_backup_is_not_green(restored, program, declare):
    restored.restore()
    declare(more=f"ledger: {restored.setting}\n")
    code, drift = program.json("drift")
    assert (code, drift["keys"], found(drift)) == (1, [], ["ledger-behind"])
    assert "No drift seen, but the ledger is not what it should be" in program("drift").out


def test_who_accepts_a_ledger_from_a_backup_locks_nobody_out_that_has_seen_the_later_one(restored, program, service):
    other = restored.other()
    assert program("apply", "--yes", "--dir", other).code == 3, "held by the rollback, and noted there too"
    restored.restore()
    before = program.json("status")[1]["environments"][0]["lineage"]
    code, accepted = program.json("ledger", "accept")
    assert (code, accepted["action"]) == (0, "accept")
    lineage = program.json("status")[1]["environments"][0]["lineage"]
    assert lineage["id"] != before["id"]
    assert f"{before['id']}@{before['serial']}" in lineage["parents"]
    assert lineage["id"] in accepted["message"]
    assert "nothing was to be done" in program.json("ledger", "accept")[1]["message"]
    service.saves.clear()
    assert program("apply", "--yes", "--dir", other).code == 0
    assert len(service.saves) == 1
    assert program("apply", "--yes").code == 0
    assert program("drift").code == 0


def test_an_empty_ledger_where_one_was_seen_is_behind_and_a_rebuild_mends_it_too(home, program, tmp_path, service):
    assert program("apply", "--yes").code == 0
    parent = "{lineage}@{serial}".format(**seen(tmp_path))
    if home.name == "file":
        (tmp_path / ".git/reconcile/test/ledger.db").unlink()
    elif home.name == "git":
        git(home.remote, "update-ref", "-d", home.ref)
    else:
        home.back_up()
        for table in ("changes", "runs", "applied", "holds", "ledgers"):
            postgres.execute(home.setting, f"DELETE FROM reconcile_{table}")
    assert rules(program.json("apply", "--yes")[1]) == ["ledger-behind"]
    assert program("drift").code == 1
    assert program("ledger", "rebuild").code == 0
    assert program.json("status")[1]["environments"][0]["lineage"]["parents"][-1] == parent
    assert program("apply", "--yes").code == 0


def test_a_lineage_that_the_workspace_names_is_wanted_in_every_clone(home, program, declare, service):
    assert program("apply", "--yes").code == 0
    lineage = program.json("status")[1]["environments"][0]["lineage"]["id"]
    declare(more=f"ledger: {home.setting}\nlineage: {lineage}\n")
    assert program("apply", "--yes").code == 0
    declare(more=f"ledger: {home.setting}\nlineage: abcdef0123456789\n")
    service.saves.clear()
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["ledger-gone"])
    assert "ledger-gone" in [one["rule"] for one in program.json("drift")[1]["findings"]]
    assert program("ledger", "accept").code == 0
    assert program("apply", "--yes").code == 0


def test_a_repository_that_cannot_be_written_is_a_notice_and_a_broken_note_is_no_missing_one(applied, tmp_path):
    git(tmp_path, "init", "--quiet")
    assert applied("apply", "--yes").code == 0
    path = tmp_path / ".git" / SEEN
    path.with_name("test.lock").touch()
    code, run = applied.json("apply", "--yes")
    assert (code, [one["rule"] for one in run["findings"]]) == (0, ["ledger-not-noted"])
    path.with_name("test.lock").unlink()
    path.write_text("0" * 39 + "1\n")
    code, refused = applied.json("apply", "--yes")
    assert (code, rules(refused)) == (3, ["no-ledger"])
    assert f"git update-ref -d {SEEN}" in refused["errors"][0]["hint"]
    git(tmp_path, "update-ref", "-d", SEEN)
    assert applied("apply", "--yes").code == 0

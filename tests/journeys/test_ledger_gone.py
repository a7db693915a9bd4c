"""The ledger goes away while a run applies: nothing more is saved, and no report says that the run can be undone."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.journeys.conftest import LEDGER, TENANT, rules, run_ids

LATER = TENANT.replace("0 0 2", "0 0 3").replace("0 0/30", "0 0/15").replace("0 0 4", "0 0 5")


def removed(folder):
    (folder / LEDGER).unlink()


def replaced_by_a_copy(folder):
    shutil.copy(folder / LEDGER, folder / "copy.db")
    (folder / "copy.db").replace(folder / LEDGER)


def its_wal_removed(folder):
    (folder / f"{LEDGER}-wal").unlink()


def cleaned_by_git(folder):
    for words in (["init", "-q"], ["add", "schedules"], ["clean", "-qffdx"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def moved_with_its_folder(folder):
    (folder / ".reconcile").rename(folder / "elsewhere")


HARMS = [removed, replaced_by_a_copy, its_wal_removed, cleaned_by_git, moved_with_its_folder]


@pytest.fixture
def harmed_at(applied, declare, service, tmp_path):
    """Declare three changes, and do harm to the ledger at a request of the apply that comes."""
    declare(LATER)
    service.saves.clear()

    def one(harm, is_time):
        done = []

        def hook(_, body):
            if not done and is_time(body):
                done.append(harm)
                harm(tmp_path)

        service.hook = hook
        return applied

    return one


def gone(run):
    return [one["message"] for one in run["findings"] if one["rule"] == "ledger-gone"]


@pytest.mark.parametrize("harm", HARMS)
def test_a_ledger_that_goes_away_before_the_first_save_refuses_the_run(harmed_at, service, harm):
    program = harmed_at(harm, lambda body: "codes" in body)
    code, refused = program.json("apply", "--yes")
    assert (code, rules(refused), service.saves) == (3, ["ledger-gone"], [])
    assert LEDGER in refused["refusals"][0]["message"]


@pytest.mark.parametrize("harm", HARMS)
def test_a_ledger_that_goes_away_between_two_saves_ends_the_run(harmed_at, service, harm):
    program = harmed_at(harm, lambda body: "codes" in body and len(service.saves) == 1)
    code, run = program.json("apply", "--yes")
    assert (code, len(service.saves)) == (4, 1)
    assert [LEDGER in message for message in gone(run)] == [True]
    assert sorted(one["outcome"]["result"] for one in run["changes"]) == ["skipped", "skipped", "verified"]


@pytest.mark.parametrize("harm", HARMS)
def test_a_run_whose_ledger_goes_away_at_its_last_save_is_not_said_to_be_recorded(harmed_at, service, harm):
    program = harmed_at(harm, lambda body: "codes" in body and len(service.saves) == 3)
    ended = program("apply", "--yes")
    assert (ended.code, len(service.saves)) == (4, 3)
    assert "ledger-gone" in ended.out
    assert "Recorded" not in ended.out
    assert "reconcile rollback" not in ended.out


@pytest.mark.parametrize("harm", [removed, moved_with_its_folder])
def test_no_thread_of_the_run_makes_a_new_ledger_in_the_place_of_one_that_went_away(harmed_at, tmp_path, harm):
    program = harmed_at(harm, lambda body: "codes" in body)
    assert program("apply", "--yes").code == 3
    assert not (tmp_path / LEDGER).exists()


def test_a_ledger_that_is_put_back_knows_what_was_saved_before_it_went_away(harmed_at, service, tmp_path):
    program = harmed_at(moved_with_its_folder, lambda body: "codes" in body and len(service.saves) == 1)
    assert program("apply", "--yes").code == 4
    (tmp_path / "elsewhere").rename(tmp_path / ".reconcile")
    assert program("apply", "--yes").code == 0
    assert (len(service.saves), len(run_ids(program))) == (3, 3)


def test_the_ledger_that_another_run_began_in_the_place_keeps_what_it_has_not_written_into_its_file_yet(
    harmed_at, service, tmp_path, ledger_of
):
    others = []

    def replace_by_an_open_one(folder):
        moved_with_its_folder(folder)
        shutil.copytree(folder / "elsewhere", folder / ".reconcile")
        others.append(ledger_of())
        others[0].last_applied()

    program = harmed_at(replace_by_an_open_one, lambda body: "codes" in body and len(service.saves) == 1)
    assert program("apply", "--yes").code == 4
    with others[0]:
        assert (tmp_path / f"{LEDGER}-wal").exists()

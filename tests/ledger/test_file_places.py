"""The places of a ledger file: in the common git directory, or beside the declarations."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.ledger.file_places import file_places, folder_name


def test_outside_git_the_ledger_is_beside_the_declarations():
    places = file_places(Path("work/schedules"), "shop")
    assert places.place == Path("work/.reconcile/shop/ledger.db")
    assert places.earlier == (Path("work/.reconcile/ledger.db"),)


def test_in_git_the_ledger_is_in_the_common_git_directory():
    places = file_places(Path("work/schedules"), "shop", "/repository/.git")
    assert places.place == Path("/repository/.git/reconcile/shop/ledger.db")
    assert places.earlier == (Path("work/.reconcile/shop/ledger.db"), Path("work/.reconcile/ledger.db"))


@pytest.mark.parametrize("directory", ["", "."])
def test_the_folder_that_a_run_stands_in_has_one_beside_it_too(tmp_path, monkeypatch, directory):
    (tmp_path / "schedules").mkdir()
    monkeypatch.chdir(tmp_path / "schedules")
    assert file_places(Path(directory), "shop").place == tmp_path / ".reconcile/shop/ledger.db"


@pytest.mark.parametrize("workspace", [".", "..", ".gitignore", "ledger.db", "ledger.db-wal", "shop"])
def test_no_id_of_a_workspace_leads_elsewhere(workspace):
    name = folder_name(workspace)
    taken = {"ledger.db", "ledger.db-wal", ".gitignore"}
    assert (Path("a") / name).resolve().parent == Path("a").resolve()
    assert name not in taken

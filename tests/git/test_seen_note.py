"""The note of the ledger that a repository has seen: it only moves forward, whoever writes it at the same time."""

from __future__ import annotations

import subprocess

import pytest

from reconcile.errors import LedgerError
from reconcile.git.repository import Repository, find
from reconcile.git.seen_note import read_note
from reconcile.model.ledger_records import Lineage

FIRST = Lineage("a1", 3)


@pytest.fixture
def repository(tmp_path) -> Repository:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return find(tmp_path)


def read(repository):
    return read_note(repository, "shop", "prod", here="file")


@pytest.mark.parametrize(
    "later, is_noted",
    [
        pytest.param(Lineage("a1", 4), True, id="a-later-run"),
        pytest.param(Lineage("a1", 3), False, id="the-same-run"),
        pytest.param(Lineage("a1", 2), False, id="an-earlier-run"),
        pytest.param(Lineage("b2", 1, ("a1@9",)), True, id="a-lineage-that-was-begun-from-it"),
        pytest.param(Lineage("b2", 9), False, id="another-lineage"),
    ],
)
def test_a_note_moves_to_what_is_later_and_to_nothing_else(repository, later, is_noted):
    assert read(repository).lineage is None
    assert read(repository).moved_to(FIRST).lineage == FIRST
    read(repository).moved_to(later)
    noted = read(repository).lineage
    assert (noted.id, noted.serial) == ((later.id, later.serial) if is_noted else ("a1", 3))


def test_of_two_runs_that_note_at_once_the_later_one_stays(repository):
    early, late = read(repository), read(repository)
    late.moved_to(Lineage("a1", 5))
    assert early.moved_to(Lineage("a1", 4)).lineage == Lineage("a1", 5)
    assert early.moved_to(Lineage("a1", 6)).lineage == Lineage("a1", 6)
    assert read(repository).lineage == Lineage("a1", 6)


def test_outside_git_nothing_is_noted(tmp_path):
    note = read(find(tmp_path))
    assert (note.moved_to(FIRST), note.lineage) == (note, None)


@pytest.mark.parametrize("content", ["", "{}", '{"lineage": "a1", "serial": true}', '{"lineage": "\\n", "serial": 1}'])
def test_a_note_that_holds_something_else_is_an_error_that_names_it(repository, tmp_path, content):
    made = ["git", "hash-object", "-w", "--stdin"]
    blob = subprocess.run(made, cwd=tmp_path, input=content, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["git", "update-ref", "refs/reconcile/seen/shop/prod", blob], cwd=tmp_path, check=True)
    with pytest.raises(LedgerError, match=r"refs/reconcile/seen/shop/prod.*holds something else"):
        read(repository)

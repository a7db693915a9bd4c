"""Who begins a ledger: an apply, but not in a pipeline, whose runner may forget it; there a person does, once."""

from __future__ import annotations

import subprocess

import pytest

from tests import postgres
from tests.journeys.conftest import IN_GIT, LEDGER, rules, run_ids


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)


def lineage_of(program):
    return program.json("status")[1]["environments"][0]["lineage"]["id"]


@pytest.mark.parametrize("more", ["", "ledger: file\n"], ids=["by-default", "named"])
def test_in_a_pipeline_an_apply_does_not_begin_a_ledger_file_and_names_the_ways(
    program, repository, declare, service, tmp_path, more
):
    declare(more=more)
    code, refused = program.json("apply", "--yes", CI="true")
    assert (code, rules(refused), service.saves) == (3, ["no-ledger"], [])
    (refusal,) = refused["refusals"]
    assert IN_GIT in refusal["message"]
    for way in ("postgresql://", "git", "`reconcile ledger begin`"):
        assert way in refusal["hint"], way
    assert not (tmp_path / IN_GIT).exists()
    assert program("plan", CI="true").code == 0


def test_where_a_person_has_begun_the_ledger_a_pipeline_applies(program, repository, service, tmp_path):
    ended = program("ledger", "begin", CI="true")
    assert (ended.code, (tmp_path / IN_GIT).exists()) == (0, True)
    assert f"The ledger {IN_GIT} was begun: lineage " in ended.out
    assert program("apply", "--yes", CI="true").code == 0
    assert lineage_of(program) in ended.out
    assert (len(service.saves), len(run_ids(program))) == (3, 1)


def test_a_ledger_that_is_there_is_said_and_left_as_it_is(applied, repository, tmp_path):
    code, document = applied.json("ledger", "begin")
    assert (code, document["action"]) == (0, "begin")
    assert document["message"] == f"The ledger {LEDGER} is there already: lineage {lineage_of(applied)}, 1 run."
    assert (tmp_path / LEDGER).exists()
    assert len(run_ids(applied)) == 1


def test_in_a_pipeline_a_ledger_at_an_earlier_place_is_one_that_is_there(applied, repository, tmp_path):
    assert applied("apply", "--yes", CI="true").code == 0
    assert (tmp_path / IN_GIT).exists()


def test_without_a_file_there_is_nothing_that_a_pipeline_may_not_begin(program, declare, service, server, tmp_path):
    declare(more="ledger: none\n")
    assert program("apply", "--yes", CI="true").code == 0
    ended = program("ledger", "begin")
    assert (ended.code, "keeps no ledger" in ended.err) == (1, True)
    with postgres.database(server) as url:
        declare(more=f"ledger: {url}\n")
        ended = program("ledger", "begin")
        assert (ended.code, "was begun: lineage " in ended.out) == (0, True)
        assert program("apply", "--yes", CI="true").code == 0
        assert lineage_of(program) in ended.out


def test_a_ledger_in_git_is_begun_by_the_first_apply_alone(program, repository, declare, tmp_path):
    subprocess.run(["git", "init", "-q", "--bare", "remote.git"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["git", "remote", "add", "origin", "remote.git"], cwd=tmp_path, check=True, capture_output=True)
    declare(more="ledger: git\n")
    assert "is begun by the first apply: there is nothing to do." in program("ledger", "begin").out
    assert program("apply", "--yes", CI="true").code == 0
    assert "is there already: lineage " in program("ledger", "begin").out

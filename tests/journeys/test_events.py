"""Audit: what a run tells while it goes on, and whose it is."""

from __future__ import annotations

import json


def test_a_run_tells_its_events_as_they_happen(program, service, tmp_path):
    assert program("apply", "--yes", "--events", "events.ndjson", "--actor", "li.wei").code == 0
    events = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text(encoding="utf-8").splitlines()]
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[1:4], kinds[-1]) == ("version", ["planned"] * 3, "summary")
    assert (events[0]["actor"], events[-1]["verified"], events[-1]["exit_code"]) == ("li.wei", 3, 0)
    for code in ("1", "2", "3"):
        of_code = [event["type"] for event in events if event.get("code") == code]
        assert of_code == ["planned", "started", "finished"]
    assert len({event["run"] for event in events}) == 1


def test_events_that_cannot_be_written_stop_a_run_before_it_saves(program, service):
    ended = program("apply", "--yes", "--events", "no/such/folder/e.ndjson")
    assert (ended.code, service.saves) == (1, [])
    assert "no/such/folder" in ended.err


def test_events_may_go_to_stderr(program):
    ended = program("apply", "--yes", "--events", "-", "--format", "json")
    assert ended.document["kind"] == "run"
    assert json.loads(ended.err.splitlines()[0])["type"] == "version"


def test_the_actor_is_who_the_pipeline_says(program):
    program("apply", "--yes", GITHUB_ACTOR="octo\ncat")
    assert program.json("runs")[1]["runs"][0]["actor"] == "octo cat"

"""Tables of the docs that are written by hand: each names exactly what the code knows."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from reconcile.model.outcome import Result
from reconcile.model.verdicts import Verdict
from reconcile.session.events import Events
from tests.docs.tables import ROOT

HELD = re.compile(r"^<!-- held: (\w+) -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


@cache
def rows(name):
    """The cells of the table called *name*, by its first cell."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    (table,) = [found[2] for text in texts for found in HELD.finditer(text) if found[1] == name]
    cells = [[cell.strip() for cell in row.strip("|").split(" |")] for row in table.splitlines()]
    return {CODE.fullmatch(first)[1]: rest for first, *rest in cells}


@pytest.mark.parametrize(
    "name, known",
    [
        pytest.param("results", lambda: {result.value for result in Result}, id="results"),
        pytest.param("verdicts", lambda: {verdict.value for verdict in Verdict}, id="verdicts"),
        pytest.param("events", lambda: {name for name in vars(Events) if not name.startswith("_")}, id="events"),
    ],
)
def test_a_table_names_exactly_what_the_code_knows(name, known):
    assert set(rows(name)) == known(), f"the table after <!-- held: {name} --> in docs"


def test_an_event_has_the_fields_that_the_page_names():
    text = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    shown = [json.loads(line) for line in text.splitlines() if line.startswith('{"type": ')]  # as they are, executed
    fields = {one["type"]: set(one) - {"type", "at", "run"} - {result.value for result in Result} for one in shown}
    told = {name: set(CODE.findall(fields)) for name, (_, fields) in rows("events").items() if name != "corrected"}
    assert fields == told

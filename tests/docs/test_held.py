"""Tables of the docs that are written by hand: each names exactly what the code knows, and what lifts what is true."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from functools import cache

import pytest

from reconcile.commands.events import Events
from reconcile.engine.moment import OVERRIDE
from reconcile.model.outcome import Result
from reconcile.model.states import Verdict
from tests.docs.tables import ROOT

HELD = re.compile(r"^<!-- held: (\w+) -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
REFUSING = frozenset({"Refusal", "_refusal", "_refuse"})
LIMITS = {
    name.replace("_", "-"): (f"limits.{name}", "--allow-changes N")
    for name in ("max_changes", "max_creates", "max_parked", "max_change_percent")
}


@cache
def rows(name):
    """The cells of the table called *name*, by its first cell."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    (table,) = [found[2] for text in texts for found in HELD.finditer(text) if found[1] == name]
    cells = [[cell.strip() for cell in row.strip("|").split(" |")] for row in table.splitlines()]
    return {CODE.fullmatch(first)[1]: rest for first, *rest in cells}


@cache  # parsing every module takes long
def refused_by_the_code():
    """The settings and overrides that each rule of a refusal names, wherever one is made."""
    found = defaultdict(lambda: (set(), set()))
    for path in (ROOT / "reconcile").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and getattr(call.func, "id", None) in REFUSING and call.args):
                continue
            if not isinstance(call.args[0], ast.Constant):
                continue  # one that is made of the arguments of another
            settings, overrides = found[call.args[0].value]
            said = {keyword.arg: keyword.value for keyword in call.keywords}
            if getattr(call.func, "id", None) == "Refusal":
                said |= dict(zip(("setting", "override"), call.args[2:4], strict=False))
            settings |= {one.value for one in [said.get("setting")] if isinstance(one, ast.Constant)}
            override = said.get("override")
            if isinstance(override, ast.Constant):
                overrides.add(override.value)
            elif isinstance(override, ast.Name) and override.id == "OVERRIDE":
                overrides.add(OVERRIDE)
    for rule, (setting, override) in LIMITS.items():
        settings, overrides = found[rule]
        settings.add(setting)
        overrides.add(override)
    return found


@pytest.mark.parametrize(
    "name, known",
    [
        pytest.param("results", lambda: {result.value for result in Result}, id="results"),
        pytest.param("verdicts", lambda: {verdict.value for verdict in Verdict}, id="verdicts"),
        pytest.param("guards", lambda: set(refused_by_the_code()), id="guards"),
        pytest.param("events", lambda: {name for name in vars(Events) if not name.startswith("_")}, id="events"),
    ],
)
def test_a_table_names_exactly_what_the_code_knows(name, known):
    assert set(rows(name)) == known()


def test_an_event_has_the_fields_that_the_page_names():
    text = (ROOT / "docs" / "remembering.md").read_text(encoding="utf-8")
    shown = [json.loads(line) for line in text.splitlines() if line.startswith('{"type": ')]  # as they are, executed
    fields = {one["type"]: set(one) - {"type", "at", "run"} - {result.value for result in Result} for one in shown}
    told = {name: set(CODE.findall(fields)) for name, (_, fields) in rows("events").items() if name != "corrected"}
    assert fields == told


@pytest.mark.parametrize("rule", sorted(rows("guards")))
def test_a_guard_has_the_setting_and_the_override_that_the_code_names(rule):
    _, setting, lifts = rows("guards")[rule]
    settings, overrides = refused_by_the_code()[rule]
    assert set(CODE.findall(setting)) == settings
    assert {one for one in CODE.findall(lifts) if one.startswith("--")} == overrides

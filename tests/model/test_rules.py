"""The rules: one table of every id that a finding or an unreadable key can have, used by all, with no row too many."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from reconcile.model.finding import Finding
from reconcile.model.rules import KINDS, RULES, SILENCEABLE, CronRule, Rule, Severity, rule_called

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "reconcile" / "model" / "rules"
MAKERS = {"Finding", "Problem", "Unreadable", "finding", "trouble", "row_trouble"}
# The modules that read ids as text: plans and ledgers that another version may have written, and `rules:`.
READERS = {
    "reconcile/report/document_members.py",
    "reconcile/ledger/encoding.py",
    "reconcile/declare/workspace_file.py",
}

each_rule = pytest.mark.parametrize("rule", RULES, ids=RULES)


@cache  # parsing every module takes long
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module outside the table, by its path."""
    return tuple(
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((ROOT / "reconcile").rglob("*.py"))
        if TABLE not in path.parents
    )


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call, with the path of its module and the name that is called."""
    for path, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                yield path, getattr(node.func, "attr", getattr(node.func, "id", "")), node


def test_ids_are_kebab_case_different_and_the_names_of_the_members():
    assert [rule for rule in RULES if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", rule)] == []
    assert len(set(RULES)) == len(RULES)
    assert [rule.name for rule in RULES] == [rule.upper().replace("-", "_") for rule in RULES]


def test_every_kind_of_rule_is_in_the_table():
    assert set(KINDS) == set(Rule.__subclasses__())


@each_rule
def test_a_rule_says_what_it_means_and_what_to_do_in_whole_sentences(rule):
    assert re.fullmatch(r".+\.", rule.meaning)
    assert re.fullmatch(r".+\.", rule.remedy)


def test_every_rule_is_made_somewhere():
    kinds = {kind.__name__ for kind in KINDS}
    used = {
        (node.value.id, node.attr)
        for _, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in kinds
    }
    assert [rule for rule in RULES if (type(rule).__name__, rule.name) not in used] == []


def test_no_finding_is_made_with_an_id_that_is_only_text():
    made = [(path, node) for path, name, node in calls() if name in MAKERS]
    assert len(made) > 80
    spelt = [
        f"{path}:{node.lineno}"
        for path, node in made
        for given in (*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "rule"))
        if isinstance(given, ast.Constant | ast.JoinedStr)
    ]
    assert spelt == []


def test_no_rule_is_compared_with_an_id_that_is_only_text():
    spelt = [
        f"{path}:{node.lineno}"
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Compare) and getattr(node.left, "attr", "") == "rule"
        for side in node.comparators
        if any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(side))
    ]
    assert spelt == []


def test_only_what_reads_a_document_takes_a_rule_by_its_text():
    kinds = {"Rule", "unlisted", "rule_called", *(kind.__name__ for kind in KINDS)}
    taking = {path for path, name, _ in calls() if name in kinds}
    assert taking == READERS


def test_a_rule_that_is_not_an_error_is_silenceable_if_it_is_about_crons():
    assert {rule for rule in RULES if rule.about == "cron" and rule.severity is not Severity.ERROR} == set(SILENCEABLE)


@pytest.mark.parametrize("rule", SILENCEABLE, ids=SILENCEABLE)
def test_the_workspace_schema_has_the_rule_as_the_table_has_it(rule):
    file = ROOT / "schemas" / "workspace.schema.json"
    properties = json.loads(file.read_text(encoding="utf-8"))["properties"]["rules"]["properties"]
    assert rule in properties, f"{file.name} lacks {rule} below rules"
    assert (properties[rule]["description"], properties[rule]["default"]) == (rule.meaning, rule.severity)
    assert properties[rule]["enum"] == ["none", *reversed(Severity)]


def test_the_workspace_schema_has_no_rule_that_cannot_be_silenced():
    schema = json.loads((ROOT / "schemas" / "workspace.schema.json").read_text(encoding="utf-8"))
    assert sorted(schema["properties"]["rules"]["properties"]) == sorted(SILENCEABLE)


def test_a_finding_has_the_severity_of_its_rule_unless_another_is_given():
    assert Finding(CronRule.NEVER_FIRES, "…").severity is Severity.WARNING
    assert Finding(CronRule.NEVER_FIRES, "…", severity=Severity.ERROR).severity is Severity.ERROR


def test_a_rule_is_its_id_wherever_it_is_written():
    rule = CronRule.NEVER_FIRES
    assert (f"{rule}", json.dumps(rule), sorted([rule, "a"])) == ("never-fires", '"never-fires"', ["a", "never-fires"])


def test_an_id_of_another_version_is_read_as_it_is():
    rule = rule_called("of-another-version")
    assert (f"{rule}", json.dumps(rule), copy.deepcopy(rule)) == (
        "of-another-version",
        '"of-another-version"',
        "of-another-version",
    )

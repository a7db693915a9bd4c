"""The table of guards: every refusal stands in it, and a row is all that option, judging, record and docs need."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconcile.commands.apply import apply
from reconcile.commands.override_options import overriding
from reconcile.commands.plan import plan
from reconcile.engine.diff import Sides
from reconcile.engine.guard import GUARDS, Guard, Judging, OfKey, refusals, refused_by
from reconcile.engine.judges import Objection
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import OVERRIDES, Override, Takes
from tests.builders import HOURLY, desired, key, row, schedule
from tests.docs.tables import guards as documented

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "reconcile").rglob("*.py"))
SCHEMAS = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "schemas").glob("*.json"))
}
REFUSING = frozenset({"Refusal", "refused_by", "_refuse"})
PARAMETERS = (*plan.params, *apply.params)
JUDGED_BY_COMMANDS = {guard.rule for guard in GUARDS if guard.judge is None}


def refused_in(tree):
    """The name and the first argument of each call in *tree* that makes a refusal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in REFUSING:
                yield name, node.args[0] if node.args else None


# Parsed once: every module is read.
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
MADE = [(module, *made) for module, tree in TREES.items() for made in refused_in(tree)]
NAMED = {first.value for _, _, first in MADE if isinstance(first, ast.Constant)}


def test_every_rule_that_a_refusal_is_made_with_stands_in_the_table():
    assert NAMED - {guard.rule for guard in GUARDS} == set()


def test_a_guard_without_a_judge_is_one_that_a_command_refuses_by():
    assert NAMED == JUDGED_BY_COMMANDS


def test_only_the_table_and_the_reader_of_plans_make_a_refusal():
    assert {module for module, name, _ in MADE if name == "Refusal"} == {
        "reconcile/engine/guard.py",
        "reconcile/report/document_members.py",
    }


def test_a_rule_and_an_option_stand_in_their_tables_once():
    rules, options = [guard.rule for guard in GUARDS], [override.option for override in OVERRIDES]
    assert (len(set(rules)), len(set(options))) == (len(rules), len(options))


def test_every_override_lifts_a_guard_and_every_guard_is_lifted_by_those_of_the_table():
    assert {override for guard in GUARDS for override in guard.overrides} == set(OVERRIDES)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.rule)
def test_a_test_names_the_guard_that_it_sees_refuse(guard):
    tests = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
    assert any(f'"{guard.rule}"' in text for text in tests), f"no test names {guard.rule}"


@pytest.mark.parametrize("guard", [one for one in GUARDS if one.judge is None], ids=lambda guard: guard.rule)
def test_what_a_command_refuses_by_itself_names_setting_and_option_of_its_row(guard):
    refusal = refused_by(guard.rule, "so it is")
    assert (refusal.rule, refusal.setting, refusal.override) == (guard.rule, guard.setting, guard.option)


@pytest.mark.parametrize("guard", [one for one in GUARDS if one.setting], ids=lambda guard: guard.rule)
def test_the_setting_that_a_guard_names_is_one_of_the_workspace_file(guard):
    whole = SCHEMAS["workspace.schema.json"]
    block, _, name = guard.setting.rpartition(".")
    known = whole["properties"] | whole["$defs"]["environment"]["properties"]
    assert name in (known[block]["properties"] if block else known), f"{guard.setting} in reconcile/engine/guard.py"


def test_no_other_module_spells_an_override():
    spelled = {
        (module, override.option)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for override in OVERRIDES
        if override.option in node.value
    }
    assert {module for module, _ in spelled} == {"reconcile/engine/overrides.py"}


def nodes_of(value):
    """Every object inside *value*, itself included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes_of(inner)


def test_the_refusals_that_schemas_show_are_those_of_the_table():
    rows = {guard.rule: guard for guard in GUARDS}
    shown = [node for one in SCHEMAS.values() for node in nodes_of(one) if {"rule", "setting", "override"} <= set(node)]
    refused = [node for node in shown if isinstance(node["rule"], str)]
    assert refused, "the schemas show none"
    for node in refused:
        options = rows[node["rule"]].lifted_by
        assert node["setting"] == rows[node["rule"]].setting
        assert node["override"].split()[0] in {option.split()[0] for option in options}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_speaks_of_no_option_that_there_is_not(name):
    options = {option for parameter in PARAMETERS for option in (*parameter.opts, *parameter.secondary_opts)}
    assert set(re.findall(r"--[a-z][a-z-]+", json.dumps(SCHEMAS[name]))) - options == set()


ON_A_SUNDAY = Override("--on-a-sunday", "Save on a Sunday, too.")
AT_MOST = Override("--at-most", "Save codes up to N characters.", Takes.COUNT)
MORE = (*OVERRIDES, ON_A_SUNDAY, AT_MOST)
SUNDAY = Guard(
    "sunday",
    "it is a Sunday",
    OfKey(lambda change, situation: Objection("it is a Sunday")),
    overrides=(ON_A_SUNDAY,),
)
LONG = Guard(
    "long-code",
    "its code is long",
    OfKey(lambda change, situation: Objection("its code is long", count=len(change.key.code))),
    setting="limits.length",
    overrides=(AT_MOST,),
)
PLAN = make_plan("prod", Sides(desired(schedule()), {key(): (row(HOURLY),)}))


def allowing(*arguments):
    """What a command with one option for each row of the longer table is called with."""
    taken = []
    called = click.command()(overriding(MORE)(lambda *, allowances: taken.append(allowances)))
    ended = CliRunner().invoke(called, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return taken[0]


@pytest.mark.parametrize(
    "guard, options, said",
    [
        pytest.param(SUNDAY, ["--on-a-sunday"], "--on-a-sunday", id="a-switch"),
        pytest.param(LONG, ["--at-most", "1"], "--at-most 1", id="a-count"),
    ],
)
def test_one_more_row_is_an_option_an_allowance_a_record_and_a_row_of_the_docs(guard, options, said):
    table = (*GUARDS, guard)
    (refusal,) = refusals(PLAN, Judging(allowances=allowing()), guards=table)
    assert (refusal.rule, refusal.key, refusal.setting, refusal.override) == (guard.rule, key(), guard.setting, said)
    allowances = allowing("--recreate", *options)
    assert refusals(PLAN, Judging(allowances=allowances), guards=table) == ()
    assert allowances.typed(MORE) == ("--recreate", said)
    option = options[0]
    assert any(row.startswith(f"| `{guard.rule}` | one: ") and option in row for row in documented(table))


def test_what_is_said_of_one_key_does_not_repeat_the_key():
    (refusal,) = refusals(PLAN, guards=(SUNDAY,))
    assert (refusal.key, refusal.tenant, refusal.message) == (key(), "acme", "it is a Sunday")


def test_a_count_that_is_too_small_lifts_nothing():
    (refusal,) = refusals(PLAN, Judging(allowances=allowing("--at-most", "0")), guards=(LONG,))
    assert refusal.rule == "long-code"


def test_a_switch_that_is_not_given_is_no_allowance():
    assert allowing("--allow-changes", "0").typed(MORE) == ()


def test_of_one_key_the_first_guard_of_the_table_is_told():
    for table in ((SUNDAY, LONG), (LONG, SUNDAY)):
        assert [refusal.rule for refusal in refusals(PLAN, guards=table)] == [table[0].rule]

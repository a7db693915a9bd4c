"""Each exit code has a meaning, and whatever ends a run names its code from the one table."""

from __future__ import annotations

import ast
import importlib
import signal
from pathlib import Path

import click
import pytest

from reconcile.cli import COMMANDS, SIGNALS
from reconcile.exits import MEANINGS, Exit
from tests.house.checks import ONLY_BY, SAVING

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "reconcile").rglob("*.py"))
NAMED = sorted({name for meaning in MEANINGS for name in meaning.commands})
CALLED_EXIT_CODE = ("exit_code", "_exit_code")


def test_every_exit_code_has_a_meaning():
    assert {code for meaning in MEANINGS for code in meaning.exits} == set(Exit)


@pytest.mark.parametrize("name", NAMED)
def test_a_command_that_a_meaning_names_exists(name):
    first, *rest = name.split()
    assert first in COMMANDS
    command = getattr(importlib.import_module(f"reconcile.commands.{first}"), first)
    options = {option for parameter in command.params for option in parameter.opts}
    inner = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else ()
    assert [one for one in rest if one not in options and one not in inner] == []


def test_what_an_apply_may_end_with_is_said_of_every_command_that_saves():
    saving = {module.rpartition(".")[2] for module in ONLY_BY[SAVING]}
    assert [meaning.when for meaning in MEANINGS if meaning.commands and meaning.at_night] != []
    for meaning in MEANINGS:
        if meaning.commands and meaning.at_night:
            assert set(meaning.commands) == saving, meaning.when


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_run_as_a_shell_says_it(number):
    assert SIGNALS[number] == 128 + signal.Signals(number)


def bare_codes(source: str) -> list[int]:
    """The lines at which an exit code is written as a number."""
    found = []
    for node in ast.walk(ast.parse(source)):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.keyword) and node.arg == "exit_code":
            values = [node.value]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = {getattr(target, "id", getattr(target, "attr", "")) for target in targets}
            values = [node.value] if named & set(CALLED_EXIT_CODE) else []
        elif isinstance(node, ast.FunctionDef) and node.name in CALLED_EXIT_CODE:
            values = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
        numbers = [one for value in values if value is not None for one in results(value)]
        found += [one.lineno for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, int)]
    return found


def results(value: ast.expr) -> list[ast.expr]:
    """What *value* may come to: both sides of ``a if b else c``."""
    return [*results(value.body), *results(value.orelse)] if isinstance(value, ast.IfExp) else [value]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("CommandReport(document, view, exit_code=1 if bad else Exit.DONE)", id="argument"),
        pytest.param("class OddError(Exception):\n    exit_code = 3", id="class"),
        pytest.param(
            "def _exit_code(plan):\n    if plan.changes:\n        return 2\n    return Exit.DONE", id="function"
        ),
    ],
)
def test_a_bare_number_is_found(source):
    assert len(bare_codes(source)) == 1


def test_no_exit_code_is_a_bare_number():
    assert {path.name: found for path in MODULES if (found := bare_codes(path.read_text(encoding="utf-8")))} == {}

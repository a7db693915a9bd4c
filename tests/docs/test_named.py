"""What a text of the program or of the docs names is there: an option, a command, a page, a variable, an id."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache

import click
import pytest

from reconcile.cli import reconcile
from reconcile.engine.guard import GUARDS
from reconcile.git import configuration
from reconcile.model.rules import RULES
from reconcile.secrets import TRUSTED_HOSTS
from reconcile.session.command_line import COMMON, OLD_OPTIONS
from tests.docs.tables import ROOT, commands_by_words, documents

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
COMMAND = re.compile(r"`reconcile ((?:[a-z][a-z-]* ?)+)")
PAGE = re.compile(r"\bdocs/[\w-]+\.md")
VARIABLE = re.compile(r"\bRECONCILE_[A-Z_]*[A-Z]\b")

# Options of git and of a benchmark that a page shows, and how the options begin that take something back.
OF_OTHERS = frozenset(
    {"--assume-unchanged", "--delete", "--filter", "--mirror", "--no", "--profile", "--skip-worktree"}
    | {"--stdin", "--stdin-paths"}
)
GUARD_IDS = frozenset(guard.rule for guard in GUARDS)
SCHEMAS = sorted((ROOT / "schemas").glob("*.schema.json"))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text of the program and every document, with its place; the edge to git speaks git's own language."""
    modules = [path for path in sorted((ROOT / "reconcile").rglob("*.py")) if path.parent.name != "git"]
    return (
        *(
            (f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node.value)
            for path in modules
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
        *((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in documents()),
    )


def named(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """Every name that *pattern* finds, with the place of its text."""
    return {(place, name) for place, text in texts() for name in pattern.findall(text)}


def absent(pattern: re.Pattern[str], known: set[str] | frozenset[str]) -> list[tuple[str, str]]:
    assert len(named(pattern)) > 5, "the pattern finds next to nothing"
    return sorted((place, name) for place, name in named(pattern) if name not in known)


def test_every_option_is_one_of_a_command():
    commands = [reconcile, *(command for _, command in commands_by_words())]
    known = {option for one in commands for given in one.params for option in (*given.opts, *given.secondary_opts)}
    assert absent(OPTION, known | OLD_OPTIONS.keys() | OF_OTHERS | {"--help"}) == []
    assert OF_OTHERS - {option for _, option in named(OPTION)} == set()
    assert OF_OTHERS & known == set()


def is_a_command(*words: str) -> bool:
    """Whether *words* begin with a command; behind one that is not a group stand arguments."""
    one: click.Command = reconcile
    for word in words:
        if not isinstance(one, click.Group):
            return True
        inner = one.get_command(click.Context(one), word)
        if inner is None:
            return False
        one = inner
    return True


def test_every_command_is_there():
    assert len(named(COMMAND)) > 20
    assert [(place, words) for place, words in named(COMMAND) if not is_a_command(*words.split())] == []


def test_every_page_is_there():
    assert absent(PAGE, {path.relative_to(ROOT).as_posix() for path in documents()}) == []


def test_every_variable_is_one_that_the_program_reads_and_stands_in_the_docs():
    known = {one.variable for one in COMMON.values()} | {TRUSTED_HOSTS, configuration.VARIABLE}
    assert absent(VARIABLE, known) == []
    shown = {name for place, name in named(VARIABLE) if place.startswith("docs/")}
    assert known - shown == set(), "no page says what these variables do"


def shown_ids(node: object, name: str) -> Iterator[str]:
    """Every value that the examples in *node* give to the member *name*."""
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get(name), dict):
            yield from (each for each in properties[name].get("examples", ()) if isinstance(each, str))
        for key, value in node.items():
            if key == name:
                yield from [value] if isinstance(value, str) else ()
                yield from value if isinstance(value, list) else ()
            yield from shown_ids(value, name)
    elif isinstance(node, list):
        for one in node:
            yield from shown_ids(one, name)


@pytest.mark.parametrize("path", SCHEMAS, ids=[path.name for path in SCHEMAS])
def test_the_ids_in_the_examples_of_a_schema_are_ids(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert set(shown_ids(schema, "rule")) - GUARD_IDS - set(RULES) == set()
    assert set(shown_ids(schema, "blocked_by")) - GUARD_IDS == set()

"""The reasons of outcomes: each that the code gives has words, and no words are left that no code gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import reconcile
from reconcile.flows.wording import WORDS
from reconcile.ledger.tables import IS_DOUBLED, IS_OPEN

MODULES = [path for part in ("engine", "flows") for path in (Path(reconcile.__file__).parent / part).rglob("*.py")]
GIVING = {"Ended", "_unless_in_doubt", "unsaved", "corrected"}


def test_every_reason_that_an_outcome_is_compared_with_is_given():
    compared = {
        (path.name, side.value)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and getattr(node.left, "attr", "") == "reason"
        for side in node.comparators
        if isinstance(side, ast.Constant) and isinstance(side.value, str)
    }
    assert compared
    assert {(name, reason) for name, reason in compared if reason not in WORDS} == set()


def test_every_reason_that_the_ledger_asks_for_is_given():
    asked = re.findall(r"reason = '([a-z-]+)'", " ".join(one.text for one in (IS_OPEN, IS_DOUBLED)))
    assert asked
    assert set(asked) <= set(WORDS), "reconcile/ledger/tables.py"


def test_every_reason_that_is_given_has_words_and_every_words_are_given():
    given = {
        argument.value
        for path in MODULES
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in GIVING
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert given == set(WORDS)

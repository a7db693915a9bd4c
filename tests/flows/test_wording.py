"""The reasons of outcomes: each that the code gives has words, and no words are left that no code gives."""

from __future__ import annotations

import ast
from pathlib import Path

import reconcile
from reconcile.flows.wording import WORDS

MODULES = [path for part in ("engine", "flows") for path in (Path(reconcile.__file__).parent / part).rglob("*.py")]
GIVING = {"Ended", "_unless_in_doubt", "unsaved", "corrected"}


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

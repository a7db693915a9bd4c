"""docs/architecture.md: the steps of `plan` and `apply` name functions that exist."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.docs.architecture import ROOT

NAME = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS = [part.split("\n## ")[0] for part in TEXT.split("\n## How ")[1:]]
NAMES = sorted({name for steps in STEPS for name in NAME.findall(steps)})


def exists(name: str) -> bool:
    """Return whether ``reconcile`` has what *name* says: a function, a class, or a method of a class."""
    parts = ["reconcile", *name.split(".")]
    for end in range(len(parts) - 1, 0, -1):
        try:
            value = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            value = getattr(value, part, None)
        return value is not None
    return False


@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_of_plan_or_apply_names_exists(name):
    assert exists(name), f"docs/architecture.md names {name}, which is not there: correct the step"


def test_both_commands_have_their_steps():
    assert TEXT.count("\n## How `plan` runs\n") == TEXT.count("\n## How `apply` runs\n") == 1
    assert len(NAMES) > 20

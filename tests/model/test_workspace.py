"""The settings of a workspace: each has an effect."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from reconcile.model.workspace import Environment, Limits, ServiceSettings, Workspace

PROGRAM = Path(__file__).parents[2] / "reconcile"
# These hold and fill in settings; what acts by one stands elsewhere.
DECLARING = (PROGRAM / "model" / "workspace.py", PROGRAM / "declare" / "workspace_file.py")
READ = {
    node.attr
    for path in PROGRAM.rglob("*.py")
    if path not in DECLARING
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Attribute)
}


@pytest.mark.parametrize(
    "kind, name",
    [
        pytest.param(kind, one.name, id=f"{kind.__name__}.{one.name}")
        for kind in (Workspace, Environment, ServiceSettings, Limits)
        for one in fields(kind)
    ],
)
def test_a_setting_is_read_by_what_acts_by_it(kind, name):
    assert name in READ, f"{kind.__name__}.{name} may be declared, and nothing in reconcile/ reads it"

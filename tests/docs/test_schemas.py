"""The schemas are what the model says, and `make docs` draws anew all that is drawn."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from reconcile.engine.ignores import SILENCEABLE
from reconcile.model.workspace import Environment, Limits, ServiceSettings, Workspace
from tools.schemas import workspace
from tools.schemas.drawing import FILES, FOLDER, drawn

ROOT = Path(__file__).parents[2]
GENERATOR = re.compile(r"``python -m ([\w.]+)`` writes")


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_what_the_model_says(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert text == drawn(name), f"schemas/{name} is not what the model says: run make docs"


def test_every_schema_is_drawn():
    assert set(FILES) == {path.name for path in FOLDER.iterdir()}


# A name that is not the field's: what the workspace file calls it, and what is not written there at all.
@pytest.mark.parametrize(
    "kind, properties, renamed",
    [
        pytest.param(Limits, workspace.LIMITS, {}, id="limits"),
        pytest.param(ServiceSettings, workspace.SERVICE, {}, id="service"),
        pytest.param(Environment, workspace.ENVIRONMENT, {"name": None}, id="environment"),
        pytest.param(
            Workspace,
            {name for name in workspace.WORKSPACE_PROPERTIES if name != "format_version"},
            {"id": "workspace", "directory": None},
            id="workspace",
        ),
    ],
)
def test_every_setting_of_the_model_may_be_written(kind, properties, renamed):
    fields = {renamed.get(field.name, field.name) for field in dataclasses.fields(kind)} - {None}
    assert fields == set(properties)


@pytest.mark.parametrize(
    "kind, properties",
    [
        pytest.param(Limits, workspace.LIMITS, id="limits"),
        pytest.param(ServiceSettings, workspace.SERVICE, id="service"),
        pytest.param(Environment, workspace.ENVIRONMENT, id="environment"),
    ],
)
def test_a_setting_has_a_default_in_the_schema_where_the_model_has_one(kind, properties):
    has_one = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is not dataclasses.MISSING and (field.default is not None or kind is Limits)
    }
    assert {name for name, node in properties.items() if "default" in node} == has_one - {"service"}


def test_the_severity_of_every_rule_that_is_no_error_may_be_set():
    assert tuple(workspace.RULE_SEVERITIES) == SILENCEABLE


def test_make_docs_runs_every_generator():
    (target,) = re.findall(r"^docs: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    modules = [path for folder in ("tests", "tools") for path in (ROOT / folder).rglob("*.py")]
    known = {name for path in modules for name in GENERATOR.findall(path.read_text(encoding="utf-8"))}
    assert set(re.findall(r"-m (\S+)", target)) == known

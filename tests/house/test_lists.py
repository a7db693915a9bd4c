"""Lists that are kept by hand name what is there, and all of it: layers, pure parts, versions of Python, targets."""

from __future__ import annotations

import importlib
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from reconcile.cli import COMMANDS
from tests.house import checks

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "reconcile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_layer_is_in_the_tree():
    parts = {path.stem for path in PROGRAM.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(checks.RANK) == parts - {"__init__"}, "LAYERS in tests/house/checks.py"
    assert set(checks.RANK) >= checks.PURE, "PURE in tests/house/checks.py"


def test_all_that_is_pure_is_promised_to_be_covered():
    spec = importlib.util.spec_from_file_location("coverage_promises", ROOT / ".ci" / "coverage.py")
    promises = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(promises)
    promised = {part.removesuffix("/").removesuffix(".py") for part in promises.PURE}
    # Protocols have no branches.
    assert promised == checks.PURE - {"ports"}, "PURE in .ci/coverage.py"
    for part in promises.PURE:
        assert (PROGRAM / part).exists(), f"{part} in .ci/coverage.py"


def test_every_file_that_holds_a_command_is_one_of_the_program():
    files = [*(PROGRAM / "commands").glob("*.py"), *(PROGRAM / "commands").glob("*/__init__.py")]
    names = {path: path.parent.name if path.stem == "__init__" else path.stem for path in files}
    own = {
        name
        for path, name in names.items()
        if re.search(rf"^@click\.(command|group)\(\"{name}\"", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert own == set(COMMANDS), "COMMANDS in reconcile/cli.py, and the files of reconcile/commands"


def test_the_same_versions_of_python_are_tried_everywhere():
    tried = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["run"]["strategy"]["matrix"]["python"]
    (here,) = re.findall(r"for version in ([\d. ]+); do", text(".ci/run"))
    (looked_for,) = re.findall(r"for python in python3((?: python[\d.]+)+); do", text(".ci/venv"))
    assert here.split() == tried, ".ci/run and .github/workflows/ci.yml"
    assert sorted(looked_for.replace("python", "").split()) == tried, ".ci/venv and .github/workflows/ci.yml"
    assert PROJECT["project"]["requires-python"] == f">={tried[0]}", "pyproject.toml"
    assert PROJECT["tool"]["mypy"]["python_version"] == tried[0], "pyproject.toml"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{tried[0].replace('.', '')}", "pyproject.toml"


def test_every_target_of_make_is_phony_and_told_by_help():
    makefile = text("Makefile")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(phony.split()) - {".FORCE"} == targets, ".PHONY in Makefile"
    assert set(re.findall(r'@echo "make ([a-z-]+)', makefile)) == targets - {"help"}, "help in Makefile"


@pytest.mark.parametrize("name", PROJECT["tool"]["ruff"]["lint"]["flake8-bugbear"]["extend-immutable-calls"])
def test_a_value_that_pyproject_says_is_frozen_is_there_and_frozen(name):
    module, _, value = name.rpartition(".")
    assert getattr(importlib.import_module(module), value).__dataclass_params__.frozen, f"{name} in pyproject.toml"


def test_every_mark_of_a_test_says_when_it_is_run():
    marks = {mark.partition(":")[0] for mark in PROJECT["tool"]["pytest"]["ini_options"]["markers"]}
    used = {
        mark
        for path in (ROOT / "tests").rglob("*.py")
        for mark in re.findall(r"pytest\.mark\.(\w+)", path.read_text(encoding="utf-8"))
    }
    assert marks <= used, "markers in pyproject.toml that no test has"

"""The house rules, held against the program as it stands. That each of them can fail is shown in `test_checks`."""

from __future__ import annotations

import ast
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from reconcile.cli import COMMANDS
from tests.house import checks

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "reconcile").rglob("*.py"))
TOOLS = sorted((ROOT / "tools").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCHEMAS: dict[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "schemas").glob("*.schema.json"))
}

# What else may read the environment, write to stdout or take *now*; each with its reason.
WORLD_EXCEPTIONS = {
    "reconcile/service/system_clock.py": {"datetime.now"},  # the Clock port itself
    "reconcile/git/program.py": {"os.environ"},  # what the git program inherits, less GIT_*; nothing is read from it
}

# Packages whose files have names that no other file has: a name alone says which thing the file is.
NAMED_ONCE = frozenset({"git", "declare", "ledger", "model", "engine", "flows", "report", "session", "commands"})
# A command's file is called as the command is typed, whatever else has that name.
COMMAND_FILES = frozenset(f"{name}.py" for name in COMMANDS)


def complaints(paths: list[Path], check: Callable[[str, Path], tuple[str, ...]]) -> list[str]:
    """Return the complaints about all files, each as ``path:line: what is wrong``."""
    return [
        f"{path.relative_to(ROOT).as_posix()}:{complaint}"
        for path in paths
        for complaint in check(path.read_text(encoding="utf-8"), path)
    ]


def module_name(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def is_pure(path: Path) -> bool:
    return checks.part_of(module_name(path)) in checks.PURE


def test_there_is_something_to_check():
    assert len(MODULES) > 50
    assert len(TESTS) > 20
    assert sum(map(is_pure, MODULES)) > 20
    assert SCHEMAS


def test_a_file_name_says_which_thing_it_is():
    commands = {ROOT / "reconcile" / "commands" / name for name in COMMAND_FILES}
    named = [path for path in MODULES if path.stem != "__init__" and path not in commands]
    uses = Counter(path.name for path in named)
    assert [
        path.relative_to(ROOT).as_posix()
        for path in named
        if checks.part_of(module_name(path)) in NAMED_ONCE and uses[path.name] > 1
    ] == []


def test_imports_point_down():
    def check(source: str, path: Path) -> tuple[str, ...]:
        return checks.upward_imports(source, module_name(path), is_package=path.name == "__init__.py")

    assert complaints(MODULES, check) == []


def imported_modules(path: Path, known: Collection[str]) -> set[str]:
    """Return those of the *known* modules that a file imports; of a name in a module, the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [name for _, name in checks.imports(tree, module_name(path), is_package=path.name == "__init__.py")]
    return {name if name in known else name.rpartition(".")[0] for name in names} & {*known}


def test_no_modules_import_each_other_in_a_circle():
    known = [module_name(path) for path in MODULES]
    assert checks.import_cycles({module_name(path): imported_modules(path, known) for path in MODULES}) == ()


def test_the_writer_is_imported_only_by_what_saves():
    assert complaints(MODULES, lambda source, path: checks.writer_imports(source, module_name(path))) == []


def test_what_saves_and_what_opens_a_ledger_or_a_client_is_imported_by_one_place():
    assert complaints(MODULES, lambda source, path: checks.reserved_imports(source, module_name(path))) == []


@pytest.mark.parametrize(
    "module, reserved", [(module, name) for name, modules in checks.ONLY_BY.items() for module in sorted(modules)]
)
def test_who_may_import_what_is_reserved_does(module, reserved):
    source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert any(reserved in each for each in checks.reserved_imports(source, "reconcile.commands.plan"))


def test_the_module_that_may_hold_the_writer_does():
    source = ROOT.joinpath(*checks.SAVING.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert len(checks.writer_imports(source, "reconcile.commands.plan")) == 1


def test_what_a_run_knows_is_frozen():
    session = [path for path in MODULES if checks.part_of(module_name(path)) == "session"]
    assert session
    assert complaints(session, lambda source, _: checks.mutable_values(source)) == []


def test_no_function_is_crowded():
    parts = ("model", "engine", "commands", "session")
    modules = [path for path in MODULES if checks.part_of(module_name(path)) in parts]
    assert complaints(modules, lambda source, _: checks.crowded(source)) == []


def test_a_cron_is_parsed_in_one_place_only():
    assert complaints(MODULES, lambda source, path: checks.cron_parses(source, module_name(path))) == []
    the_place = ROOT.joinpath(*checks.CRON_READER.split(".")).with_suffix(".py")
    assert len(checks.cron_parses(the_place.read_text(encoding="utf-8"), "reconcile.engine.any")) == 1


def test_what_is_pure_touches_nothing_outside():
    assert complaints([*filter(is_pure, MODULES)], lambda source, _: checks.impurities(source)) == []


def test_only_the_cli_reads_the_environment_writes_to_stdout_and_takes_now():
    def check(source: str, path: Path) -> tuple[str, ...]:
        allowed = WORLD_EXCEPTIONS.get(path.relative_to(ROOT).as_posix(), set())
        return tuple(use for use in checks.world_uses(source) if use.split(": ")[1] not in allowed)

    assert complaints([path for path in MODULES if path != ROOT / "reconcile" / "cli.py"], check) == []


@pytest.mark.parametrize("file", WORLD_EXCEPTIONS)
def test_no_exception_outlives_its_reason(file):
    used = {use.split(": ")[1] for use in checks.world_uses((ROOT / file).read_text(encoding="utf-8"))}
    assert used == WORLD_EXCEPTIONS[file]


def test_no_module_and_no_function_is_too_long():
    assert complaints([*MODULES, *TOOLS], lambda source, _: checks.too_long(source)) == []


def test_every_public_module_says_what_it_is_for():
    assert complaints([*MODULES, *TOOLS], lambda source, path: checks.lacks_docstring(source, path.stem)) == []


def test_every_skipped_test_gives_its_reason():
    assert complaints(TESTS, lambda source, _: checks.unexplained_skips(source)) == []


def test_every_dependency_is_bounded_on_both_sides():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        requirements += extra
    assert checks.unbounded(requirements) == ()


def test_the_pins_are_exact():
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 20
    assert [pin for pin in pins if pin.count("==") != 1] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_names_its_draft(name):
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_property_has_a_description_and_an_example(name):
    assert checks.bare_properties(SCHEMAS[name], SCHEMAS) == ()


def examples(name: str) -> Iterator[tuple[str, object, object]]:
    for path, subschema in checks.properties(SCHEMAS[name]):
        for example in subschema.get("examples", ()):
            yield path, subschema, example


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_example_is_valid(name):
    files = {file: Resource.from_contents(schema) for file, schema in SCHEMAS.items()}
    files |= {str(schema["$id"]): files[file] for file, schema in SCHEMAS.items() if "$id" in schema}
    registry: Registry[Any] = Registry().with_resources(files.items())
    wrong = []
    for path, subschema, example in examples(name):
        # The property's own schema, standing where its references are understood.
        inside: Any = {**SCHEMAS[name], "properties": {"it": subschema}, "required": [], "additionalProperties": True}
        for keyword in ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "minProperties"):
            inside.pop(keyword, None)
        validator = Draft202012Validator(inside, registry=registry)
        wrong += [f"{path}: {error.message}" for error in validator.iter_errors({"it": example})]
    assert wrong == []

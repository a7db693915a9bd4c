"""Which tests a change needs first: ``python -m tests.affected FILE…`` prints them, for ``make check FILES=…``.

A file of the program needs its mirrored tests, the tests that import it, and what its part shows to users; every change
needs the house rules. The everyday tests still run before a change is merged.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.house.checks import imports

ROOT = Path(__file__).parents[1]
ALWAYS = "tests/house"
# What a part shows, beside the tests of its own folder.
SHOWN_BY = {
    "model": ("tests/docs",),
    "engine": ("tests/docs",),
    "commands": ("tests/journeys", "tests/docs"),
    "session": ("tests/journeys",),
    "flows": ("tests/journeys",),
    "cli": ("tests/journeys", "tests/docs"),
    "report": ("tests/docs",),
    "service": ("tests/contract",),
    "twin": ("tests/contract", "tests/docs"),
}
TEXTS = ("docs/", "README.md", "CHANGELOG.md", "schemas/", "schedules/", "tools/")


def affected(files: Iterable[str]) -> tuple[str, ...]:
    """Return the folders and files of tests that *files* need, sorted; paths are relative to the root.

    Raises:
        FileNotFoundError: one of *files* does not exist.
    """
    found = {ALWAYS}
    for file in files:
        if not (ROOT / file).exists():
            raise FileNotFoundError(f"{file}: there is no such file in this checkout")
        found.update(_needed(Path(file).as_posix()))
    return tuple(sorted(one for one in found if not any(one.startswith(f"{other}/") for other in found)))


def _needed(file: str) -> Iterator[str]:
    if file.startswith("reconcile/") and file.endswith(".py"):
        yield from _of_module(file)
    elif file.startswith("tests/"):
        yield file if Path(file).name.startswith("test_") else str(Path(file).parent)
    elif file.startswith(TEXTS):
        yield "tests/docs"


def _of_module(file: str) -> Iterator[str]:
    names = Path(file).with_suffix("").parts
    part = names[1]
    mirrored = Path("tests", *names[1:-1])
    while not (ROOT / mirrored).is_dir():
        mirrored = mirrored.parent
    own = mirrored / f"test_{names[-1]}.py"
    if mirrored != Path("tests"):
        yield mirrored.as_posix()
    elif (ROOT / own).exists():
        yield own.as_posix()
    yield from SHOWN_BY.get(part, ())
    module = ".".join(names[:-1] if names[-1] == "__init__" else names)
    for test, taken in _imported().items():
        if any(name == module or name.startswith(f"{module}.") for name in taken):
            yield test


@cache
def _imported() -> Mapping[str, tuple[str, ...]]:
    """Return what each file of tests imports: to read them all takes half a second."""
    return {
        test.relative_to(ROOT).as_posix(): tuple(
            name for _, name in imports(ast.parse(test.read_text(encoding="utf-8")), "")
        )
        for test in sorted((ROOT / "tests").rglob("test_*.py"))
    }


if __name__ == "__main__":
    try:
        print(*affected(sys.argv[1:]))
    except FileNotFoundError as error:
        sys.exit(str(error))

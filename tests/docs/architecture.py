"""The tables of docs/architecture.md: layers and purity from the house rules, the rest from docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house import checks

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "reconcile"


def layers() -> Iterator[str]:
    """Yield a row for each layer, the lowest first, as the house rules order them."""
    yield "| layer | parts | may import | pure |"
    yield "|---|---|---|---|"
    below: list[str] = []
    for number, row in enumerate(checks.LAYERS):
        among = "each other" if set(row) <= checks.NEIGHBOURS else ""
        allowed = among or (f"layers 0–{number - 1}" if number > 1 else "layer 0")
        pure = [part for part in row if part in checks.PURE]
        said = "yes" if len(pure) == len(row) else ", ".join(f"`{part}`" for part in pure) or "no"
        yield f"| {number} | {', '.join(f'`{part}`' for part in row)} | {allowed} | {said} |"
        below.extend(row)


def purity() -> Iterator[str]:
    """Yield what a pure module may not do, as the house rules have it."""
    yield f"- Import none of {_listed(checks.IMPURE_MODULES)}."
    yield f"- Call none of {_listed(checks.IMPURE_CALLS)}."
    yield f"- Except: {_listed(f'{name}*' for name in checks.PURE_WITHIN)}, which is a table."


def packages() -> Iterator[str]:
    """Yield a section for each package: what its docstring says, then a line for each of its modules."""
    for part in (part for row in checks.LAYERS for part in row):
        folder = PROGRAM / part
        if folder.is_dir():
            yield f"### {part}\n"
            yield from _prose(_docstring(folder / "__init__.py"))
            yield ""
            yield "| module | what it holds |"
            yield "|---|---|"
            for file in sorted(folder.rglob("*.py")):
                if file.name != "__init__.py":
                    said = _docstring(file).split("\n\n")[0]
                    yield f"| `{file.relative_to(folder).as_posix()}` | {_cell(said)} |"
            yield ""


def _listed(names: object) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))  # type: ignore[call-overload]


def _docstring(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def _prose(text: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring as markdown: what is indented, or is an example, stands in a block."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(("    ", ">>>")):
            yield f"```text\n{paragraph}\n```\n"
        else:
            yield f"{_inline(' '.join(paragraph.split()))}\n"


def _cell(text: str) -> str:
    return _inline(" ".join(text.split())).replace("|", "\\|")


def _inline(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)

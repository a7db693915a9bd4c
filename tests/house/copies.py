"""What stands in one place only, and how a second copy of it looks in source text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.house.checks import dotted, imports

Finder = Callable[[ast.Module], Iterator[int]]


class Once(NamedTuple):
    """*what* is done in the module *place* and nowhere else; *copies* yields the lines on which a source does it."""

    what: str
    place: str
    copies: Finder


def imported(*names: str) -> Finder:
    """Return what finds an import of one of *names*."""

    def copies(tree: ast.Module) -> Iterator[int]:
        yield from (line for line, name in imports(tree, "") if name.split(".")[0] in names)

    return copies


def said(*texts: str) -> Finder:
    """Return what finds a string that holds one of *texts*; docstrings may say anything."""

    def copies(tree: ast.Module) -> Iterator[int]:
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield from (node.lineno for text in texts if text in node.value)

    return copies


def sign_filters(tree: ast.Module) -> Iterator[int]:
    """Yield where a text is put together again without signs that are not printable, or of some categories."""
    yield from imported("unicodedata")(tree)
    for loop in ast.walk(tree):
        if isinstance(loop, ast.GeneratorExp | ast.ListComp) and not isinstance(loop.elt, ast.Call):
            signs = {f"{dotted(each.target)}.isprintable" for each in loop.generators}
            yield from (
                node.lineno for node in ast.walk(loop) if isinstance(node, ast.Attribute) and dotted(node) in signs
            )


ONCE = (
    Once("`did you mean`", "reconcile.text", imported("difflib")),
    Once("taking out signs that steer a terminal", "reconcile.text", sign_filters),
    Once("hiding a secret", "reconcile.secrets", said("***")),
    Once("trusting a host", "reconcile.secrets", said("RECONCILE_TRUSTED_HOSTS")),
)


def second_copies(source: str, module: str) -> tuple[str, ...]:
    """Return what *module* does itself though there is a place for it."""
    tree = ast.parse(source)
    found = {
        (line, f"{once.what} stands in {once.place}: use it")
        for once in ONCE
        if once.place != module
        for line in once.copies(tree)
    }
    return tuple(f"{line}: {complaint}" for line, complaint in sorted(found))

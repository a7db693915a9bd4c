"""What stands in one place only, and how a second copy of it looks in source text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.house.checks import dotted, imports

Finder = Callable[[ast.Module], Iterator[int]]


class Once(NamedTuple):
    """*what* is done in the module *place* and nowhere else; *copies* yields the lines on which a source does it.

    *also*: what else may do it.
    """

    what: str
    place: str
    copies: Finder
    also: tuple[str, ...] = ()


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
    """Yield where a text is put together again without characters that are not printable, or of some categories."""
    yield from imported("unicodedata")(tree)
    for loop in ast.walk(tree):
        if isinstance(loop, ast.GeneratorExp | ast.ListComp) and not isinstance(loop.elt, ast.Call):
            characters = {f"{dotted(each.target)}.isprintable" for each in loop.generators}
            yield from (
                node.lineno for node in ast.walk(loop) if isinstance(node, ast.Attribute) and dotted(node) in characters
            )


def called(*names: str) -> Finder:
    """Return what finds a call of one of *names*, wherever it is from."""

    def copies(tree: ast.Module) -> Iterator[int]:
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        yield from (node.lineno for node in calls if dotted(node.func).split(".")[-1] in names)

    return copies


def asked_for(attribute: str) -> Finder:
    """Return what finds *attribute*, such as ``service.quartz``, of any value."""

    def copies(tree: ast.Module) -> Iterator[int]:
        attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        yield from (node.lineno for node in attributes if dotted(node).endswith(f".{attribute}"))

    return copies


def unit_tables(tree: ast.Module) -> Iterator[int]:
    """Yield where the units of durations stand in a table or in a pattern."""
    yield from said("|h|d")(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            yield from [node.lineno] if {"m", "h"} <= keys else []


def dates_as_text(tree: ast.Module) -> Iterator[int]:
    """Yield where a date or an instant is written by a pattern of its own, or with a Z in place of its offset."""
    yield from called("strftime")(tree)
    yield from said("%Y", "+00:00")(tree)


ONCE = (
    Once("`did you mean`", "reconcile.text", imported("difflib")),
    Once("taking out characters that steer a terminal", "reconcile.text", sign_filters),
    Once(
        "full-width characters",
        "reconcile.text",
        said("\u3000", "\uff0a", "\uff1f"),
        also=("reconcile.declare.syntax",),  # how a key of YAML looks from a Chinese keyboard
    ),
    Once("whose Quartz reads a cron", "reconcile.model.reading", asked_for("service.quartz")),
    Once("hiding a secret", "reconcile.secrets", said("***")),
    Once("trusting a host", "reconcile.secrets", said("RECONCILE_TRUSTED_HOSTS")),
    Once("reading and writing durations", "reconcile.times", unit_tables),
    Once("looking up a time zone", "reconcile.times", called("ZoneInfo", "available_timezones")),
    Once("writing an instant", "reconcile.times", dates_as_text),
    Once(
        "reading an instant",
        "reconcile.times",
        called("fromisoformat", "strptime"),
        also=("reconcile.ledger.tables", "reconcile.declare.freezes"),  # the disk's own form; wall clocks
    ),
)


def second_copies(source: str, module: str) -> tuple[str, ...]:
    """Return what *module* does itself though there is a place for it."""
    tree = ast.parse(source)
    found = {
        (line, f"{once.what} stands in {once.place}: use it")
        for once in ONCE
        if module not in (once.place, *once.also)
        for line in once.copies(tree)
    }
    return tuple(f"{line}: {complaint}" for line, complaint in sorted(found))

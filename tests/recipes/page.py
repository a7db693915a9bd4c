"""The recipes as docs/contributing.md has them: their places, the tests that hold them, and the commands to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path("docs/contributing.md")
_SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
_PLACE = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Recipe:
    """One recipe. *held_by* are paths or ids of tests, *draw* and *run* are the commands as they are typed."""

    title: str
    places: tuple[str, ...]
    held_by: tuple[str, ...]
    draw: str
    run: str
    lines: int


def recipes(root: Path) -> dict[str, Recipe]:
    """Return the recipes of the page below *root* by their titles: the sections that name what holds them."""
    sections = _SECTION.findall((root / PAGE).read_text(encoding="utf-8"))
    return {title: _recipe(title, text) for title, text in sections if "- Held by: " in text}


def _recipe(title: str, text: str) -> Recipe:
    (draw,), (run,) = _named(text, "Draw anew"), _named(text, "Run")
    return Recipe(title, tuple(_PLACE.findall(text)), _named(text, "Held by"), draw, run, text.strip().count("\n") + 1)


def _named(text: str, label: str) -> tuple[str, ...]:
    """Return what stands as code in the item that begins with *label*."""
    (item,) = re.findall(rf"^- {label}: (.*(?:\n  .*)*)", text, re.MULTILINE)
    return tuple(_CODE.findall(re.sub(r"\s+", " ", item)))

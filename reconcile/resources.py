"""The files shipped beside the code: JSON Schemas and example declarations.

In a wheel they stand in ``reconcile/shipped``; in a checkout, and in an editable install of one, in its ``schemas`` and
``schedules``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder shipped as *name*: ``schemas`` or ``schedules``.

    Raises:
        FileNotFoundError: this installation has lost it.
    """
    for place in (_PACKAGE / "shipped" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"this installation of reconcile lacks its folder {name}: install it again")


def schema_names() -> tuple[str, ...]:
    """Return the names of the shipped schemas, sorted, without ``.schema.json``."""
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in folder("schemas").glob("*.schema.json")))


def schema_text(name: str) -> str:
    """Return a shipped schema.

    Raises:
        FileNotFoundError: there is none of this name.
    """
    return (folder("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")

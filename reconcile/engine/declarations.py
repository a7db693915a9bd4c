"""Declarations: what the files say, checked for structure, before sets, defaults and overrides are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from reconcile.engine.problems import Locate, Place

Fields: TypeAlias = Mapping[str, Any]
"""The fields of one entry as written; the schema has checked their types."""


class Ignore(NamedTuple):
    """A comment at *place* that silences *rule*; *reason* may be empty."""

    rule: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class DeclarationFile:
    """A tenant file or a set file. *lines* holds the line of each of *entries*, *ignores* its comments that silence.

    *broken* are the positions of entries that have a finding: what is left of them is checked, and never resolved.
    """

    path: str
    name: str
    entries: Sequence[Fields] = ()
    lines: Sequence[int] = ()
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    defaults: Fields = field(default_factory=dict)
    broken: frozenset[int] = frozenset()
    ignores: Sequence[Ignore] = ()


@dataclass(frozen=True, slots=True)
class Declarations:
    """Every file of an environment.

    *is_whole* is False when a file that may be a set could not be read as a whole: the content of sets is not known
    then, so nothing is reported as missing from them. *workspace_file* is the file that declares the environment.
    """

    tenants: tuple[DeclarationFile, ...]
    sets: tuple[DeclarationFile, ...]
    locate: Locate
    workspace_file: str = "reconcile.yaml"
    is_whole: bool = True

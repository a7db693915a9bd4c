"""The places of a ledger file: where it belongs, and where an earlier one may lie.

In Git its place is the common git directory: all work trees share it, and `git clean` does not reach it. Outside Git it
lies beside the folder of the declarations. A ledger that began outside Git, or by an older version of this program,
lies at an earlier place; `taken_file` takes it to its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = ".reconcile"
_IN_GIT = "reconcile"
NAME = "ledger.db"


@dataclass(frozen=True, slots=True)
class FilePlaces:
    """The *place* of a ledger file, and the *earlier* places that are looked at too."""

    place: Path
    earlier: tuple[Path, ...]


def file_places(directory: Path, workspace: str, common_dir: str = "") -> FilePlaces:
    """Return the places of the ledger file of *workspace*, whose declarations lie in *directory*.

    *common_dir* is the common git directory; empty outside Git.
    """
    # `.` and `..` have no parent folder in their text.
    folder = directory if directory.name not in ("", "..") else directory.resolve()
    beside = folder.parent / FOLDER
    outside, of_old = beside / folder_name(workspace) / NAME, beside / NAME
    if common_dir:
        return FilePlaces(Path(common_dir) / _IN_GIT / folder_name(workspace) / NAME, (outside, of_old))
    return FilePlaces(outside, (of_old,))


def folder_name(workspace: str) -> str:
    """Return the name of the folder of *workspace*: its id, unless that name means something else there.

    >>> folder_name("shop"), folder_name(".."), folder_name("ledger.db")
    ('shop', '%2E.', '%6Cedger.db')
    """
    if workspace.startswith((".", NAME)):
        return f"%{ord(workspace[0]):02X}{workspace[1:]}"
    return workspace

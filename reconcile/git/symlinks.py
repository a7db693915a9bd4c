"""Where a path with symbolic links leads, within a folder. The same in a work tree and in a revision.

The walk goes from name to name, as Linux does. Nothing is below a file, not even `.` or `..`. The target of a link
takes its place. `..` leaves the folder that was really reached. Outside the folder only the folders above it are known,
up to the top of the repository: a walk may climb there and come back. It may not reach another file, a folder above the
repository, the root of the machine, or Git's own folder. Only a work tree knows the files of a submodule.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from reconcile.errors import SettingError

GIT = ".git"
_MOST_LINKS, _LONGEST_NAME = 40, 255  # the limits of Linux and of its file systems


class FileKind(Enum):
    """What is at a path that is not a link. A repository is a submodule, whose files a revision does not hold."""

    FILE = "file"
    FOLDER = "folder"
    REPOSITORY = "repository"


LookUp = Callable[[str], FileKind | str | None]
"""Returns the kind at a path within the folder, the target of a link, or None; raises OSError if it cannot be read."""


@dataclass(frozen=True, slots=True)
class RefusedPath:
    """Why the target of a path is not read, and whether it is known to be a folder."""

    error: SettingError
    is_folder: bool = False


def leads_out() -> SettingError:
    """Return the error for a link that leads out of the folder."""
    hint = "put the file itself here, or link to one in the folder, by a path that is relative"
    return SettingError("this link leads out of the folder, and is not followed", hint=hint)


def unreadable(reason: int | None) -> SettingError:
    """Return the error for a file that cannot be read; *reason* is an error number of the system."""
    why = os.strerror(reason) if reason else "the system does not say why"
    return SettingError(f"cannot be read: {why}", hint="see its permissions, and where links lead")


def follow(path: str, above: Sequence[str], look_up: LookUp) -> str | RefusedPath:
    """Return the path of the file that *path* leads to, or why it leads to none; both are relative to the folder.

    *above* names the folders from the top of the repository to the folder.
    """
    if path.startswith("/"):
        return RefusedPath(leads_out())
    try:
        return _Walk(above, look_up, [*reversed(path.split("/"))]).end()
    except SettingError as refusal:
        return RefusedPath(refusal)
    except OSError as error:
        return RefusedPath(unreadable(error.errno))


class _Walk:
    """One walk: the names still *waiting*, and the place: *climbed* levels above the folder, or *inside* it."""

    def __init__(self, above: Sequence[str], look_up: LookUp, waiting: list[str]) -> None:
        self.above = above
        self.look_up = look_up
        self.waiting = waiting
        self.climbed = 0
        self.inside: list[str] = []
        self.is_in_repository = False
        self.links = 0

    def end(self) -> str | RefusedPath:
        while self.waiting:
            name = self.waiting.pop()
            if name == "..":
                self.up()
            elif name not in {"", "."} and self.down(name):
                if self.waiting:
                    raise unreadable(errno.ENOTDIR)
                return "/".join([*self.inside, name])
        return RefusedPath(leads_out() if self.climbed else unreadable(errno.EISDIR), is_folder=True)

    def up(self) -> None:
        self.is_in_repository = False
        if self.inside:
            self.inside.pop()
        elif self.climbed < len(self.above):
            self.climbed += 1
        else:
            raise leads_out()

    def down(self, name: str) -> bool:
        """Go to *name*, and return whether it is a file."""
        if self.climbed and name == self.above[-self.climbed]:
            self.climbed -= 1
            return False
        if self.climbed or self.is_in_repository or name == GIT:
            raise leads_out()
        if len(os.fsencode(name)) > _LONGEST_NAME:
            raise unreadable(errno.ENAMETOOLONG)
        found = self.look_up("/".join([*self.inside, name]))
        if isinstance(found, str):
            self.replace(found)
        elif found is None:
            raise unreadable(errno.ENOENT)
        elif found is not FileKind.FILE:
            self.inside.append(name)
            self.is_in_repository = found is FileKind.REPOSITORY
        return found is FileKind.FILE

    def replace(self, target: str) -> None:
        self.links += 1
        if self.links > _MOST_LINKS:
            raise unreadable(errno.ELOOP)
        if target.startswith("/"):
            raise leads_out()
        if not target:
            raise unreadable(errno.ENOENT)
        self.waiting += reversed(target.split("/"))

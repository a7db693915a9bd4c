"""A folder of the work tree, as a tree of files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconcile.errors import SettingError
from reconcile.git.repository import looks_like_repository

MAX_BYTES = 256 * 1024 * 1024
"""More than any declaration holds; a larger file is not read into memory at all."""


@dataclass(frozen=True)
class WorkTree:
    """The files below *root*.

    A link to a file within *root* is read; one that leads out of it is not, so that a pull request cannot have the
    machine's own files quoted in a report. Links to folders are not followed, and their paths end in a slash: what a
    revision of Git could not follow either is told, not silently left out.
    """

    root: Path

    @cached_property
    def _listed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise SettingError(f"the folder {self.root} {what}", hint="name the folder of the declarations with --dir")
        repositories: list[str] = []
        return tuple(sorted(_paths(os.fspath(self.root), repositories))), tuple(sorted(repositories))

    def paths(self) -> tuple[str, ...]:
        """Return every file's path, sorted; links to folders end in a slash.

        Raises:
            SettingError: there is no such folder, or it cannot be listed.
        """
        return self._listed[0]

    def repositories(self) -> tuple[str, ...]:
        """Return the folders below the root that git would take for repositories, submodules too, sorted.

        Raises:
            SettingError: as `paths`.
        """
        return self._listed[1]

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            SettingError: there is no such file, it is none, it is too large, or it cannot be read.
        """
        try:
            real = (self.root / path).resolve(strict=True)
            root = self.root.resolve()
            # Git's own folder holds credentials, and is not of the tree even where it is in the folder.
            if not real.is_relative_to(root) or ".git" in real.relative_to(root).parts:
                raise leads_out()
            return _bytes(real)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "a link to itself"
            raise unreadable(reason) from error


def leads_out() -> SettingError:
    """Return the refusal of a link that leads out of the folder."""
    return SettingError("this link leads out of the folder, and is not followed", hint="put the file itself here")


def too_large(size: int) -> SettingError:
    """Return the refusal of a file of *size* bytes."""
    hint = "spread the schedules over several files"
    return SettingError(f"cannot be read: it has {size / 1024 / 1024:.0f} MiB", hint=hint)


def unreadable(reason: str) -> SettingError:
    """Return the refusal of a file that cannot be read for *reason*."""
    return SettingError(f"cannot be read: {reason}", hint="see its permissions, and where links lead")


def _bytes(path: Path) -> bytes:
    # Not blocking: a pipe named like a declaration must not make the run wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SettingError("cannot be read: it is no regular file", hint="delete it, or leave it out of `paths`")
        if status.st_size > MAX_BYTES:
            raise too_large(status.st_size)
        return file.read()


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # a link to itself: a file that cannot be read
        return False


def _paths(root: str, repositories: list[str]) -> Iterator[str]:
    """Yield the paths below *root*, and note *repositories*.

    Folders are kept on a list, as they may be nested deeper than Python recurses.
    """
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        names = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    names.append(entry.name)
                    path = f"{prefix}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != ".git":
                            waiting.append((entry.path, f"{path}/"))
                    elif entry.is_symlink() and _leads_to_folder(entry):
                        yield f"{path}/"
                    else:
                        yield path
        except OSError as error:
            hint = "see its permissions"
            raise SettingError(f"the folder {folder} cannot be listed: {error.strerror}", hint=hint) from error
        if prefix and (".git" in names or looks_like_repository(names)):
            repositories.append(prefix.removesuffix("/"))

"""A folder of the work tree, as a tree of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from reconcile.errors import SettingError
from reconcile.git.repository import looks_like_repository
from reconcile.git.symlinks import GIT, FileKind, RefusedPath, follow, unreadable

MAX_BYTES = 256 * 1024 * 1024
"""A larger file is not read; no declaration is so large."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read: its path, which is another than the one asked for behind a link, and its SHA-256."""

    file: str
    sha256: bytes


@dataclass(frozen=True)
class WorkTree:
    """The files below *root*.

    A link to a file within *root* is read. One that leads out of it is not: a pull request must not get files of the
    machine quoted in a report. Links to folders are not followed, as in a revision of Git; they are listed with a slash
    at the end. Submodules are read.
    """

    root: Path
    first_read: dict[str, ReadFile] = field(default_factory=dict, compare=False, repr=False)
    """Each path that was read, with what was found there the first time: that is what counts in the run."""

    @cached_property
    def _listed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise SettingError(f"the folder {self.root} {what}", hint="name the folder of the declarations with --dir")
        repositories: list[str] = []
        return tuple(sorted(_paths(os.fspath(self.root), repositories))), tuple(sorted(repositories))

    @cached_property
    def _real(self) -> Path:
        return Path(os.path.realpath(self.root))

    @cached_property
    def _above(self) -> tuple[str, ...]:
        """The names of the folders from the top of the repository to *root*; outside Git from the machine's root."""
        top = next((each for each in (self._real, *self._real.parents) if os.path.lexists(each / GIT)), None)
        return self._real.relative_to(top or self._real.anchor).parts

    def paths(self) -> tuple[str, ...]:
        """Return every file's path, sorted; links to folders end in a slash.

        Raises:
            SettingError: there is no such folder, or it cannot be listed.
        """
        return self._listed[0]

    def repositories(self) -> tuple[str, ...]:
        """Return the folders below *root* that git takes for repositories, with submodules, sorted.

        Raises:
            SettingError: as `paths`.
        """
        return self._listed[1]

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            SettingError: there is no such file, it is not a file, it is too large, or it cannot be read.
        """
        file = follow(path, self._above, self._look_up)
        if isinstance(file, RefusedPath):
            raise file.error
        try:
            content = _bytes(self._real / file)
        except OSError as error:
            raise unreadable(error.errno) from error
        self.first_read.setdefault(path, ReadFile(file, hashlib.sha256(content).digest()))
        return content

    def unchanged(self, path: str) -> bytes | None:
        """Return the bytes of a file that was read; None where they are no longer the same."""
        try:
            content = self.read(path)
        except SettingError:
            return None
        return content if hashlib.sha256(content).digest() == self.first_read[path].sha256 else None

    def _look_up(self, path: str) -> FileKind | str | None:
        place = self._real / path
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(mode):
            return os.readlink(place)  # noqa: PTH115 - a Path would make `a` of `a/`
        return FileKind.FOLDER if stat.S_ISDIR(mode) else FileKind.FILE


def too_large(size: int) -> SettingError:
    """Return the error for a file of *size* bytes."""
    hint = "spread the schedules over several files"
    return SettingError(f"cannot be read: it has {size / 1024 / 1024:.0f} MiB", hint=hint)


def _bytes(path: Path) -> bytes:
    # Non-blocking: a pipe with the name of a declaration must not block the run.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SettingError("cannot be read: it is not a regular file", hint="delete it, or leave it out of `paths`")
        if status.st_size > MAX_BYTES:
            raise too_large(status.st_size)
        return file.read()


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # a link to itself: a file that cannot be read
        return False


def _is_top(folder: Path) -> bool:
    """Return whether Git may take *folder* for the top of a work tree: `.git` in it is a file or holds `HEAD`."""
    git_folder = folder / GIT
    return git_folder.is_file() or os.path.lexists(git_folder / "HEAD")


def _paths(root: str, repositories: list[str]) -> Iterator[str]:
    """Yield the paths below *root*, and add to *repositories*.

    Without recursion: folders may be nested deeper than Python recurses.
    """
    waiting = [(root, "")]
    while waiting:
        folder, inside = waiting.pop()
        try:
            with os.scandir(folder) as listed:
                entries = [*listed]
        except OSError as error:
            hint = "see its permissions"
            raise SettingError(f"the folder {folder} cannot be listed: {error.strerror}", hint=hint) from error
        names = [entry.name for entry in entries]
        if inside and ((GIT in names and _is_top(Path(folder))) or looks_like_repository(names)):
            repositories.append(inside.removesuffix("/"))
        for entry in entries:
            path = f"{inside}{entry.name}"
            if entry.name == GIT:
                continue  # it holds credentials, and is never a part of the tree
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{path}/"))
            elif entry.is_symlink() and _leads_to_folder(entry):
                yield f"{path}/"
            else:
                yield path

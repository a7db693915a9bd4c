"""A folder as it stood at a revision, as a tree of files.

It costs three or four runs of git, for any number of files: the commit, its list of files, the targets of its links,
and the bytes of all files of the kind that is read first.
"""

from __future__ import annotations

import bisect
import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from reconcile.errors import ReconcileError, SettingError
from reconcile.git import symlinks, worktree
from reconcile.git.refs import known_commit
from reconcile.git.repository import Repository
from reconcile.git.symlinks import FileKind, RefusedPath

_LINK, _SUBMODULE = "120", "160"  # the beginning of a mode
_LONGEST_LINK = 4096  # the limit of Linux
_AHEAD_BYTES = 64 * 1024 * 1024
_SHOWN_DIGITS = 12
_GREP_SAID = (0, 1)  # it found something, or nothing


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of a file: its id in Git, and its size; None when this clone does not hold it."""

    id: str
    size: int | None


@dataclass(frozen=True, slots=True)
class _Entries:
    """The folder at a revision: the content of each file, the kind at each path, and the targets of links.

    *above* names the folders from the top of the repository to the folder.
    """

    above: tuple[str, ...]
    blobs: Mapping[str, Blob]
    submodules: Mapping[str, str]  # the commit of each
    kinds: Mapping[str, FileKind]
    targets: Mapping[str, str | None]  # None: no file system holds such a link

    def follow(self, path: str) -> str | RefusedPath:
        """Return the path of the file that *path* leads to, or why it leads to none."""
        return symlinks.follow(path, self.above, self._look_up)

    def _look_up(self, path: str) -> FileKind | str | None:
        if path not in self.targets:
            return self.kinds.get(path)
        target = self.targets[path]
        if target is None:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return target


@dataclass(frozen=True)
class RevisionTree:
    """The files of a folder at *commit*, with the bytes that were committed (no line ends converted, no filter run).

    Links are treated as in a work tree: one to a file within the folder is read, one to a folder ends in a slash, one
    that leads out is refused. A submodule ends in a slash too: only a work tree holds its files. A folder that did not
    exist at that revision is empty: nothing was declared.
    """

    repository: Repository
    commit: str
    _entries: _Entries
    _blobs: Mapping[str, Blob]
    _others: tuple[str, ...]  # listed, but not files
    _read_ahead: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted([*self._blobs, *self._others]))

    @cached_property
    def _readable(self) -> list[str]:
        return sorted(self._blobs)

    def paths(self) -> tuple[str, ...]:
        """Return every file's path, sorted; links to folders, and submodules, end in a slash."""
        return self._paths

    def submodules(self) -> Mapping[str, str]:
        """Return the commit of each submodule, by path, sorted."""
        return dict(sorted(self._entries.submodules.items()))

    def blob_ids(self) -> Mapping[str, str]:
        """Return the id of each file's content in Git, by path; links to files lead to theirs."""
        return {path: blob.id for path, blob in self._blobs.items()}

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            SettingError: there is no such file, it is not a file, it is too large, or this clone does not hold it.
            ReconcileError: the repository cannot be read.
        """
        file = self._entries.follow(path)
        if isinstance(file, RefusedPath):
            raise file.error
        blob = self._entries.blobs[file]
        if blob.size is None:
            hint = "fetch the whole history, without --filter; `git fsck` says whether the repository is whole"
            raise SettingError("cannot be read: this clone does not hold it", hint=hint)
        if blob.size > worktree.MAX_BYTES:
            raise worktree.too_large(blob.size)
        if blob.id not in self._read_ahead:
            self._read_ahead.clear()
            self._read_ahead.update(self._ahead(file, blob.id))
        return self._read_ahead[blob.id]

    def _ahead(self, path: str, blob_id: str) -> Mapping[str, bytes]:
        """Return the contents to read with that of *path*; of a broken one, only the file itself is told."""
        try:
            return _contents(self.repository, self._next_ids(path))
        except ReconcileError:
            try:
                return _contents(self.repository, [blob_id])
            except ReconcileError as error:
                place = f"{self.commit[:_SHOWN_DIGITS]}:{self.repository.prefix}{path}"
                raise ReconcileError(f"{place}: {error.message}", hint=error.hint) from error

    def _next_ids(self, path: str) -> Iterable[str]:
        """Return the ids of *path* and of the files likely to be read next: later ones of its kind, up to a size."""
        kind = PurePosixPath(path).suffix
        ids: dict[str, None] = {}
        size = 0
        for later in self._readable[bisect.bisect_left(self._readable, path) :]:
            blob = self._blobs[later]
            if blob.size is None or blob.size > worktree.MAX_BYTES or PurePosixPath(later).suffix != kind:
                continue
            size += blob.size
            if ids and size > _AHEAD_BYTES:
                break
            ids[blob.id] = None
        return ids


def revision_tree(repository: Repository, rev: str) -> RevisionTree:
    """Return the folder of *repository* as it was at *rev*.

    Raises:
        SettingError: there is no such revision, or the folder is not in a work tree of Git.
        ReconcileError: the repository cannot be read.
    """
    if repository.is_outside:
        hint = "revisions are compared within Git: clone the repository, and see that the git program is there"
        raise SettingError(f"the folder {repository.folder} is not in a work tree of Git", hint=hint)
    commit = known_commit(repository, rev)
    blobs: dict[str, Blob] = {}
    linked: dict[str, Blob] = {}
    submodules: dict[str, str] = {}
    kinds: dict[str, FileKind] = {}
    for mode, blob, path in _listed(repository, commit):
        kinds.update((str(parent), FileKind.FOLDER) for parent in PurePosixPath(path).parents)
        if mode.startswith(_SUBMODULE):
            kinds[path] = FileKind.REPOSITORY
            submodules[path] = blob.id
        elif mode.startswith(_LINK):
            linked[path] = blob
        else:
            blobs[path] = blob
            kinds[path] = FileKind.FILE
    targets_by_id = _contents(repository, {link.id for link in linked.values() if _is_link(link)})
    targets = {path: _target(targets_by_id[link.id]) if _is_link(link) else None for path, link in linked.items()}
    entries = _Entries(PurePosixPath(repository.prefix).parts, blobs, submodules, kinds, targets)
    followed = {path: entries.follow(path) for path in linked}
    readable = {path: blobs[file] for path, file in followed.items() if not isinstance(file, RefusedPath)}
    refused = {path: file for path, file in followed.items() if isinstance(file, RefusedPath)}
    others = [f"{path}/" if place.is_folder else path for path, place in refused.items()]
    others += [f"{path}/" for path in submodules]
    return RevisionTree(repository, commit, entries, blobs | readable, tuple(others))


def _is_link(blob: Blob) -> bool:
    """Return whether this clone holds the link, and a file system can hold it."""
    return blob.size is not None and blob.size < _LONGEST_LINK


def _target(content: bytes) -> str:
    """Return the target of a link with this *content* when it is checked out: a name ends at a zero byte."""
    return os.fsdecode(content.partition(b"\0")[0])


def _listed(repository: Repository, commit: str) -> Iterable[tuple[str, Blob, str]]:
    """Yield mode, content and path of every entry of the folder, in which git runs."""
    completed = repository.ask("ls-tree", "-r", "-z", "--long", commit)
    if not completed.is_good:
        raise completed.failure(f"the files of {commit} cannot be listed")
    for entry in completed.out.split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        mode, _, name, size = about.decode("ascii").split()
        yield mode, Blob(name, int(size) if size.isdecimal() else None), os.fsdecode(path)


def _contents(repository: Repository, ids: Iterable[str]) -> Mapping[str, bytes]:
    """Return the bytes of the blobs *ids*, in one run of git.

    Raises:
        ReconcileError: one of them cannot be read.
    """
    asked = "".join(f"{each}\n" for each in ids)
    if not asked:
        return {}
    completed = repository.ask("cat-file", "--batch", "--buffer", stdin=asked.encode("ascii"))
    if not completed.is_good:
        raise completed.failure("files of a revision cannot be read")
    return blobs_in(completed.out)


def blobs_in(out: bytes) -> Mapping[str, bytes]:
    """Return the blobs that `git cat-file --batch` wrote, by id.

    Raises:
        ReconcileError: one of them is missing, or is not a blob.
    """
    contents = {}
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        name, *about = out[at:end].decode("ascii").split()
        if about[0] != "blob":
            raise ReconcileError(f"the file {name} of a revision is {about[0]}", hint="see `git fsck`")
        start = end + 1
        at = start + int(about[1])
        contents[name] = out[start:at]
        at += 1  # the line break after it
    return contents


def files_with_line(repository: Repository, commit: str, pattern: str, *, name: str) -> tuple[str, ...]:
    """Return the paths of files called *name* at *commit*, of the whole repository, in which a line fits *pattern*.

    *pattern* is an extended regular expression.

    Raises:
        ReconcileError: git cannot say it.
    """
    where = f":(top,glob)**/{name}"
    found = repository.ask("grep", "--full-name", "-l", "-z", "-E", "-e", pattern, commit, "--", where)
    if found.code not in _GREP_SAID:
        raise found.failure(f"which files of {commit} hold a line cannot be found out")
    return tuple(os.fsdecode(line).partition(":")[2] for line in found.out.split(b"\0")[:-1])

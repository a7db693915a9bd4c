"""A folder as it stood at a revision, as a tree of files.

It costs three or four runs of git, however many files there are: which commit is meant, what it lists, what its links
hold, and the bytes of all files like the one asked for first.
"""

from __future__ import annotations

import bisect
import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from types import MappingProxyType

from reconcile.errors import ReconcileError, SettingError
from reconcile.git import worktree
from reconcile.git.refs import known_commit
from reconcile.git.repository import Repository

_LINK, _SUBMODULE = "120", "160"  # how a mode begins
_MOST_LINKS, _LONGEST_LINK = 40, 4096  # as Linux follows
_AHEAD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of a file: its id in Git, and its size; None when this clone does not hold it."""

    id: str
    size: int | None


@dataclass(frozen=True)
class RevisionTree:
    """The files of a folder at *commit*, with the bytes that were committed (no line ends converted, no filter run).

    Links are treated as in a work tree, as far as a revision can say: one to a file within the folder is read, one to a
    folder ends in a slash, one that leads out, or begins at the root of the machine, is refused. Submodules are of
    another repository, and not listed. A folder that was not there at that revision is empty: nothing was declared.
    """

    repository: Repository
    commit: str
    _blobs: Mapping[str, Blob]
    _refusals: Mapping[str, SettingError]  # of links that lead to no file
    _held: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted([*self._blobs, *self._refusals]))

    @cached_property
    def _readable(self) -> list[str]:
        return sorted(self._blobs)

    def paths(self) -> tuple[str, ...]:
        """Return every file's path, sorted; links to folders end in a slash."""
        return self._paths

    def ids(self) -> Mapping[str, str]:
        """Return the blob id of every file that can be read: what has the same id has the same bytes."""
        return MappingProxyType({path: blob.id for path, blob in self._blobs.items()})

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            SettingError: there is no such file, it is none, it is too large, or this clone does not hold it.
            ReconcileError: the repository cannot be read.
        """
        blob = self._blobs.get(path)
        if blob is None:
            if any(each.startswith(f"{path}/") for each in self._blobs):
                raise _unreadable(errno.EISDIR)
            raise self._refusals.get(path) or _unreadable(errno.ENOENT)
        if blob.size is None:
            hint = "fetch the whole history, without --filter; `git fsck` says whether the repository is whole"
            raise SettingError("cannot be read: this clone does not hold it", hint=hint)
        if blob.size > worktree.MAX_BYTES:
            raise worktree.too_large(blob.size)
        if blob.id not in self._held:
            self._held.clear()
            self._held.update(_contents(self.repository, self._ahead(path)))
        return self._held[blob.id]

    def _ahead(self, path: str) -> Iterable[str]:
        """Return the ids of *path* and of what is likely to be read after it: later files of its kind, up to a size."""
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
    """Return the folder of *repository* as it stood at *rev*, whatever stands there now.

    Raises:
        SettingError: there is no such revision, or the folder is in no work tree of Git.
        ReconcileError: the repository cannot be read.
    """
    if repository.is_outside:
        hint = "revisions are compared within Git: clone the repository, and see that the git program is there"
        raise SettingError(f"the folder {repository.folder} is in no work tree of Git", hint=hint)
    commit = known_commit(repository, rev)
    blobs: dict[str, Blob] = {}
    links: dict[str, Blob] = {}
    folders = {""}
    for mode, blob, path in _listed(repository, commit):
        folders.update(map(_bare, PurePosixPath(path).parents))
        if mode.startswith(_SUBMODULE):
            folders.add(path)
        elif mode.startswith(_LINK):
            links[path] = blob
        else:
            blobs[path] = blob
    # A link that no file system would hold, or that this clone does not, leads nowhere.
    refusals = {path: _unreadable(errno.ENAMETOOLONG) for path, link in links.items() if not _is_link(link)}
    links = {path: link for path, link in links.items() if path not in refusals}
    targets = _contents(repository, {link.id for link in links.values()})
    found = _Links(
        repository.prefix, {path: os.fsdecode(targets[link.id]) for path, link in links.items()}, blobs, folders
    )
    followed = {}
    for path in links:
        blob_or_refusal, name = found.followed(path)
        if isinstance(blob_or_refusal, Blob):
            followed[name] = blob_or_refusal
        else:
            refusals[name] = blob_or_refusal
    return RevisionTree(repository, commit, blobs | followed, refusals)


def _is_link(blob: Blob) -> bool:
    return blob.size is not None and blob.size < _LONGEST_LINK


def _unreadable(reason: int) -> SettingError:
    return worktree.unreadable(os.strerror(reason))


def _bare(path: PurePosixPath) -> str:
    return "" if path == PurePosixPath() else str(path)


def _listed(repository: Repository, commit: str) -> Iterable[tuple[str, Blob, str]]:
    """Yield mode, content and path of every entry of the folder: git lists what is below the folder it runs in."""
    answer = repository.ask("ls-tree", "-r", "-z", "--long", commit)
    if not answer.is_good:
        raise answer.failure(f"the files of {commit} cannot be listed")
    for entry in answer.out.split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        mode, _, name, size = about.decode("ascii").split()
        yield mode, Blob(name, int(size) if size.isdecimal() else None), os.fsdecode(path)


@dataclass(frozen=True, slots=True)
class _Links:
    prefix: str
    targets: Mapping[str, str]
    blobs: Mapping[str, Blob]
    folders: set[str]

    def followed(self, path: str) -> tuple[Blob | SettingError, str]:
        """Return what the link at *path* leads to, or why that cannot be read; and the name it is listed by."""
        real = self._real(path)
        if isinstance(real, SettingError):
            return real, path
        if not f"{real}/".startswith(self.prefix):
            # What is out of the folder was not listed; but what the folder is in is a folder.
            is_above = not real or self.prefix.startswith(f"{real}/")
            return worktree.leads_out(), f"{path}/" if is_above else path
        inside = f"{real}/"[len(self.prefix) : -1] if self.prefix else real
        if inside in self.folders:
            return _unreadable(errno.EISDIR), f"{path}/"
        return self.blobs.get(inside) or _unreadable(errno.ENOENT), path

    def _real(self, path: str) -> str | SettingError:
        """Return where in the repository *path* leads, links on the way resolved too."""
        done: list[str] = []
        waiting = [*reversed(f"{self.prefix}{path}".split("/"))]
        followed = 0
        while waiting:
            part = waiting.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not done:
                    return worktree.leads_out()
                done.pop()
                continue
            here = "/".join([*done, part])
            target = self.targets.get(here.removeprefix(self.prefix)) if here.startswith(self.prefix) else None
            if target is None:
                done.append(part)
                continue
            followed += 1
            if followed > _MOST_LINKS:
                return _unreadable(errno.ELOOP)
            if target.startswith("/"):
                return worktree.leads_out()
            waiting += reversed(target.split("/"))
        return "/".join(done)


def _contents(repository: Repository, ids: Iterable[str]) -> Mapping[str, bytes]:
    """Return the bytes of all blobs named, in one run of git.

    Raises:
        ReconcileError: one of them cannot be read.
    """
    asked = "".join(f"{each}\n" for each in ids)
    if not asked:
        return {}
    answer = repository.ask("cat-file", "--batch", "--buffer", stdin=asked.encode("ascii"))
    if not answer.is_good:
        raise answer.failure("files of a revision cannot be read")
    contents = {}
    at = 0
    while at < len(answer.out):
        end = answer.out.index(b"\n", at)
        name, *about = answer.out[at:end].decode("ascii").split()
        if about[0] != "blob":
            raise ReconcileError(f"the file {name} of a revision is {about[0]}", hint="see `git fsck`")
        start = end + 1
        at = start + int(about[1])
        contents[name] = answer.out[start:at]
        at += 1  # the line break after it
    return contents

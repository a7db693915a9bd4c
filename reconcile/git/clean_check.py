"""What was read of a folder and is not as the commit holds it.

The bytes that were read are compared with the commit's tree. The index is never asked: it may call a changed file
unchanged (`git update-index --assume-unchanged`, `--skip-worktree`), or lag behind. Most files are equal byte by byte.
The others are converted as git would store them (line ends, encodings, filters), all in one run of git.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from reconcile.git.refs import commit_of
from reconcile.git.repository import Repository, find
from reconcile.git.revision import RevisionTree, revision_tree
from reconcile.git.worktree import WorkTree

_SAID = (0, 1)  # of `git check-ignore`: some are ignored, none is
_SHA1_DIGITS = 40


def ignored_among(repository: Repository, paths: Iterable[str]) -> frozenset[str]:
    """Return those of *paths*, below the folder, that Git ignores; outside Git none.

    Raises:
        ReconcileError: git cannot say.
    """
    by_submodule: dict[str, list[str]] = {}
    for path in paths:
        by_submodule.setdefault(_submodule_of(repository, path), []).append(path)
    found: set[str] = set()
    for inside, those in by_submodule.items():
        within = _inner(repository, inside)
        prefix = f"{inside}/" if inside else ""
        if within.is_outside:
            continue
        asked = b"".join(os.fsencode(path.removeprefix(prefix)) + b"\0" for path in those)
        completed = within.ask("check-ignore", "-z", "--stdin", stdin=asked)
        if completed.code not in _SAID:
            raise completed.failure(f"which files of {within.folder} Git ignores cannot be found out")
        found.update(prefix + os.fsdecode(path) for path in completed.out.split(b"\0")[:-1])
    return frozenset(found)


def not_as_committed(
    repository: Repository, tree: WorkTree, commit: str | None, *, wanted: Callable[[str], object]
) -> tuple[str, ...] | None:
    """Return the files that *tree* has read and *commit* does not hold so, sorted; None outside Git.

    Files and submodules of the commit that are *wanted* and were not read count too. Without a commit no file is held.

    Raises:
        ReconcileError: git cannot say.
    """
    if repository.is_outside:
        return None
    if repository.top is None:
        raise repository.unavailable.failure(f"whether {repository.folder} is committed cannot be found out")
    trees = {} if commit is None else _trees(repository, commit)
    held = {_joined(inside, path): id for inside, each in trees.items() for path, id in each.blob_ids().items()}
    absent = {path for path in held if path not in tree.first_read and wanted(path)}
    absent.update(path for path in _unread_submodules(trees) if wanted(f"{path}any.yaml") or wanted(f"{path}any.yml"))
    differing = {path for path in tree.first_read if not _is_held(tree, path, held.get(path))}
    maybe = {path for path in differing if path in held and tree.unchanged(path) is not None}
    return tuple(sorted(absent | differing - _held_converted(repository, tree, maybe, held)))


def _trees(repository: Repository, commit: str) -> dict[str, RevisionTree]:
    """Return the tree of *commit*, and of each submodule at the commit that it names, where that is here; by path."""
    trees = {"": revision_tree(repository, commit)}
    for path in repository.submodules:
        outer = _submodule_of(repository, path)
        named = trees[outer].submodules().get(path.removeprefix(f"{outer}/")) if outer in trees else None
        inner = _inner(repository, path)
        if named is not None and commit_of(inner, named) is not None:
            trees[path] = revision_tree(inner, named)
    return trees


def _unread_submodules(trees: Mapping[str, RevisionTree]) -> list[str]:
    """Return the submodules that none of *trees* is of, each with a slash at the end."""
    named = [_joined(inside, path) for inside, tree in trees.items() for path in tree.submodules()]
    return [f"{path}/" for path in named if path not in trees]


def _is_held(tree: WorkTree, path: str, blob_id: str | None) -> bool:
    """Return whether the bytes that were read at *path* are still there, and are the blob, byte by byte."""
    content = tree.unchanged(path) if blob_id is not None else None
    if content is None or blob_id is None:
        return False
    stored = hashlib.new("sha1" if len(blob_id) == _SHA1_DIGITS else "sha256", usedforsecurity=False)
    stored.update(b"blob %d\0" % len(content))
    stored.update(content)
    return stored.hexdigest() == blob_id


def _held_converted(
    repository: Repository, tree: WorkTree, paths: Collection[str], held: Mapping[str, str]
) -> frozenset[str]:
    """Return those of *paths* that are held as git stores what was read: one run in each repository for all of them."""
    by_submodule: dict[str, list[str]] = {}
    for path in sorted(paths):
        by_submodule.setdefault(_submodule_of(repository, tree.first_read[path].file), []).append(path)
    found: set[str] = set()
    for inside, those in by_submodule.items():
        files = [tree.first_read[path].file.removeprefix(f"{inside}/") for path in those]
        ids = _stored_ids(_inner(repository, inside), files)
        found.update(path for path, stored in zip(those, ids, strict=True) if stored == held[path])
    # Git has read the files again: only what is still as it was read has been converted.
    return frozenset(path for path in found if tree.unchanged(path) is not None)


def _stored_ids(repository: Repository, files: Iterable[str]) -> list[str]:
    """Return the ids that git gives to the content of *files*, converted as it would store them."""
    # From the top of the work tree, of which git takes these paths wherever it runs.
    top = replace(repository, folder=repository.top or repository.folder)
    asked = b"".join(_quoted(os.fsencode(repository.prefix + file)) + b"\n" for file in files)
    completed = top.act("hash-object", "--stdin-paths", stdin=asked)
    if not completed.is_good:
        raise completed.failure(f"whether {repository.folder} is committed cannot be found out")
    return completed.out.decode("ascii").split()


def _quoted(path: bytes) -> bytes:
    """Return *path* in quotes, so that it is one line and whole."""
    for character, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r")):
        path = path.replace(character, escaped)
    return b'"%s"' % path


def _submodule_of(repository: Repository, path: str) -> str:
    """Return the submodule that holds *path*; the empty text where the repository itself does."""
    return max((each for each in repository.submodules if path.startswith(f"{each}/")), key=len, default="")


def _inner(repository: Repository, inside: str) -> Repository:
    return find(repository.folder / inside, repository.allow) if inside else repository


def _joined(inside: str, path: str) -> str:
    return f"{inside}/{path}" if inside else path

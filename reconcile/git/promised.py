"""Files of a revision that a partial clone does not hold: they are fetched from the remote that promised them.

It is what git itself would do when it meets one, but in one call for all of them, and only where a revision is read
as a whole. The call is one to a remote like any other (`remote`): no program and no credential of a branch is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePosixPath

from reconcile.errors import ReconcileError
from reconcile.git.remote import run_on_remote
from reconcile.git.repository import Repository
from reconcile.git.revision import RevisionTree, revision_tree
from reconcile.secrets import without_credentials
from reconcile.text import counted, shown

# As git calls it for itself; what is missing is named by its id, and nothing is negotiated.
_WORDS = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--filter=blob:none", "--stdin")
_SHOWN_DIGITS = 12


def promisor_of(repository: Repository) -> str | None:
    """Return the remote that promised what this clone does not hold; None: it is no partial clone, or outside Git."""
    found = repository.settings
    if repository.is_outside:
        return None
    for entry in found.entries:
        name = entry.key.removeprefix("remote.").removesuffix(".promisor")
        if entry.key == f"remote.{name}.promisor" and found.last(entry.key) in ("true", "1", "yes", "on"):
            return name
    return found.last("extensions.partialclone") or None


def whole_tree(repository: Repository, commit: str) -> RevisionTree:
    """Return the folder of *repository* at *commit*, with each file of it that a remote promised.

    Raises:
        ReconcileError: the remote cannot be asked, or the repository cannot be read.
    """
    remote = promisor_of(repository)
    if remote is not None:
        _fetch(repository, remote, commit, _listed(repository, commit))
    return revision_tree(repository, commit)


def fetch_named(repository: Repository, commit: str, *, name: str) -> None:
    """Fetch the files called *name*, in the whole repository at *commit*, that a remote promised.

    Raises:
        ReconcileError: the remote cannot be asked, or the repository cannot be read.
    """
    remote = promisor_of(repository)
    if remote is not None:
        found = _listed(repository, commit, "--full-tree")
        named = {path: blob for path, blob in found.items() if PurePosixPath(path).name == name}
        _fetch(repository, remote, commit, named)


def _listed(repository: Repository, commit: str, *words: str) -> Mapping[str, str]:
    """Return the id of each file of the folder, or of what *words* say, by path. Their sizes would be fetched."""
    listed = repository.ask("ls-tree", "-r", "-z", *words, commit)
    if not listed.is_good:
        raise listed.failure(f"the files of {commit} cannot be listed")
    entries = (entry.partition(b"\t") for entry in listed.out.split(b"\0")[:-1])
    found = {os.fsdecode(path): about.decode("ascii").split() for about, _, path in entries}
    return {path: about[2] for path, about in found.items() if about[1] == "blob"}


def _missing(repository: Repository, commit: str) -> frozenset[str]:
    """Return the ids of all that belongs to *commit* and is not here."""
    listed = repository.ask("rev-list", "--no-walk", "--objects", "--no-object-names", "--missing=print", commit)
    if not listed.is_good:
        raise listed.failure(f"which files of {commit} are not here cannot be found out")
    return frozenset(line[1:] for line in listed.out.decode("ascii").split("\n") if line.startswith("?"))


def _fetch(repository: Repository, remote: str, commit: str, files: Mapping[str, str]) -> None:
    """Fetch those of *files* of *commit* from *remote* that are not here."""
    missing = sorted(_missing(repository, commit) & set(files.values()))
    if not missing:
        return
    named = shown(without_credentials(remote))
    what = f"{counted(len(missing), 'file')} of {commit[:_SHOWN_DIGITS]}, which this partial clone does not hold,"
    try:
        asked = "".join(f"{each}\n" for each in missing)
        fetched = run_on_remote(repository, remote, "fetch", *_WORDS, "--", remote, stdin=asked.encode("ascii"))
        why = None if fetched.is_good else fetched.failure(f"git fetch {named}")
    except ReconcileError as error:
        why = error
    if why is not None:
        hint = f"see why `git fetch {named}` fails here ({why.hint}); or clone without --filter"
        raise ReconcileError(f"{what} cannot be fetched: {why.message}", hint=hint) from why

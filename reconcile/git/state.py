"""How a folder stands to the commit that its repository is at, and who made that."""

from __future__ import annotations

import os

from reconcile.git.repository import Repository, find
from reconcile.text import LONGEST_LINE, one_line


def uncommitted(repository: Repository) -> tuple[str, ...] | None:
    """Return the files of the folder that are not as the current commit has them, sorted, relative to the folder.

    Changed, staged, deleted or new; what Git is told to ignore is not among them (`ignored`). Before the first commit
    that is every file. A submodule is one file, that is as its commit or not. None outside Git.

    Raises:
        ReconcileError: git cannot say.
    """
    return _status(repository, "--ignored=no")


def ignored(repository: Repository) -> tuple[str, ...] | None:
    """Return the files of the folder that Git is told to ignore: what they declare can be of no commit. As above."""
    return _status(repository, "--ignored=traditional", wanted="!!")


def not_as_committed(repository: Repository) -> tuple[str, ...] | None:
    """Return what in the folder is of no commit: what differs, in submodules too, and YAML files that Git ignores."""
    differing = uncommitted(repository)
    if differing is None:
        return None
    unseen = [file for file in ignored(repository) or () if file.endswith((".yaml", ".yml"))]
    # Git would look into a submodule with that one's configuration, and what this names there was not set aside.
    for path in repository.submodules:
        inner = not_as_committed(find(repository.folder / path, repository.allow))
        unseen += [f"{path}/{file}" for file in inner or ()]
    return tuple(sorted({*differing, *unseen}))


def _status(repository: Repository, *options: str, wanted: str | None = None) -> tuple[str, ...] | None:
    if repository.is_outside:
        return None
    # Said in full, as the user's configuration and .gitmodules may say otherwise.
    every = ("--untracked-files=all", "--ignore-submodules=dirty", "--no-renames", *options)
    answer = repository.act("status", "--porcelain=v1", "-z", *every, "--", ".")
    if not answer.is_good:
        raise answer.failure(f"whether {repository.folder} is committed cannot be found out")
    entries = [os.fsdecode(entry) for entry in answer.out.split(b"\0") if entry]
    return tuple(sorted(entry[3:].removeprefix(repository.prefix) for entry in entries if wanted in {None, entry[:2]}))


def author(repository: Repository) -> str | None:
    """Return who made the current commit, ``name <address>``; before the first commit, whom git is set up for.

    Fit to be shown: one line, nothing in it that could steer a terminal. None when nobody can be named.

    Raises:
        ReconcileError: git did not answer in time.
    """
    answer = repository.ask("cat-file", "commit", "HEAD")
    for line in answer.out.partition(b"\n\n")[0].split(b"\n"):
        if line.startswith(b"author "):
            # What follows the address is when: seconds and zone.
            return _person((line.removeprefix(b"author ").rpartition(b">")[0] + b">").decode("utf-8", "replace"))
    name, address = (repository.settings.last(key) or "" for key in ("user.name", "user.email"))
    return _person(name + (f" <{address}>" if address else ""))


def _person(text: str) -> str | None:
    return one_line(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), most=LONGEST_LINE) or None

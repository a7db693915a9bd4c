"""How a folder stands to the commit that its repository is at, and who made that."""

from __future__ import annotations

import os
from pathlib import Path

from reconcile.git.program import act, ask, one_line
from reconcile.git.repository import prefix_of


def uncommitted(folder: Path) -> tuple[str, ...] | None:
    """Return the files below *folder* that are not as the current commit has them, sorted, relative to the folder.

    Changed, staged, deleted or new; what Git is told to ignore is not among them (`ignored`). Before the first commit
    that is every file. A folder that is another repository ends in a slash. None outside Git.

    Raises:
        ReconcileError: git cannot say.
    """
    return _status(folder, "--ignored=no")


def ignored(folder: Path) -> tuple[str, ...] | None:
    """Return the files below *folder* that Git is told to ignore: what they declare can be of no commit. As above."""
    return _status(folder, "--ignored=traditional", wanted="!!")


def not_as_committed(folder: Path) -> tuple[str, ...] | None:
    """Return what below *folder* is of no commit: what differs, and YAML files that Git ignores. As above."""
    differing = uncommitted(folder)
    if differing is None:
        return None
    unseen = [file for file in ignored(folder) or () if file.endswith((".yaml", ".yml"))]
    return tuple(sorted((*differing, *unseen)))


def _status(folder: Path, *options: str, wanted: str | None = None) -> tuple[str, ...] | None:
    prefix = prefix_of(folder)
    if prefix is None:
        return None
    # Said in full, as the user's configuration and .gitmodules may say otherwise.
    every = ("--untracked-files=all", "--ignore-submodules=none", "--no-renames", *options)
    answer = act(folder, "status", "--porcelain=v1", "-z", *every, "--", ".")
    if not answer.is_good:
        raise answer.failure(f"whether {folder} is committed cannot be found out")
    entries = [os.fsdecode(entry) for entry in answer.out.split(b"\0") if entry]
    return tuple(sorted(entry[3:].removeprefix(prefix) for entry in entries if wanted in {None, entry[:2]}))


def author(folder: Path) -> str | None:
    """Return who made the current commit, ``name <address>``; before the first commit, whom git is set up for.

    Fit to be shown: one line, nothing in it that could steer a terminal. None when nobody can be named.

    Raises:
        ReconcileError: git did not answer in time.
    """
    answer = ask(folder, "cat-file", "commit", "HEAD")
    for line in answer.out.partition(b"\n\n")[0].split(b"\n"):
        if line.startswith(b"author "):
            # What follows the address is when: seconds and zone.
            return _person(line.removeprefix(b"author ").rpartition(b">")[0] + b">")
    name, address = (act(folder, "config", "--get", key).out.strip() for key in ("user.name", "user.email"))
    return _person(name + (b" <" + address + b">" if address else b""))


def _person(text: bytes) -> str | None:
    return one_line(text.decode("utf-8", "replace")) or None

"""What of a folder is not committed."""

from __future__ import annotations

import os

from reconcile.git.repository import Repository, find


def uncommitted(repository: Repository) -> tuple[str, ...] | None:
    """Return the files of the folder that differ from the current commit, sorted; None outside Git.

    They are changed, staged, deleted or new; names are relative to the folder. Files that Git ignores are not in the
    result (`ignored`). Before the first commit all files are. A submodule counts as one file.

    Raises:
        ReconcileError: git cannot say.
    """
    return _status(repository, "--ignored=no")


def ignored(repository: Repository) -> tuple[str, ...] | None:
    """Return the files of the folder that Git ignores: no commit holds what they declare. Else like `uncommitted`."""
    return _status(repository, "--ignored=traditional", only="!!")


def not_as_committed(repository: Repository) -> tuple[str, ...] | None:
    """Return the files that no commit holds, also in submodules, and YAML files that Git ignores; None outside Git."""
    differing = uncommitted(repository)
    if differing is None:
        return None
    others = [file for file in ignored(repository) or () if file.endswith((".yaml", ".yml"))]
    # Git would use a submodule's own configuration there, whose programs are not set aside here.
    for path in repository.submodules:
        inner = not_as_committed(find(repository.folder / path, repository.allow))
        others += [f"{path}/{file}" for file in inner or ()]
    return tuple(sorted({*differing, *others}))


def _status(repository: Repository, *options: str, only: str | None = None) -> tuple[str, ...] | None:
    if repository.is_outside:
        return None
    # In full: the user's configuration and .gitmodules may change the defaults.
    flags = ("--untracked-files=all", "--ignore-submodules=dirty", "--no-renames", *options)
    completed = repository.act("status", "--porcelain=v1", "-z", *flags, "--", ".")
    if not completed.is_good:
        raise completed.failure(f"whether {repository.folder} is committed cannot be found out")
    entries = [os.fsdecode(entry) for entry in completed.out.split(b"\0") if entry]
    return tuple(sorted(entry[3:].removeprefix(repository.prefix) for entry in entries if only in {None, entry[:2]}))

"""What of a folder is not committed."""

from __future__ import annotations

import os
from collections.abc import Iterable

from reconcile.git.repository import Repository, find

_SAID = (0, 1)  # of `git check-ignore`: some are ignored, none is


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


def ignored_among(repository: Repository, paths: Iterable[str]) -> frozenset[str]:
    """Return those of *paths*, below the folder, that Git ignores; outside Git none.

    Raises:
        ReconcileError: git cannot say.
    """
    by_submodule: dict[str, list[str]] = {}
    for path in paths:
        inside = max((each for each in repository.submodules if path.startswith(f"{each}/")), key=len, default="")
        by_submodule.setdefault(inside, []).append(path)
    found: set[str] = set()
    for inside, those in by_submodule.items():
        within = find(repository.folder / inside, repository.allow) if inside else repository
        prefix = f"{inside}/" if inside else ""
        if within.is_outside:
            continue
        asked = b"".join(os.fsencode(path.removeprefix(prefix)) + b"\0" for path in those)
        completed = within.ask("check-ignore", "-z", "--stdin", stdin=asked)
        if completed.code not in _SAID:
            raise completed.failure(f"which files of {within.folder} Git ignores cannot be found out")
        found.update(prefix + os.fsdecode(path) for path in completed.out.split(b"\0")[:-1])
    return frozenset(found)


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

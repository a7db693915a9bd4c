"""The repository that a folder belongs to, asked of the git program."""

from __future__ import annotations

import os
from pathlib import Path

from reconcile.errors import ReconcileError
from reconcile.git.program import ask


def root(folder: Path) -> Path | None:
    """Return the repository root of *folder*; None outside Git, without the git program, or when it does not answer."""
    answer = _answer(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(answer)) if answer else None


def head(folder: Path) -> str | None:
    """Return the revision that the repository of *folder* is at; None where `root` is, or before the first commit."""
    answer = _answer(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return os.fsdecode(answer) if answer else None


def path_within(folder: Path) -> str:
    """Return *folder* as findings show it: relative to its repository's root, outside Git to the working directory."""
    real = folder.resolve()
    base = root(folder) or Path.cwd()
    return Path(os.path.relpath(real, base.resolve())).as_posix()


def prefix_of(folder: Path) -> str | None:
    """Return where in its repository *folder* really is: ``""`` at the root, else ending in a slash.

    None where there is no work tree: outside Git, in a bare repository, or without the git program.

    Raises:
        ReconcileError: git cannot say.
    """
    answer = ask(folder, "rev-parse", "--is-inside-work-tree", "--show-prefix")
    if answer.is_outside or answer.out.startswith(b"false"):
        return None
    if not answer.is_good:
        raise answer.failure(f"the repository of {folder} cannot be read")
    return os.fsdecode(answer.out.removeprefix(b"true\n").removesuffix(b"\n"))


def is_shallow(folder: Path) -> bool:
    """Return whether the clone that *folder* is in was made without its whole history."""
    return _answer(folder, "rev-parse", "--is-shallow-repository") == b"true"


def _answer(folder: Path, *arguments: str) -> bytes | None:
    """Return what git answers, without its line break; None when it does not."""
    try:
        answer = ask(folder, *arguments)
    except ReconcileError:  # not in time
        return None
    return answer.out.removesuffix(b"\n") if answer.is_good else None

"""The repository that a folder belongs to, asked of the git program."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TIMEOUT_SECONDS = 20

# What a repository's own configuration could make git run is switched off; that the folder may belong to another user,
# as in the containers of a pipeline, matters only to what runs something.
_SAFE = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "safe.directory=*",
    "--no-pager",
    "--no-optional-locks",
)


def root(folder: Path) -> Path | None:
    """Return the repository root of *folder*; None outside Git, without the git program, or when it does not answer."""
    answer = _ask(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(answer)) if answer else None


def head(folder: Path) -> str | None:
    """Return the revision that the repository of *folder* is at; None where `root` is, or before the first commit."""
    answer = _ask(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return os.fsdecode(answer) if answer else None


def path_within(folder: Path) -> str:
    """Return *folder* as findings show it: relative to its repository's root, outside Git to the working directory."""
    real = folder.resolve()
    base = root(folder) or Path.cwd()
    return Path(os.path.relpath(real, base.resolve())).as_posix()


def _ask(folder: Path, *arguments: str) -> bytes | None:
    """Return what git answers, without its line break; None when it does not."""
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words, and a folder that cannot be taken for an option
            [  # noqa: S607 - whichever git the user has
                "git",
                *_SAFE,
                "-C",
                os.fspath(folder),
                *arguments,
            ],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.removesuffix(b"\n") if answer.returncode == 0 else None


def _environment() -> dict[str, str]:
    """Return the environment for git: the run's own, without what points it at another repository or asks a person."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}

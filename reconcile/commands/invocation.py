"""What a command is given besides its own options, and what it gives back. `cli` makes the one and shows the other."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path

from reconcile.commands.console import Console
from reconcile.commands.options import Options
from reconcile.errors import OutputError
from reconcile.exits import Exit
from reconcile.git.configuration import VARIABLE, allowed
from reconcile.git.repository import Repository, find
from reconcile.ports import Progress
from reconcile.report.head import Head
from reconcile.report.members import Document
from reconcile.report.view import View

# How talkative a run must be for each level of message; -q is -1.
LEVELS = {"error": -1, "warning": 0, "info": 1, "trace": 2}


def tool_version() -> str:
    """Return the version of this program."""
    try:
        return metadata.version("reconcile")
    except metadata.PackageNotFoundError:  # a checkout that nobody installed
        return "0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: two sides of one report, files to write besides, and the exit code."""

    document: Document
    view: View
    exit_code: Exit = Exit.DONE
    files: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    """What ended the run, for stderr."""


def _nowhere(path: str) -> Callable[[str], None]:
    raise OutputError(f"{path} cannot be written here")


@dataclass
class Invocation:
    """One run. *options* are put here as soon as they are known, so that a failure is told in the right format.

    *now* is the time of documents, which a variable may set. What guards judge by and a ledger orders by is *begun_at*,
    the clock's: no variable lifts a freeze.
    """

    environ: Mapping[str, str]
    now: datetime
    begun_at: datetime
    console: Console
    show: Callable[[str], None]
    """Put text on stdout at once: for the commands that have no report."""
    lines: Callable[[str], Callable[[str], None]] = _nowhere
    """Open a file, or stderr for `-`, and return what puts a line there at once."""
    stop: threading.Event = field(default_factory=threading.Event)
    options: Options = field(default_factory=Options)
    revision: str | None = None
    hiders: list[Callable[[str], str]] = field(default_factory=list)
    """What hides the secrets that this run has come to know."""

    @property
    def head(self) -> Head:
        """Return how documents of this run begin."""
        return Head(tool_version(), self.now, self.revision)

    @property
    def directory(self) -> Path:
        """Return the folder of the declarations."""
        return Path(self.options.directory)

    @functools.cached_property
    def repository(self) -> Repository:
        """The repository of the declarations, found when it is first asked for; what does not count of it is told.

        Raises:
            DeclarationError: it is a foreign one.
            SettingError: the variable that allows more is wrong.
        """
        found = find(self.directory, allowed(self.environ.get(VARIABLE, "")))
        if found.not_used is not None:
            self.log("warning", found.not_used)
        return found

    @property
    def shown_directory(self) -> str:
        """Return the folder of the declarations, as findings show it."""
        return self.repository.path_within(self.directory)

    def hide(self, text: str) -> str:
        """Return *text* without the secrets that this run knows."""
        for hider in self.hiders:
            text = hider(text)
        return text

    def log(self, level: str, message: str) -> None:
        """Tell who watches: an `error` always, a `warning` unless quiet, `info` with -v, `trace` with -vv."""
        if self.options.verbosity >= LEVELS[level]:
            self.console.log(level, message, as_json=self.options.log_format == "json")

    def trace(self) -> Callable[[str], None] | None:
        """Return where requests and replies are told to, if anybody asked for it."""
        return (lambda line: self.log("trace", line)) if self.options.verbosity >= 2 else None

    def progress(self, title: str, total: int) -> AbstractContextManager[Progress]:
        """Show how far a long step is, where that can be seen and is wanted."""
        return self.console.progress(title, total, wanted=0 <= self.options.verbosity < 2)

"""What the process gives to a run, and what the run notes for its report. `cli` makes both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from reconcile.errors import OutputError
from reconcile.ports import Progress
from reconcile.report.document_head import Head
from reconcile.session.command_line import Options
from reconcile.session.console import Console

if TYPE_CHECKING:
    from reconcile.service.system_clock import SystemClock

Level: TypeAlias = Literal["error", "warning", "info", "trace"]
# The least verbosity at which each level of message is written; -q is -1.
LEVELS: Mapping[Level, int] = {"error": -1, "warning": 0, "info": 1, "trace": 2}


def tool_version() -> str:
    """Return the version of this program."""
    try:
        return metadata.version("reconcile")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "0"


class RunFacts:
    """The facts that a report needs however the run ends: its options, its revision, its secrets.

    A run learns these as it goes, each in one place, and may fail right after: so this one object changes.
    """

    def __init__(self) -> None:
        self._options: Options | None = None
        self._revision: str | None = None
        self._hiders: list[Callable[[str], str]] = []

    @property
    def options(self) -> Options | None:
        """Return what the command line said; None: it was not understood."""
        return self._options

    @property
    def revision(self) -> str | None:
        """Return the commit of the declarations; None: outside Git, or not found out."""
        return self._revision

    def learn_options(self, options: Options) -> None:
        """Take note of what the command line said."""
        self._options = options

    def learn_revision(self, revision: str | None) -> None:
        """Take note of the commit of the declarations."""
        self._revision = revision

    def learn_secrets(self, hide: Callable[[str], str]) -> None:
        """Take note of secrets: *hide* returns a text without them."""
        self._hiders.append(hide)

    def hide(self, text: str) -> str:
        """Return *text* without the secrets that were learned."""
        for hide in self._hiders:
            text = hide(text)
        return text


def _no_file(path: str) -> Callable[[str], None]:
    raise OutputError(f"{path} cannot be written here")


@dataclass(frozen=True)
class Runtime:
    """What the process gives to one run.

    *now* is the time of documents, which a variable may set. What guards judge by and a ledger orders by is *begun_at*,
    the clock's: no variable lifts a freeze. *show* puts text on stdout at once, for the commands that have no report.
    *open_lines* opens a file, or stderr for `-`, and returns what puts a line there at once.
    """

    environ: Mapping[str, str]
    now: datetime
    begun_at: datetime
    console: Console
    show: Callable[[str], None]
    open_lines: Callable[[str], Callable[[str], None]] = _no_file
    stop: threading.Event = field(default_factory=threading.Event)
    facts: RunFacts = field(default_factory=RunFacts)
    options: Options = field(default_factory=Options)

    @property
    def clock(self) -> SystemClock:
        """Return the clock of this run: its sleeps end with the stop signal."""
        # Here, so that commands that never wait do not pay for the client of the service.
        from reconcile.service.system_clock import SystemClock

        return SystemClock(self.stop)

    @property
    def directory(self) -> Path:
        """Return the folder of the declarations."""
        return Path(self.options.directory)

    def with_options(self, options: Options) -> Runtime:
        """Return this with *options*."""
        return replace(self, options=options)

    def head(self, revision: str | None = None) -> Head:
        """Return how documents of this run begin; *revision* is that of the declarations, where they were read."""
        return Head(tool_version(), self.now, revision)

    def log(self, level: Level, message: str) -> None:
        """Write to stderr: an `error` always, a `warning` unless quiet, `info` with -v, `trace` with -vv."""
        if self.options.verbosity >= LEVELS[level]:
            self.console.log(level, message, as_json=self.options.log_format == "json")

    def trace(self) -> Callable[[str], None] | None:
        """Return the function that writes requests and replies; None without -vv."""
        return (lambda line: self.log("trace", line)) if self.options.verbosity >= LEVELS["trace"] else None

    def progress(self, title: str, total: int) -> AbstractContextManager[Progress]:
        """Show how far a long step is: on a terminal, with neither -q nor -vv."""
        return self.console.progress(title, total, is_shown=0 <= self.options.verbosity < 2)

"""The command line as values: the options that all commands have, and those that several share.

The common options stand here once: flags, help and default are those of a field of `Options`. From these fields come
the options of every command, the environment variables, and the table in docs/commands.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from reconcile.model.selection import Selection
from reconcile.report.formats import COMMON_FORMATS

if TYPE_CHECKING:
    from reconcile.flows.pacing import SoakUntil


class Group(Enum):
    """Which commands take an option: all that have a report, or those that say so."""

    ALWAYS = auto()
    KEYS = auto()
    LABELS = auto()
    REQUESTS = auto()


SELECTION = (Group.KEYS, Group.LABELS)


@dataclass(frozen=True, slots=True)
class CommonOption:
    """An option as click takes it. It is read from the variable that is called like its longest flag.

    Of *parameters* two are ours: *choices* are its only values, *within* is the least and the greatest of a number.
    """

    flags: tuple[str, ...]
    group: Group
    parameters: Mapping[str, Any]

    @property
    def variable(self) -> str:
        """Return the environment variable that sets it."""
        return f"RECONCILE_{self.flags[-1].removeprefix('--').replace('-', '_').upper()}"


def _option(*flags: str, group: Group = Group.ALWAYS, default: Any, **parameters: Any) -> Any:
    return dataclasses.field(default=default, metadata={"option": CommonOption(flags, group, parameters)})


@dataclass(frozen=True, slots=True)
class Options:
    """What was given of the common options; those that a command does not take have their default."""

    directory: str = _option("--dir", default="schedules", metavar="FOLDER", help="Folder that holds reconcile.yaml.")
    environment: str | None = _option(
        "--env", default=None, metavar="NAME", help="Environment; else the workspace's default."
    )
    tenants: tuple[str, ...] = _option(
        "--tenant",
        group=Group.KEYS,
        default=(),
        multiple=True,
        metavar="GLOB",
        help="Only these tenants (repeatable).",
    )
    codes: tuple[str, ...] = _option(
        "--code",
        group=Group.KEYS,
        default=(),
        multiple=True,
        metavar="CODE",
        help="Only these behaviour codes (repeatable).",
    )
    labels: tuple[tuple[str, str], ...] = _option(
        "--label",
        group=Group.LABELS,
        default=(),
        multiple=True,
        metavar="K=V",
        help="Only schedules with this label.",
    )
    format: str = _option("--format", default=COMMON_FORMATS[0], help="What stdout shows.")
    reports: tuple[tuple[str, str], ...] = _option(
        "--report", default=(), multiple=True, metavar="F=PATH", help="Also write format F to a file."
    )
    parallelism: int | None = _option(
        "--parallelism",
        group=Group.REQUESTS,
        default=None,
        within=(1, 256),
        metavar="N",
        help="Requests to the service at once.",
    )
    quiet: bool = _option("-q", "--quiet", default=False, is_flag=True, help="No progress and no warnings.")
    verbose: int = _option(
        "-v", "--verbose", default=0, count=True, help="More on stderr; -vv: each request and reply, without secrets."
    )
    no_color: bool = _option("--no-color", default=False, is_flag=True, help="No colours (also NO_COLOR).")
    log_format: str = _option("--log-format", default="text", choices=("text", "json"), help="How stderr is written.")

    @property
    def selection(self) -> Selection:
        """Return which schedules the run is about."""
        return Selection(self.tenants, self.codes, self.labels)

    @property
    def verbosity(self) -> int:
        """Return how much is written to stderr: -1 is quiet, 0 is usual."""
        return -1 if self.quiet else self.verbose

    def selecting(self, selection: Selection) -> Options:
        """Return these with *selection* in place of their own."""
        return replace(self, tenants=selection.tenants, codes=selection.codes, labels=selection.labels)


COMMON: Mapping[str, CommonOption] = {one.name: one.metadata["option"] for one in dataclasses.fields(Options)}


_GIT_LEDGER = "write `ledger: git` in reconcile.yaml: each run fetches and pushes that ledger itself"

OLD_OPTIONS: Mapping[str, str] = {
    "--applied-rev": f"{_GIT_LEDGER}; --base REV looks for what REV declared",
    "--fetch-applied": _GIT_LEDGER,
    "--push-applied": _GIT_LEDGER,
    "--no-ledger": "write `ledger: none` in reconcile.yaml to run without a ledger",
}
"""Options that are gone, and what to write instead."""


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How a run that saves goes: whether it asks, whose it is, what it waits for, and what it writes down."""

    yes: bool
    actor: str | None
    events: str | None
    lock_timeout: float
    """Seconds."""
    soak: timedelta | SoakUntil | None
    soak_limit: float
    """Seconds."""

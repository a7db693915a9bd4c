"""The common options, each in one place: its flags, its help and its default are those of a field of `Options`.

From these fields come the options of every command, the environment variables, and the table in docs/commands.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

import click

from reconcile.errors import UsageError
from reconcile.model.selection import Selection
from reconcile.report.formats import COMMON_FORMATS


class Group(Enum):
    """Which commands take an option: all that have a report, or those that say so."""

    ALWAYS = auto()
    KEYS = auto()
    LABELS = auto()
    CALLS = auto()


SELECTION = (Group.KEYS, Group.LABELS)


@dataclass(frozen=True, slots=True)
class CommonOption:
    """An option as click takes it. It is read from the variable that is called like its longest flag."""

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
        group=Group.CALLS,
        default=None,
        type=click.IntRange(1, 256),
        metavar="N",
        help="Calls to the service at once.",
    )
    quiet: bool = _option("-q", "--quiet", default=False, is_flag=True, help="No progress and no warnings.")
    verbose: int = _option(
        "-v", "--verbose", default=0, count=True, help="More on stderr; -vv: each request and reply, without secrets."
    )
    no_color: bool = _option("--no-color", default=False, is_flag=True, help="No colours (also NO_COLOR).")
    log_format: str = _option(
        "--log-format", default="text", type=click.Choice(("text", "json")), help="How stderr is written."
    )
    is_read: bool = False
    """Whether these stood on the command line, or are what a run begins with."""

    @property
    def selection(self) -> Selection:
        """Return which schedules the run is about."""
        return Selection(self.tenants, self.codes, self.labels)

    @property
    def verbosity(self) -> int:
        """Return how much is told on stderr: -1 is quiet, 0 is usual."""
        return -1 if self.quiet else self.verbose

    def selecting(self, selection: Selection) -> Options:
        """Return these with *selection* in place of their own."""
        return replace(self, tenants=selection.tenants, codes=selection.codes, labels=selection.labels)


COMMON: Mapping[str, CommonOption] = {
    one.name: one.metadata["option"] for one in dataclasses.fields(Options) if "option" in one.metadata
}


class Common(click.Option):
    """A common option of one command. Its variable is read from the environment of the run."""

    def __init__(self, names: Sequence[str], *, formats: tuple[str, ...]) -> None:
        name = names[-1]
        option = COMMON[name]
        parameters: dict[str, Any] = {"type": click.Choice(formats)} if name == "format" else {}
        super().__init__(names, default=getattr(Options(), name), **parameters, **option.parameters)
        self._variable = option.variable

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return what the variable says; an empty one says nothing. Commas and blanks separate several values."""
        text = ctx.obj.environ.get(self._variable, "").strip() if ctx.obj is not None else ""
        if not text:
            return None
        return tuple(text.replace(",", " ").split()) if self.multiple else text


def taken(groups: tuple[Group, ...]) -> tuple[str, ...]:
    """Return the names of the common options that a command of these *groups* takes."""
    return tuple(name for name, option in COMMON.items() if option.group in (Group.ALWAYS, *groups))


def options_of(given: Mapping[str, Any], formats: tuple[str, ...], environ: Mapping[str, str]) -> Options:
    """Return what was *given* to a command that writes *formats*.

    Raises:
        UsageError: a label or a report cannot be understood.
    """
    read = dict(given)
    read["labels"] = tuple(_label(text) for text in given.get("labels", ()))
    read["reports"] = tuple(_report(text, formats) for text in given["reports"])
    read["no_color"] = given["no_color"] or bool(environ.get("NO_COLOR"))
    return Options(**read, is_read=True)


def not_taken(error: click.NoSuchOption) -> UsageError | None:
    """Return what to say of a common option after a command that does not take it; None of any other option."""
    name = error.option_name
    if error.ctx is None or not any(name in option.flags for option in COMMON.values()):
        return None
    command = error.ctx.command_path.removeprefix("reconcile ")
    return UsageError(f"{command} does not take {name}", hint=f"reconcile {command} --help lists what it takes")


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--label {text}: no label and value", hint="write --label tier=gold")
    return name, value


def _report(text: str, formats: tuple[str, ...]) -> tuple[str, str]:
    """Return format and path of one ``--report``."""
    name, equals, path = text.partition("=")
    if not equals or not path or name not in formats:
        known = ", ".join(formats)
        raise UsageError(f"--report {text}: no format and path", hint=f"write FORMAT=PATH; formats: {known}")
    return name, path

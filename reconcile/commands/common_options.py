"""The common options as a command takes them: from the table in `session.command_line` to click, and to `Options`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from reconcile.errors import UsageError
from reconcile.session.command_line import COMMON, OLD_OPTIONS, Group, Options


class Common(click.Option):
    """A common option of one command. Its variable is read from the environment of the run."""

    def __init__(self, names: Sequence[str], *, formats: tuple[str, ...]) -> None:
        name = names[-1]
        option = COMMON[name]
        parameters = dict(option.parameters)
        within, choices = parameters.pop("within", None), parameters.pop("choices", None)
        if within is not None:
            parameters["type"] = click.IntRange(*within)
        if choices is not None or name == "format":
            parameters["type"] = click.Choice(choices or formats)
        super().__init__(names, default=getattr(Options(), name), **parameters)
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
    return Options(**read)


def not_taken(error: click.NoSuchOption) -> UsageError | None:
    """Return what to say of an option that is gone, or of a common one that a command does not take; else None."""
    name = error.option_name
    if name in OLD_OPTIONS:
        return UsageError(f"there is no {name} any more", hint=OLD_OPTIONS[name])
    if error.ctx is None or not any(name in option.flags for option in COMMON.values()):
        return None
    command = error.ctx.command_path.removeprefix("reconcile ")
    return UsageError(f"{command} does not take {name}", hint=f"reconcile {command} --help lists what it takes")


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--label {text} is not a label and a value", hint="write --label tier=gold")
    return name, value


def _report(text: str, formats: tuple[str, ...]) -> tuple[str, str]:
    """Return format and path of one ``--report``."""
    name, equals, path = text.partition("=")
    if not equals or not path or name not in formats:
        known = ", ".join(formats)
        raise UsageError(f"--report {text} is not a format and a path", hint=f"write FORMAT=PATH; formats: {known}")
    return name, path

"""The decorators that give a command its options: the common ones, and those that several commands share."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.common_options import Common, options_of, taken
from reconcile.errors import UsageError
from reconcile.report.formats import COMMON_FORMATS
from reconcile.session.command_line import COMMON, Group
from reconcile.session.runtime import Runtime

Command: TypeAlias = Callable[..., CommandReport]

base_option = click.option("--base", metavar="REV", help="Look also for what REV declared and no file declares now.")


def command(
    *groups: Group, formats: tuple[str, ...] = COMMON_FORMATS
) -> Callable[[Command], Callable[..., CommandReport | None]]:
    """Give a function the common options, and those of *groups*; its reports are written in *formats*.

    It is called with the runtime, which holds them, and its own options. For a group of commands, it is what the group
    does without a subcommand; None: the subcommand answers.
    """
    names = taken(groups)

    def decorated(function: Command) -> Callable[..., CommandReport | None]:
        @click.pass_context
        @functools.wraps(function)
        def called(context: click.Context, /, **given: Any) -> CommandReport | None:
            if context.invoked_subcommand is not None:
                _refuse_misplaced(context)
                return None
            runtime: Runtime = context.obj
            common = {name: given.pop(name) for name in names}
            options = options_of(common, formats, runtime.environ)
            runtime.facts.learn_options(options)
            return function(runtime.with_options(options), **given)

        for name in reversed(names):
            click.option(*COMMON[name].flags, name, cls=Common, formats=formats)(called)
        return called

    return decorated


def grouped(kind: type, name: str, options: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Return a decorator that gives a command *options* as one value of *kind*: the argument *name*.

    The fields of *kind*, a dataclass, are called as the parameters of the options.
    """
    fields = [field.name for field in dataclasses.fields(kind)]

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(*given: Any, **more: Any) -> Any:
            value = kind(**{field: more.pop(field) for field in fields})
            return function(*given, **{name: value}, **more)

        return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), called)

    return decorated


def _refuse_misplaced(context: click.Context) -> None:
    """An option before a subcommand would be the group's, and would be lost."""
    for parameter in context.command.params:
        if context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE:
            option = parameter.opts[-1]
            hint = f"write it after {context.invoked_subcommand}"
            raise UsageError(f"{option} stands before {context.invoked_subcommand}, which does not see it", hint=hint)

"""The options that lift guards, of `plan`, `apply` and `rollback`; they stand on the command line only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import Command
from reconcile.engine.overrides import OVERRIDES_OF_EVERY_PLAN, Allowances, Override, Takes
from reconcile.errors import UsageError


def overriding(table: tuple[Override, ...]) -> Callable[[Command], Command]:
    """Return the decorator that gives a command an option for each row of *table*, as one `Allowances`."""

    def overrides(function: Command) -> Command:
        @functools.wraps(function)
        def called(*given: Any, **more: Any) -> CommandReport:
            return function(*given, allowances=_allowances(table, more), **more)

        with_options: Command = called
        for row in reversed(table):
            with_options = _option(row)(with_options)
        return with_options

    return overrides


overrides = overriding(OVERRIDES_OF_EVERY_PLAN)


def _option(override: Override) -> Callable[[Command], Command]:
    match override.takes:
        case Takes.NOTHING:
            return click.option(override.option, is_flag=True, help=override.help)
        case Takes.COUNT:
            kind: click.ParamType[Any] = click.IntRange(0)
        case Takes.REASON:
            kind = click.STRING
    return click.option(override.option, type=kind, metavar=override.takes.value, help=override.help)


def _allowances(table: tuple[Override, ...], options: dict[str, Any]) -> Allowances:
    """Take the overrides of *table* out of *options*."""
    values = {row: options.pop(row.option.removeprefix("--").replace("-", "_")) for row in table}
    given = {row: value for row, value in values.items() if value is not None and value is not False}
    for row, value in given.items():
        if row.takes is Takes.REASON and not str(value).strip():
            raise UsageError(f"{row.option} needs a reason", hint=f'write {row.option} "incident 4711"')
    return Allowances(given)

"""One option for each awkward habit, made from the table of habits, for the start of a twin and for `twin ctl`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconcile.commands.times import Duration
from reconcile.commands.twin.kinds import Finite, Rate
from reconcile.twin.awkward import HABITS, Habit, Kind

Result = TypeVar("Result")

# What a flag takes → the type of its option, and what the help calls it.
_TYPES: dict[Kind, tuple[Any, str | None]] = {
    Kind.TEXT: (str, "TEXT"),
    Kind.COUNT: (click.IntRange(1), "N"),
    Kind.NUMBER: (int, "N"),
    Kind.SHARE: (Finite(0, 1), "SHARE"),
    Kind.RATE: (Rate(), "RATE"),
    Kind.SPAN: (Duration(), "DURATION"),
    Kind.SHIFT: (Duration(may_be_negative=True), "DURATION"),
    Kind.OPERATIONS: (str, "NAMES"),
}


def awkward_options(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give *function* the options, and call it with *flags*: those that were given, by name."""

    @functools.wraps(function)
    def called(*given: Any, **more: Any) -> Result:
        values = {name: more.pop(name) for name in HABITS}
        return function(*given, flags={name: value for name, value in values.items() if value is not None}, **more)

    return functools.reduce(lambda wrapped, habit: _option(habit)(wrapped), reversed(list(HABITS.values())), called)


def _option(habit: Habit) -> Callable[[Any], Any]:
    if habit.kind is Kind.SWITCH:
        names = f"{habit.option}/--no-{habit.option.removeprefix('--')}"
        return click.option(names, habit.name, default=None, help=habit.says)
    if habit.kind is Kind.WORD:
        return click.option(habit.option, habit.name, type=click.Choice(habit.words), help=habit.says)
    kind, metavar = _TYPES[habit.kind]
    return click.option(habit.option, habit.name, type=kind, metavar=metavar, help=habit.says)

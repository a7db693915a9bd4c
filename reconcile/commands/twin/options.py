"""One option for each habit of the twin, made from the table of habits, for its start and for `twin ctl`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconcile.commands.time_types import Duration
from reconcile.commands.twin.option_types import Finite, Rate
from reconcile.twin.habits import HABITS, Habit, ValueType

Result = TypeVar("Result")

# Type of a habit → the type of its option, and what the help calls it.
_TYPES: dict[ValueType, tuple[Any, str | None]] = {
    ValueType.TEXT: (str, "TEXT"),
    ValueType.COUNT: (click.IntRange(1), "N"),
    ValueType.NUMBER: (int, "N"),
    ValueType.SHARE: (Finite(0, 1), "SHARE"),
    ValueType.RATE: (Rate(), "RATE"),
    ValueType.SPAN: (Duration(), "DURATION"),
    ValueType.SHIFT: (Duration(may_be_negative=True), "DURATION"),
    ValueType.OPERATIONS: (str, "NAMES"),
}


def habit_options(function: Callable[..., Result]) -> Callable[..., Result]:
    """Add the options to *function*, and call it with *habits*: the values that were given, by name."""

    @functools.wraps(function)
    def called(*given: Any, **more: Any) -> Result:
        values = {name: more.pop(name) for name in HABITS}
        return function(*given, habits={name: value for name, value in values.items() if value is not None}, **more)

    return functools.reduce(lambda wrapped, habit: _option(habit)(wrapped), reversed(list(HABITS.values())), called)


def _option(habit: Habit) -> Callable[[Any], Any]:
    if habit.value_type is ValueType.SWITCH:
        names = f"{habit.option}/--no-{habit.option.removeprefix('--')}"
        return click.option(names, habit.name, default=None, help=habit.description)
    if habit.value_type is ValueType.WORD:
        return click.option(habit.option, habit.name, type=click.Choice(habit.words), help=habit.description)
    option_type, metavar = _TYPES[habit.value_type]
    return click.option(habit.option, habit.name, type=option_type, metavar=metavar, help=habit.description)

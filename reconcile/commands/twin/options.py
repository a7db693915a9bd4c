"""Options of the twin: one for each of its settings, and one for each of its habits, which `twin ctl` has too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reconcile.commands.time_types import Duration, Instant
from reconcile.commands.twin.option_types import Finite, Rate
from reconcile.twin.habits import HABITS, Habit, ValueType
from reconcile.twin.settings import TwinSettings

Returned = TypeVar("Returned")

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


def settings_options(function: Callable[..., Returned]) -> Callable[..., Returned]:
    """Add an option for each field of `TwinSettings` but its habits, with the field's default."""
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_SETTINGS), function)


def habit_options(function: Callable[..., Returned]) -> Callable[..., Returned]:
    """Add the options to *function*, and call it with *habits*: the values that were given, by name."""

    @functools.wraps(function)
    def called(*given: Any, **more: Any) -> Returned:
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


def _setting(name: str, field: str, **parameters: Any) -> Callable[[Any], Any]:
    return click.option(name, field, default=getattr(TwinSettings, field), **parameters)


_SETTINGS = (
    _setting("--port", "port", type=click.IntRange(0, 65535), show_default=True, help="0 takes a free one."),
    _setting("--host", "host", show_default=True, help="Where to listen; beyond loopback it warns."),
    _setting(
        "--db",
        "db",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Keep jobs and journal in this SQLite file.",
    ),
    _setting(
        "--seed",
        "seed",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Begin with the jobs of this JSON file, unless --db has jobs.",
    ),
    _setting("--timezone", "timezone", show_default=True, metavar="ZONE", help="The zone in which crons fire."),
    _setting(
        "--clock",
        "clock",
        type=Instant(),
        metavar="INSTANT",
        help="Start the clock at this time; else it shows the machine's time.",
    ),
    _setting(
        "--speed",
        "speed",
        type=Finite(0, 1e9),
        show_default=True,
        metavar="FACTOR",
        help="How many times as fast the clock runs; with 0 it stands still until it is advanced.",
    ),
    _setting(
        "--run-url",
        "run_url",
        metavar="URL",
        help="POST to this for each fire, with {tenant} and {code} filled in; else runs are simulated.",
    ),
    _setting(
        "--run-timeout",
        "run_timeout_seconds",
        type=Duration(),
        metavar="DURATION",
        help=f"How long such a call may take; else {TwinSettings.run_timeout_seconds:g}s.",
    ),
    _setting(
        "--run-time",
        "run_seconds",
        type=Duration(),
        metavar="DURATION",
        help="How long a simulated run takes.",
    ),
    _setting(
        "--failure-rate",
        "failure_rate",
        type=Finite(0, 1),
        metavar="SHARE",
        help="The share of simulated runs that fail.",
    ),
    _setting(
        "--failure-text",
        "failure_text",
        show_default=True,
        metavar="TEXT",
        help="The text in the journal for failed runs.",
    ),
)

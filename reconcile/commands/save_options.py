"""What `apply` and `rollback` share: their options, and the question before a save."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import click

from reconcile.commands.command_report import Answer
from reconcile.commands.decorators import Command, grouped
from reconcile.commands.time_types import Duration
from reconcile.errors import UsageError
from reconcile.flows.pacing import SoakUntil
from reconcile.report.plan_view import plan_view
from reconcile.session.command_line import SaveOptions
from reconcile.session.observed import Planned, saves_nothing
from reconcile.session.runtime import Runtime

NEXT_FIRE = "next-fire"
_DURATION = Duration()


class Soak(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """How long canaries soak: a duration, or until they fire."""

    name = "soak"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | SoakUntil:
        """Return what *value* means."""
        if value == NEXT_FIRE:
            return SoakUntil.NEXT_FIRE
        try:
            return timedelta(seconds=_DURATION.convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value!r} is neither a duration, such as 5m, nor {NEXT_FIRE}", param, ctx)


_OPTIONS = (
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--actor", metavar="NAME", help="Who this is, for the record; else who the pipeline or Git says."),
    click.option("--events", metavar="FILE", help="Write what happens as NDJSON; - is stderr."),
    click.option("--no-ledger", is_flag=True, help="Remember nothing: no lock, no rollback."),
    click.option(
        "--lock-timeout", type=_DURATION, default=0.0, metavar="DURATION", help="Wait so long for another apply: 10m."
    ),
    click.option(
        "--soak",
        type=Soak(),
        metavar="DURATION|next-fire",
        help="Leave the first changes alone so long, then the rest.",
    ),
    click.option(
        "--soak-limit",
        type=_DURATION,
        default=3600.0,
        metavar="DURATION",
        help="Wait at most so long for next-fire.",
    ),
)


_grouped = grouped(SaveOptions, "options", _OPTIONS)


def save_options(function: Command) -> Command:
    """Give *function* the options of every run that saves, as one `SaveOptions`; refuse to wait for an answer where
    there is no terminal."""

    @functools.wraps(function)
    def called(runtime: Runtime, *, options: SaveOptions, **given: Any) -> Answer:
        if not options.yes and runtime.console.ask is None and not given.get("dry_run"):
            raise UsageError(
                f"{function.__name__} asks before it saves, and there is no terminal to ask on",
                hint="run with --yes, or on a terminal",
            )
        return function(runtime, options=options, **given)

    command: Command = _grouped(called)
    return command


def confirm(runtime: Runtime, options: SaveOptions, planned: Planned) -> None:
    """Ask the person at the terminal, where there is anything to ask.

    Raises:
        UsageError: the answer was not yes.
    """
    if options.yes:
        return
    # What refuses today is what is asked about: a saved plan tells what did when it was made.
    plan = planned.judged(runtime.clock.now())
    if plan.changes and not saves_nothing(plan) and not runtime.console.confirm(plan_view(plan)):
        raise UsageError("not applied: the answer was not yes")

"""Shared by `apply` and `rollback`: their options, and the report of what was saved."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import Command, grouped
from reconcile.commands.time_types import Duration
from reconcile.errors import UsageError
from reconcile.flows.pacing import SoakUntil
from reconcile.model.run import Run
from reconcile.report.document_head import Head
from reconcile.report.json_documents import run_document
from reconcile.report.run_view import run_view
from reconcile.session.command_line import SaveOptions
from reconcile.session.runtime import Runtime
from reconcile.times import duration_seconds

NEXT_FIRE = "next-fire"
_DURATION = Duration()


class Soak(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """How long canaries soak: a duration, or until they fire."""

    name = "soak"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | SoakUntil:
        """Return what *value* means."""
        if value == NEXT_FIRE:
            return SoakUntil.NEXT_FIRE
        if isinstance(value, str) and duration_seconds(value.strip()) is None:
            self.fail(f"{value!r} is neither a duration, such as 5m, nor {NEXT_FIRE}", param, ctx)
        return timedelta(seconds=_DURATION.convert(value, param, ctx))


LOCK_TIMEOUT = click.option(
    "--lock-timeout", type=_DURATION, default=0.0, metavar="DURATION", help="Wait so long for another apply: 10m."
)

_OPTIONS = (
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--actor", metavar="NAME", help="The actor to record; else the one that the pipeline or Git names."),
    click.option("--events", metavar="FILE", help="Write what happens as NDJSON; - is stderr."),
    LOCK_TIMEOUT,
    click.option(
        "--soak",
        type=Soak(),
        metavar="DURATION|next-fire",
        help="Leave the first changes alone so long, then the rest.",
    ),
    click.option(
        "--soak-limit",
        type=Duration(may_be_zero=False),
        default=3600.0,
        metavar="DURATION",
        help="Wait at most so long for next-fire.",
    ),
)


_grouped = grouped(SaveOptions, "options", _OPTIONS)


def save_options(function: Command) -> Command:
    """Give *function* the options of every run that saves, as one `SaveOptions`.

    The command is refused where it would ask and there is no terminal.
    """

    @functools.wraps(function)
    def called(runtime: Runtime, *, options: SaveOptions, **given: Any) -> CommandReport:
        if not options.yes and runtime.console.ask is None and not given.get("dry_run"):
            raise UsageError(
                f"{function.__name__} asks before it saves, and there is no terminal to ask on",
                hint="run with --yes, or on a terminal",
            )
        return function(runtime, options=options, **given)

    command: Command = _grouped(called)
    return command


def run_report(run: Run, head: Head) -> CommandReport:
    """Return the report of what a run saved."""
    return CommandReport(run_document(run, head), run_view(run), exit_code=run.exit_code)

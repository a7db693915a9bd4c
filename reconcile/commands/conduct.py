"""How a run that saves is conducted: the options that `apply` and `rollback` share."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from reconcile.commands.common import Command
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.times import Duration
from reconcile.errors import UsageError
from reconcile.flows.pacing import SoakUntil

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


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run is made: whether anybody is asked, who it is by, what it waits for, and what it writes down."""

    yes: bool
    actor: str | None
    events: str | None
    no_ledger: bool
    lock_timeout_seconds: float
    soak: timedelta | SoakUntil | None
    soak_limit_seconds: float


_CONDUCT = (
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


def conduct(function: Command) -> Command:
    """Give *function* the options of every run that saves, as one `Conduct`; never hang where nobody can be asked."""

    @functools.wraps(function)
    def called(invocation: Invocation, **given: Any) -> Answer:
        how = Conduct(
            given.pop("yes"),
            given.pop("actor"),
            given.pop("events"),
            given.pop("no_ledger"),
            given.pop("lock_timeout"),
            given.pop("soak"),
            given.pop("soak_limit"),
        )
        if not how.yes and invocation.console.ask is None and not given.get("dry_run"):
            raise UsageError(
                f"{function.__name__} asks before it saves, and there is no terminal to ask on",
                hint="run with --yes, or on a terminal",
            )
        return function(invocation, how=how, **given)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_CONDUCT), called)

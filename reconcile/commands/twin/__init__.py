"""`twin`: the embedded scheduler, and `twin ctl`, which changes a running one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from reconcile.commands.time_types import Duration, Instant, typed_zone
from reconcile.commands.twin.ctl import ctl
from reconcile.commands.twin.option_types import Finite
from reconcile.commands.twin.options import habit_options
from reconcile.errors import UsageError
from reconcile.session.runtime import Runtime


@click.group("twin", invoke_without_command=True, subcommand_metavar="[ctl COMMAND]")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond loopback it warns.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep jobs and journal in this SQLite file.",
)
@click.option(
    "--seed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Begin with the jobs of this JSON file, unless --db has jobs.",
)
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="The zone in which crons fire.")
@click.option(
    "--clock", type=Instant(), metavar="INSTANT", help="Start the clock at this time; else it shows the machine's time."
)
@click.option(
    "--speed",
    type=Finite(0, 1e9),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="How many times as fast the clock runs; with 0 it stands still until it is advanced.",
)
@click.option(
    "--run-url",
    metavar="URL",
    help="POST to this for each fire, with {tenant} and {code} filled in; else runs are simulated.",
)
@click.option(
    "--run-timeout", type=Duration(), default=10.0, metavar="DURATION", help="How long such a call may take; else 10s."
)
@click.option("--run-time", type=Duration(), default=0.0, metavar="DURATION", help="How long a simulated run takes.")
@click.option(
    "--failure-rate", type=Finite(0, 1), default=0.0, metavar="SHARE", help="The share of simulated runs that fail."
)
@click.option(
    "--failure-text",
    default="java.net.SocketTimeoutException: timeout",
    show_default=True,
    metavar="TEXT",
    help="The text in the journal for failed runs.",
)
@habit_options
@click.pass_context
def twin(context: click.Context, /, **given: Any) -> int:
    """Run the embedded scheduler: the three operations of the service, with jobs that really fire.

    It listens on loopback and says where, keeps everything in memory unless --db names a file, and ends on SIGTERM or
    Ctrl-C. Its page, at the address that it says, shows the jobs and what they did. The options from --save on make it
    as awkward as real services are; `twin ctl` changes them, and much else, while it runs.
    """
    if context.invoked_subcommand is not None:
        _check_nothing_given(context)
        return 0
    runtime: Runtime = context.obj
    return _serve(runtime, **given)


def _serve(
    runtime: Runtime,
    *,
    timezone: str,
    run_time: float,
    run_timeout: float,
    clock: datetime | None,
    habits: dict[str, object],
    **given: Any,
) -> int:
    from reconcile.twin.habits import Habits
    from reconcile.twin.server import serve
    from reconcile.twin.settings import TwinSettings

    typed_zone(timezone)
    settings = TwinSettings(
        timezone=timezone,
        run_seconds=run_time,
        run_timeout_seconds=run_timeout,
        clock=clock,
        habits=Habits().changed(habits),
        **given,
    )
    serve(
        settings,
        say=lambda line: runtime.show(f"{line}\n"),
        warn=lambda line: runtime.log("warning", line.removeprefix("warning: ")),
    )
    return 0


def _check_nothing_given(context: click.Context) -> None:
    """Refuse `twin --port 8002 ctl …`: it would steer another twin than it names."""
    for option in context.command.params:
        if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE:
            raise UsageError(
                f"{option.opts[0]} starts a twin, and {context.invoked_subcommand} steers one that runs",
                hint="what it steers is named by --url, after its command",
            )


twin.add_command(ctl)

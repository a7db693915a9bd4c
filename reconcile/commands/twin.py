"""`twin`: the embedded scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from reconcile.commands.durations import Duration
from reconcile.commands.invocation import Invocation
from reconcile.errors import UsageError

_DURATION = Duration()


@click.command("twin")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond loopback it warns.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep jobs and journal in this SQLite file.",
)
@click.option("--seed", type=click.Path(path_type=Path), metavar="FILE", help="Begin with the jobs of this JSON file.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="The zone in which crons fire.")
@click.option(
    "--latency", type=_DURATION, default=0.0, metavar="DURATION", help="Wait so long before each answer: 20ms."
)
@click.pass_obj
def twin(invocation: Invocation, /, *, timezone: str, **given: Any) -> int:
    """Run the embedded scheduler: the three operations of the service, with jobs that really fire.

    It listens on loopback and says where, keeps everything in memory unless --db names a file, and ends on SIGTERM or
    Ctrl-C.
    """
    from reconcile.twin.server import serve
    from reconcile.twin.settings import TwinSettings

    _check_zone(timezone)
    latency = given.pop("latency")
    settings = TwinSettings(timezone=timezone, latency_seconds=latency, **given)
    serve(
        settings,
        say=lambda line: invocation.show(f"{line}\n"),
        warn=lambda line: invocation.log("warning", line.removeprefix("warning: ")),
    )
    return 0


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"--timezone {name}: there is no such zone", hint="an IANA name, like Asia/Shanghai"
        ) from error

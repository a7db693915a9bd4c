"""`twin`: the embedded scheduler, and `twin ctl`, which changes a running one."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from reconcile.commands.time_types import typed_zone
from reconcile.commands.twin.ctl import ctl
from reconcile.commands.twin.options import habit_options, settings_options
from reconcile.errors import UsageError
from reconcile.session.runtime import Runtime
from reconcile.twin.settings import TwinSettings


@click.group("twin", invoke_without_command=True, subcommand_metavar="[ctl COMMAND]")
@settings_options
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


def _serve(runtime: Runtime, *, timezone: str, habits: dict[str, object], **given: Any) -> int:
    from reconcile.twin.habits import Habits
    from reconcile.twin.server import serve

    typed_zone(timezone)
    serve(
        TwinSettings(timezone=timezone, habits=Habits().changed(habits), **given),
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

"""The options that lift guards, for `plan`, `apply` and `rollback`."""

from __future__ import annotations

import functools
from typing import Any

import click

from reconcile.commands.common import Command
from reconcile.commands.invocation import Answer
from reconcile.engine.guard import Allowances
from reconcile.errors import UsageError

# Option → what it is called in `Allowances`.
_OVERRIDES = {
    "--allow-inactive": "inactive",
    "--enable-inactive": "enable_inactive",
    "--include-renames": "renames",
    "--park-removed": "park_removed",
    "--recreate": "recreate",
    "--accept-drift": "drift",
    "--allow-protected": "protected",
    "--allow-changes": "changes",
    "--override-freeze": "freeze",
}
_OVERRIDE_OPTIONS = (
    click.option("--allow-inactive", is_flag=True, help="Save also over jobs that somebody paused."),
    click.option("--enable-inactive", is_flag=True, help="Save also jobs that differ only in being paused."),
    click.option("--include-renames", is_flag=True, help="Save also what differs only in its name."),
    click.option("--park-removed", is_flag=True, help="Park jobs that no file declares any more."),
    click.option("--recreate", is_flag=True, help="Create again what was applied once and is gone."),
    click.option("--accept-drift", is_flag=True, help="Save also over what was changed by hand (on_drift: hold)."),
    click.option("--allow-protected", is_flag=True, help="Save also schedules with protect: true."),
    click.option("--allow-changes", type=click.IntRange(0), metavar="N", help="Lift the limits for at most N changes."),
    click.option("--override-freeze", metavar="REASON", help="Apply in a freeze, and near fires; REASON is recorded."),
)


def overrides(function: Command) -> Command:
    """Give *function* the options that lift guards, as one `Allowances`; they stand on the command line only."""

    @functools.wraps(function)
    def called(*given: Any, **more: Any) -> Answer:
        said = {name: more.pop(option.removeprefix("--").replace("-", "_")) for option, name in _OVERRIDES.items()}
        if said["freeze"] is not None and not said["freeze"].strip():
            raise UsageError("--override-freeze needs a reason", hint='write --override-freeze "incident 4711"')
        return function(*given, allowances=Allowances(**said), **more)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OVERRIDE_OPTIONS), called)


def overrides_typed(allowances: Allowances) -> tuple[str, ...]:
    """Return *allowances* as they were typed, for the record."""
    said = []
    for option, name in _OVERRIDES.items():
        value = getattr(allowances, name)
        if value is True:
            said.append(option)
        elif value not in (None, False):
            said.append(f"{option} {value}")
    return tuple(said)

"""The decorators that give a command its options: the common ones, and those that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import click

from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.options import COMMON, Common, Group, options_of, taken
from reconcile.commands.sources import Sources
from reconcile.engine.guard import Allowances
from reconcile.errors import UsageError
from reconcile.report.formats import COMMON_FORMATS

Command: TypeAlias = Callable[..., Answer]

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
_SOURCES = (
    click.option("--applied-rev", metavar="REV", help="Take what REV declares for last applied."),
    click.option("--base", metavar="REV", help="Look also for what REV declared and no file declares now."),
    click.option("--fetch-applied", metavar="REMOTE", help="Fetch the ref of last applied from REMOTE first."),
)


def command(
    *groups: Group, formats: tuple[str, ...] = COMMON_FORMATS
) -> Callable[[Command], Callable[..., Answer | None]]:
    """Give a function the common options, and those of *groups*; its reports are written in *formats*.

    It is called with the invocation, and its own options. Of a group of commands, it is what the group does without a
    subcommand; None: the subcommand answers.
    """
    names = taken(groups)

    def decorated(function: Command) -> Callable[..., Answer | None]:
        @click.pass_context
        @functools.wraps(function)
        def called(context: click.Context, /, **given: Any) -> Answer | None:
            if context.invoked_subcommand is not None:
                _refuse_misplaced(context)
                return None
            invocation: Invocation = context.obj
            common = {name: given.pop(name) for name in names}
            invocation.options = options_of(common, formats, invocation.environ)
            return function(invocation, **given)

        for name in reversed(names):
            click.option(*COMMON[name].flags, name, cls=Common, formats=formats)(called)
        return called

    return decorated


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


def sources(function: Command) -> Command:
    """Give *function* the options that say where last applied is looked for, as one `Sources`."""

    @functools.wraps(function)
    def called(
        *given: Any, applied_rev: str | None, base: str | None, fetch_applied: str | None, **more: Any
    ) -> Answer:
        return function(*given, where=Sources(applied_rev, base, fetch_applied), **more)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_SOURCES), called)


def _refuse_misplaced(context: click.Context) -> None:
    """An option before a subcommand would be the group's, and would be lost."""
    for parameter in context.command.params:
        if context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE:
            option = parameter.opts[-1]
            hint = f"write it after {context.invoked_subcommand}"
            raise UsageError(f"{option} stands before {context.invoked_subcommand}, which does not see it", hint=hint)

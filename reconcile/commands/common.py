"""The options that every command has, and the decorator that hands them over."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import click

from reconcile.commands.invocation import Answer, Invocation, Options
from reconcile.commands.sources import Sources
from reconcile.engine.guard import Allowances
from reconcile.errors import UsageError
from reconcile.model.selection import Selection
from reconcile.report.formats import FORMATS

Command: TypeAlias = Callable[..., Answer]

# Option → variable. These and no other are read from the environment: nothing that lifts a guard or confirms a write.
VARIABLES = {
    "directory": "RECONCILE_DIR",
    "environment": "RECONCILE_ENV",
    "tenants": "RECONCILE_TENANT",
    "codes": "RECONCILE_CODE",
    "labels": "RECONCILE_LABEL",
    "format": "RECONCILE_FORMAT",
    "reports": "RECONCILE_REPORT",
    "parallelism": "RECONCILE_PARALLELISM",
    "quiet": "RECONCILE_QUIET",
    "verbose": "RECONCILE_VERBOSE",
    "no_color": "RECONCILE_NO_COLOR",
    "log_format": "RECONCILE_LOG_FORMAT",
}
_SEVERAL = frozenset({"tenants", "codes", "labels", "reports"})

_OPTIONS = (
    click.option("--dir", "directory", default="schedules", metavar="FOLDER", help="Folder that holds reconcile.yaml."),
    click.option("--env", "environment", metavar="NAME", help="Environment; else the workspace's default."),
    click.option("--tenant", "tenants", multiple=True, metavar="GLOB", help="Only these tenants (repeatable)."),
    click.option("--code", "codes", multiple=True, metavar="CODE", help="Only these behaviour codes (repeatable)."),
    click.option("--label", "labels", multiple=True, metavar="K=V", help="Only schedules with this label."),
    click.option("--format", "format", type=click.Choice(tuple(FORMATS)), default="text", help="What stdout shows."),
    click.option("--report", "reports", multiple=True, metavar="F=PATH", help="Also write format F to a file."),
    click.option("--parallelism", type=click.IntRange(1, 256), metavar="N", help="Calls to the service at once."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings."),
    click.option("-v", "--verbose", count=True, help="More on stderr; -vv: each request and reply, without secrets."),
    click.option("--no-color", is_flag=True, help="No colours (also NO_COLOR)."),
    click.option("--log-format", type=click.Choice(("text", "json")), default="text", help="How stderr is written."),
)

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


def from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the defaults of options that *environ* sets; an empty variable sets nothing."""
    defaults: dict[str, Any] = {}
    for option, variable in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if text:
            defaults[option] = tuple(text.replace(",", " ").split()) if option in _SEVERAL else text
    return defaults


def command(function: Command) -> Callable[..., Answer | None]:
    """Give *function* the common options: it is called with the invocation, and its own options.

    Of a group, it is what the group does without a subcommand; None: the subcommand answers.
    """

    @click.pass_context
    @functools.wraps(function)
    def called(context: click.Context, /, **given: Any) -> Answer | None:
        if context.invoked_subcommand is not None:
            _refuse_misplaced(context)
            return None
        invocation: Invocation = context.obj
        invocation.options = _options({name: given.pop(name) for name in VARIABLES}, invocation)
        return function(invocation, **given)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), called)


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


def _options(given: Mapping[str, Any], invocation: Invocation) -> Options:
    return Options(
        directory=given["directory"],
        environment=given["environment"],
        selection=Selection(given["tenants"], given["codes"], tuple(_label(text) for text in given["labels"])),
        format=given["format"],
        reports=tuple(_report(text) for text in given["reports"]),
        parallelism=given["parallelism"],
        verbosity=-1 if given["quiet"] else given["verbose"],
        colour=not given["no_color"] and not invocation.environ.get("NO_COLOR"),
        log_format=given["log_format"],
        is_read=True,
    )


def _refuse_misplaced(context: click.Context) -> None:
    """An option before a subcommand would be the group's, and would be lost."""
    for name in context.params:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            hint = f"write it after {context.invoked_subcommand}"
            raise UsageError(f"{option} stands before {context.invoked_subcommand}, which does not see it", hint=hint)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--label {text}: no label and value", hint="write --label tier=gold")
    return name, value


def _report(text: str) -> tuple[str, str]:
    """Return format and path of one ``--report``."""
    name, equals, path = text.partition("=")
    if not equals or not path or name not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"--report {text}: no format and path", hint=f"write FORMAT=PATH; formats: {known}")
    return name, path

"""The options that every command has, and the decorator that hands them over."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import click

from reconcile.commands.invocation import Answer, Invocation, Options
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

_OVERRIDES = (
    click.option("--allow-inactive", is_flag=True, help="Save also over jobs that somebody paused."),
    click.option("--enable-inactive", is_flag=True, help="Save also jobs that differ only in being paused."),
    click.option("--allow-protected", is_flag=True, help="Save also schedules with protect: true."),
    click.option("--allow-changes", type=click.IntRange(0), metavar="N", help="Lift the limits for at most N changes."),
)


def from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the defaults of options that *environ* sets; an empty variable sets nothing."""
    defaults: dict[str, Any] = {}
    for option, variable in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if text:
            defaults[option] = tuple(text.replace(",", " ").split()) if option in _SEVERAL else text
    return defaults


def command(function: Command) -> Callable[..., Answer]:
    """Give *function* the common options: it is called with the invocation, and its own options."""

    @click.pass_context
    @functools.wraps(function)
    def called(context: click.Context, /, **given: Any) -> Answer:
        invocation: Invocation = context.obj
        invocation.options = _options({name: given.pop(name) for name in VARIABLES}, invocation)
        return function(invocation, **given)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), called)


def overrides(function: Command) -> Command:
    """Give *function* the options that lift guards, as one `Allowances`; they stand on the command line only."""

    @functools.wraps(function)
    def called(
        *given: Any,
        allow_inactive: bool,
        enable_inactive: bool,
        allow_protected: bool,
        allow_changes: int | None,
        **more: Any,
    ) -> Answer:
        allowances = Allowances(allow_changes, allow_inactive, enable_inactive, allow_protected)
        return function(*given, allowances=allowances, **more)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OVERRIDES), called)


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

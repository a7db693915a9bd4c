"""`twin ctl`: change a running twin as people and accidents change a scheduler, without Git.

Each command calls the twin's control API, and shows the answer as JSON.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import click

from reconcile.commands.time_types import Instant
from reconcile.commands.twin.option_types import Finite
from reconcile.commands.twin.options import habit_options
from reconcile.errors import SettingError, UsageError
from reconcile.session.runtime import Runtime
from reconcile.twin.control_client import TwinControl
from reconcile.twin.habits import HABITS
from reconcile.twin.settings import TwinSettings

Parameter: TypeAlias = Callable[[Callable[..., int]], Callable[..., int]]

_URL = f"http://{TwinSettings.host}:{TwinSettings.port}"
_OPTIONS = {habit.option.removeprefix("--"): habit for habit in HABITS.values()}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

tenant = click.argument("tenant")
code = click.argument("code")
row_option = click.option("--id", "job_id", metavar="JOBINFOID", help="Only this row of the code; else all of them.")


@click.group("ctl", invoke_without_command=True)
@click.pass_context
def ctl(context: click.Context) -> int:
    """Change a running twin: its jobs without Git, its clock, its awkward habits, its state."""
    if context.invoked_subcommand is None:
        runtime: Runtime = context.obj
        runtime.show(f"{context.get_help()}\n")
    return 0


def asking(function: Callable[..., object]) -> Callable[..., int]:
    """Call *function* with the twin that --url names, and show what it returns as JSON."""

    @click.option("--url", default=_URL, show_default=True, metavar="URL", help="The twin.")
    @click.pass_obj
    @functools.wraps(function)
    def called(runtime: Runtime, /, *, url: str, **given: Any) -> int:
        answer = function(TwinControl(url), **given)
        runtime.show(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
        return 0

    return called


def _reset(twin: TwinControl) -> object:
    twin.reset()
    return {"jobs": 0}


_ROW = (tenant, code, row_option)
_STATE = (click.argument("file", type=_FILE),)
# Name → help, parameters, call: the commands that pass what they are given on to one call of the control API.
SIMPLE: Mapping[str, tuple[str, tuple[Parameter, ...], Callable[..., object]]] = {
    "jobs": ("List the jobs of a tenant, which the service's API cannot do.", (tenant,), TwinControl.jobs),
    "disable": (
        "Switch a job off: it no longer fires.",
        _ROW,
        lambda twin, **row: {"changed": twin.change(**row, status="disable")},
    ),
    "enable": (
        "Switch a job on; it fires from now on.",
        _ROW,
        lambda twin, **row: {"changed": twin.change(**row, status="enable")},
    ),
    "duplicate": (
        "Add a second row of a code, and show its id.",
        (tenant, code),
        lambda twin, **row: {"jobinfoid": twin.duplicate(**row)},
    ),
    "delete": ("Delete a job, with its journal.", _ROW, lambda twin, **row: {"deleted": twin.delete(**row)}),
    "export": ("Show all jobs and journals, for `import`.", (), TwinControl.export),
    "import": (
        "Replace all jobs and journals by an export.",
        _STATE,
        lambda twin, file: {"jobs": twin.import_all(_read(file))},
    ),
    "seed": ("Add the jobs of a JSON file.", _STATE, lambda twin, file: {"jobs": twin.seed(_read(file))}),
    "reset": ("Delete all jobs and journals.", (), _reset),
}


def _add_simple(name: str, description: str, parameters: tuple[Parameter, ...], call: Callable[..., object]) -> None:
    def called(twin: TwinControl, **given: Any) -> object:
        return call(twin, **given)

    wrapped: Callable[..., int] = asking(called)
    for parameter in reversed(parameters):
        wrapped = parameter(wrapped)
    ctl.command(name, help=description)(wrapped)


for _name, (_description, _parameters, _call) in SIMPLE.items():
    _add_simple(_name, _description, _parameters, _call)


@ctl.command("change")
@tenant
@code
@row_option
@click.option("--name", metavar="TEXT", help="The new name.")
@click.option("--cron", metavar="CRON", help="The new cron. It is not checked: a service may hold what Quartz refuses.")
@asking
def change(twin: TwinControl, *, name: str | None, cron: str | None, **row: Any) -> object:
    """Change a job as a person would by hand."""
    if name is None and cron is None:
        raise UsageError("nothing is to be changed", hint="give --name, --cron, or both")
    return {"changed": twin.change(**row, name=name, cron=cron)}


@ctl.command("insert")
@tenant
@code
@click.option("--fired", type=Instant(), metavar="INSTANT", help="When the run was fired: 2026-01-05T02:00:00Z.")
@click.option("--took-ms", type=click.IntRange(0), metavar="N", help="How long it took.")
@click.option("--exedes", metavar="TEXT", help="What went wrong; a run without it was successful.")
@click.option("--field", "extra", multiple=True, metavar="NAME=TEXT", help="Show this in the row too, as it is.")
@click.option("--rows", "file", type=_FILE, metavar="FILE", help="Instead: a JSON list of such rows.")
@asking
def insert(twin: TwinControl, *, tenant: str, code: str, file: Path | None, **fields: Any) -> object:
    """Write history rows without a fire."""
    rows = [_history_row(**fields)] if file is None else _read(file)
    if not isinstance(rows, list):
        raise SettingError(f"{file} holds no list of rows")
    return {"inserted": twin.insert_rows(tenant, code, rows)}


@ctl.command("clock")
@click.option("--advance", metavar="DURATION", help="Move it forward, and fire everything that is due on the way: 7d.")
@click.option("--now", type=Instant(), metavar="INSTANT", help="Set it; jobs continue from that time.")
@click.option(
    "--speed", type=Finite(0, 1e9), metavar="FACTOR", help="How many times as fast it runs; with 0 it stands still."
)
@asking
def clock(twin: TwinControl, *, advance: str | None, now: datetime | None, speed: float | None) -> object:
    """Show the clock, after the changes that the options ask for."""
    if advance is None and now is None and speed is None:
        return twin.clock()
    return twin.set_clock(now=None if now is None else now.isoformat(), speed=speed, advance=advance)


@ctl.command("awkward")
@click.option("--all-off", is_flag=True, help="First switch every habit off.")
@click.option("--off", multiple=True, type=click.Choice(tuple(_OPTIONS)), metavar="HABIT", help="Switch this one off.")
@habit_options
@asking
def awkward(twin: TwinControl, *, all_off: bool, off: tuple[str, ...], habits: Mapping[str, object]) -> object:
    """Change its awkward habits, and show all of them; habits that are not named do not change."""
    switched_off = HABITS.values() if all_off else [_OPTIONS[name] for name in off]
    values = {habit.name: habit.default for habit in switched_off} | dict(habits)
    return twin.behave(values) if values else twin.habits()


@ctl.command("statistics")
@click.option("--reset", is_flag=True, help="Reset the counts.")
@asking
def statistics(twin: TwinControl, *, reset: bool) -> object:
    """Show requests by operation, the highest concurrency, and saves by key."""
    counts = twin.statistics()
    if reset:
        twin.reset_statistics()
    return counts


def _history_row(
    *, fired: datetime | None, took_ms: int | None, exedes: str | None, extra: tuple[str, ...]
) -> Mapping[str, object]:
    if fired is None:
        raise UsageError("the row lacks the instant at which it was fired", hint="--fired 2026-01-05T02:00:00Z")
    fields: dict[str, object] = {"fired": fired.isoformat(), "took_ms": took_ms, "exedes": exedes}
    given = {name: value for name, value in fields.items() if value is not None}
    return given | dict(_field(text) for text in extra)


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--field {text}: not a name and a text", hint="write --field runtype=manual")
    return name, value


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingError(f"{file} cannot be read as JSON: {error}") from error

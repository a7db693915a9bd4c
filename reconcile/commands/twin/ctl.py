"""`twin ctl`: change a running twin as people and accidents change a scheduler, without Git.

Each command calls the twin's control API, and shows the answer as JSON.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from reconcile.commands.time_types import Instant
from reconcile.commands.twin.option_types import Finite
from reconcile.commands.twin.options import habit_options
from reconcile.errors import SettingError, UsageError
from reconcile.session.runtime import Runtime
from reconcile.twin.control_client import TwinControl
from reconcile.twin.habits import HABITS
from reconcile.twin.settings import TwinSettings

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


@ctl.command("jobs")
@tenant
@asking
def jobs(twin: TwinControl, *, tenant: str) -> object:
    """List the jobs of a tenant, which the service's API cannot do."""
    return twin.jobs(tenant)


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


@ctl.command("disable")
@tenant
@code
@row_option
@asking
def disable(twin: TwinControl, **row: Any) -> object:
    """Switch a job off: it no longer fires."""
    return {"changed": twin.change(**row, status="disable")}


@ctl.command("enable")
@tenant
@code
@row_option
@asking
def enable(twin: TwinControl, **row: Any) -> object:
    """Switch a job on; it fires from now on."""
    return {"changed": twin.change(**row, status="enable")}


@ctl.command("duplicate")
@tenant
@code
@asking
def duplicate(twin: TwinControl, **row: Any) -> object:
    """Add a second row of a code, and show its id."""
    return {"jobinfoid": twin.duplicate(**row)}


@ctl.command("delete")
@tenant
@code
@row_option
@asking
def delete(twin: TwinControl, **row: Any) -> object:
    """Delete a job, with its journal."""
    return {"deleted": twin.delete(**row)}


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


@ctl.command("export")
@asking
def export(twin: TwinControl) -> object:
    """Show all jobs and journals, for `import`."""
    return twin.export()


@ctl.command("import")
@click.argument("file", type=_FILE)
@asking
def import_all(twin: TwinControl, *, file: Path) -> object:
    """Replace all jobs and journals by an export."""
    return {"jobs": twin.import_all(_read(file))}


@ctl.command("seed")
@click.argument("file", type=_FILE)
@asking
def seed(twin: TwinControl, *, file: Path) -> object:
    """Add the jobs of a JSON file."""
    return {"jobs": twin.seed(_read(file))}


@ctl.command("reset")
@asking
def reset(twin: TwinControl) -> object:
    """Delete all jobs and journals."""
    twin.reset()
    return {"jobs": 0}


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

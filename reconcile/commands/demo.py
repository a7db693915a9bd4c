"""`demo`: the main loop against the embedded scheduler, as a user would see it."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import click

from reconcile import resources
from reconcile.declare import load_declarations, load_workspace
from reconcile.engine.resolve import resolve
from reconcile.errors import ReconcileError
from reconcile.exits import Exit
from reconcile.git.worktree import WorkTree
from reconcile.model.keys import Key
from reconcile.model.schedule import Schedule, State
from reconcile.session.runtime import Runtime

ABSENT = Key("acme", "1085431505565651040")
CHANGED = Key("acme", "1085431505565651039")
REWORDED = Key("globex", "nightly-report")
INACTIVE = Key("shop-chengdu", "1085431505565653001")
DOUBLED = Key("shop-hangzhou", "1085431505565652001")
SECONDS_PER_STEP = 50
# Ctrl-C reaches the command that runs just now as well.
_INTERRUPTED = (Exit.INTERRUPTED, Exit.TERMINATED, -signal.SIGINT, -signal.SIGTERM)

# The live side, where it is not what the examples declare: the rows of each key.
_LIVE: Mapping[Key, tuple[Mapping[str, str], ...]] = {
    ABSENT: (),
    CHANGED: ({"cron": "0 0 8-19 ? * * *"},),
    REWORDED: ({"cron": "0 45 23 ? * 1-7 *"},),
    INACTIVE: ({"cron": "0 0/30 * * * ?", "status": "disable"},),
    DOUBLED: ({"cron": "0 */10 * * * ?"}, {"cron": "0 0 * * * ?"}),
}


class _Step(NamedTuple):
    """A command of the demo, the comment shown before it, and the exit code that it ends with."""

    comment: str
    arguments: str
    exit_code: Exit


_STEPS = (
    _Step("First, offline: is everything in the files as it should be?", "validate", Exit.DONE),
    _Step(
        "What would change? Live differs from the files in every way that matters: one job is absent, one was changed "
        "by hand, one says the same in other words (no change), one is paused and different, one code has two jobs. "
        "Exit 2: there are changes.",
        "plan --out plan.json --detailed-exitcode",
        Exit.DIFFERENT,
    ),
    _Step(
        "Apply exactly that plan. Each job is read again just before it is saved, and read back afterwards. Exit 4: "
        "something was saved, but not all is done. The paused job is left alone, because no option asked to save "
        "over it; and of two jobs for one code, no save can choose which it reaches.",
        "apply plan.json --yes",
        Exit.PARTLY_SAVED,
    ),
    _Step("Plan again: what was applied is in sync, and what needs a person is still said.", "plan", Exit.DONE),
)


@click.command("demo")
@click.pass_obj
def demo(runtime: Runtime) -> None:
    """Try everything against the embedded scheduler.

    validate → plan → apply → plan, on the shipped examples, in a temporary folder. Nothing is left behind, and no
    service but the embedded one, on a free port of this machine, is talked to.
    """
    from reconcile.twin.in_process import running_twin

    with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as folder, running_twin() as twin:
        place = Path(folder)
        shutil.copytree(resources.folder("schedules"), place / "schedules")
        _point_at(place / "schedules" / "reconcile.yaml", twin.url)
        for tenant, jobs in live_of(_declared(place)).items():
            twin.seed(tenant, jobs)
        runtime.show(f"The embedded scheduler listens on {twin.url}.\n")
        for number, step in enumerate(_STEPS, start=1):
            runtime.show(f"\n{textwrap.fill(f'{number}. {step.comment}', 100)}\n\n  $ reconcile {step.arguments}\n\n")
            _run(runtime, step, place)
    runtime.show("\nThat was all. The embedded scheduler has stopped, and nothing is left behind.\n")


def live_of(declared: Iterable[Schedule]) -> dict[str, list[dict[str, str]]]:
    """Return the jobs of each tenant: every active schedule as declared, but for those that the demo is about."""
    tenants: dict[str, list[dict[str, str]]] = {}
    for schedule in declared:
        if schedule.state is State.PARKED:
            continue
        for row in _LIVE.get(schedule.key, ({},)):
            job = {"code": schedule.key.code, "name": schedule.name, "cron": schedule.cron}
            tenants.setdefault(schedule.key.tenant, []).append(job | dict(row))
    return tenants


def _declared(place: Path) -> Iterable[Schedule]:
    tree = WorkTree(place / "schedules")
    workspace, _ = load_workspace("schedules", tree)
    assert workspace is not None and workspace.default_environment is not None, "the shipped examples are valid"
    environment = workspace.environments[workspace.default_environment]
    declarations, _ = load_declarations(workspace, environment, tree)
    return resolve(declarations, environment).desired.values()


def _point_at(path: Path, url: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("http://127.0.0.1:8001", url), encoding="utf-8")


def _run(runtime: Runtime, step: _Step, place: Path) -> None:
    """Run one command as a user would, and show what it prints."""
    # In a pipeline too, it begins a ledger file of its own.
    variables = {
        name: value for name, value in runtime.environ.items() if not name.startswith("RECONCILE_") and name != "CI"
    }
    done = subprocess.run(  # noqa: S603 - this program, with words of its own
        [sys.executable, "-m", "reconcile", *shlex.split(step.arguments)],
        cwd=place,
        # A proxy must not stand between this machine and itself.
        env=variables | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS_PER_STEP,
        check=False,
    )
    runtime.show(f"{done.stdout}{done.stderr}[exit {done.returncode}]\n")
    if runtime.stop.is_set() or done.returncode in _INTERRUPTED:
        raise ReconcileError("the demo was interrupted", hint="nothing is left behind; run it again")
    if done.returncode != step.exit_code:
        raise ReconcileError(
            f"reconcile {step.arguments} ended with exit code {done.returncode}, and not {step.exit_code}",
            hint="this is a bug in reconcile; please report it with the output above",
        )

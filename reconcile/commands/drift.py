"""`drift`: does the service still do what the files declare?"""

from __future__ import annotations

import click

from reconcile.commands.common import command, sources
from reconcile.commands.declarations import declared, has_errors
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.options import SELECTION, Group
from reconcile.commands.remembered import read_memory
from reconcile.commands.service import read
from reconcile.commands.sources import Sources
from reconcile.engine.drift import find_drift
from reconcile.engine.plan import desired_digest
from reconcile.exits import Exit
from reconcile.report.documents import drift_document
from reconcile.report.drifts import drift_view


@click.command("drift")
@click.option("--strict", is_flag=True, help="Exit 2 also for jobs that no file declares any more.")
@command(*SELECTION, Group.CALLS)
@sources
def drift(invocation: Invocation, *, strict: bool, where: Sources) -> Answer:
    """Say whether the service still does what the files declare.

    Nothing is saved. Exit 2 when something moved, 1 when some schedule could not be read.
    """
    wanted = declared(invocation)
    name = wanted.environment.name
    memory = read_memory(invocation, wanted, where)
    observation = read(invocation, wanted.environment, memory.keys(wanted.desired))
    memory, _ = memory.after_reading(observation.live)
    found = find_drift(
        name,
        wanted.desired,
        observation.live,
        past=memory.past,
        holds=memory.holds,
        is_strict=strict,
        findings=(*wanted.findings, *memory.findings, *observation.findings),
    )
    digest = desired_digest(name, wanted.desired)
    return Answer(
        drift_document(found, invocation.head, desired_digest=digest),
        drift_view(found),
        exit_code=Exit.ERROR if has_errors(found.findings) else found.exit_code,
    )

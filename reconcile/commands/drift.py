"""`drift`: does the service still do what the files declare?"""

from __future__ import annotations

import click

from reconcile.commands.common import command
from reconcile.commands.declarations import declared, has_errors
from reconcile.commands.invocation import Answer, Invocation
from reconcile.commands.service import read
from reconcile.engine.drift import find_drift
from reconcile.engine.plan import desired_digest
from reconcile.report.documents import drift_document
from reconcile.report.drifts import drift_view


@click.command("drift")
@command
def drift(invocation: Invocation) -> Answer:
    """Say whether the service still does what the files declare.

    Nothing is saved. Exit 2 when something moved, 1 when some schedule could not be read.
    """
    wanted = declared(invocation)
    name = wanted.environment.name
    observation = read(invocation, wanted.environment, list(wanted.desired))
    found = find_drift(name, wanted.desired, observation.live, findings=(*wanted.findings, *observation.findings))
    digest = desired_digest(name, wanted.desired)
    return Answer(
        drift_document(found, invocation.head, desired_digest=digest),
        drift_view(found),
        exit_code=1 if has_errors(found.findings) else found.exit_code,
    )

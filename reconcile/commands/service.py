"""The service of an environment, read-only: what plan, drift and history talk to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconcile.commands.invocation import Invocation
from reconcile.flows.observe import Observation, observe
from reconcile.model.keys import Key
from reconcile.model.workspace import Environment
from reconcile.ports import Reader
from reconcile.service.clock import SystemClock
from reconcile.service.link import Link, open_link
from reconcile.service.reader import ServiceReader


def linked(invocation: Invocation, environment: Environment) -> Link:
    """Return a link to the service of *environment*.

    Raises:
        SettingError: a variable that a setting names is missing, or a setting is wrong.
    """
    link = open_link(
        environment,
        variables=invocation.environ,
        clock=SystemClock(invocation.stop),
        stop=invocation.stop,
        parallelism=invocation.options.parallelism,
        trace=invocation.trace(),
    )
    invocation.hiders.append(link.redactor.hide)
    return link


def observed(invocation: Invocation, reader: Reader, keys: Collection[Key]) -> Observation:
    """Return the live side of *keys*, with progress."""
    with invocation.progress("Reading the service", len(keys)) as progress:
        return observe(reader, keys, progress=progress)


def read(invocation: Invocation, environment: Environment, keys: Collection[Key]) -> Observation:
    """Return the live side of *keys* over a link of its own; its findings hold what was noted of the replies."""
    with linked(invocation, environment) as link:
        observation = observed(invocation, ServiceReader(link), keys)
        return replace(observation, findings=(*observation.findings, *link.notes.take()))

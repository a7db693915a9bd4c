"""The service of an environment, read-only: what plan, drift and history talk to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconcile.commands.invocation import Invocation
from reconcile.flows.observe import Observation, observe
from reconcile.model.keys import Key
from reconcile.model.workspace import Environment
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


def observed(invocation: Invocation, reader: ServiceReader, keys: Collection[Key]) -> Observation:
    """Return the live side of *keys*, with progress; its findings hold what was noted of the replies."""
    with invocation.progress("Reading the service", len(keys)) as progress:
        observation = observe(reader, keys, progress=progress)
    return replace(observation, findings=(*observation.findings, *reader.take_notes()))


def read(invocation: Invocation, environment: Environment, keys: Collection[Key]) -> Observation:
    """Return the live side of *keys* over a link of its own."""
    with linked(invocation, environment) as link:
        return observed(invocation, ServiceReader(link), keys)

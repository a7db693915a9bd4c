"""The client of the service of an environment: the one place that opens it."""

from __future__ import annotations

from reconcile.model.workspace import Environment
from reconcile.service.client import Client, open_client
from reconcile.session.runtime import Runtime


def connect(runtime: Runtime, environment: Environment) -> Client:
    """Return a client of the service of *environment*. Nothing is sent yet; its secrets are learned by the run.

    Raises:
        SettingError: a variable that a setting names is missing, or a setting is wrong.
    """
    client = open_client(
        environment,
        variables=runtime.environ,
        clock=runtime.clock,
        stop=runtime.stop,
        parallelism=runtime.options.parallelism,
        trace=runtime.trace(),
    )
    runtime.facts.learn_secrets(client.redactor.hide)
    return client

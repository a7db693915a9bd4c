"""A twin for tests: in this process, on a free port of the loopback, gone when the test ends.

.. code-block:: python

    from reconcile.twin.testing import running_twin

    with running_twin(timezone="Asia/Shanghai") as twin:
        twin.seed("acme", [{"code": "1", "name": "orders", "cron": "0 0 2 * * ?"}])
        ...                     # let your program talk to twin.url
        assert twin.requests.by_operation["save"] == 1

or as a pytest fixture: ``from reconcile.twin.testing import twin`` in a conftest.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconcile.twin.in_process import RunningTwin, running_twin

__all__ = ["RunningTwin", "running_twin", "twin"]


@pytest.fixture
def twin() -> Iterator[RunningTwin]:
    """A twin with the default settings."""
    with running_twin() as running:
        yield running

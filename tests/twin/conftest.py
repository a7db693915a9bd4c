from __future__ import annotations

import pytest

from reconcile.twin.testing import running_twin, twin
from tests.twin.asking import MONDAY, Client

__all__ = ["twin"]


@pytest.fixture
def client(twin):
    asking = Client(twin.url)
    yield asking
    asking.close()


@pytest.fixture
def still():
    """A twin whose clock stands on a Monday, midnight UTC, until it is advanced."""
    with running_twin(clock=MONDAY, speed=0) as running:
        yield running


@pytest.fixture
def asking(still):
    client = Client(still.url)
    yield client
    client.close()

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm import program


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """The folder of a `reconcile` that starts quickly."""
    with program() as folder:
        yield folder

"""Garbage collection, while much is made and nothing dropped."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep the collector from looking through all that is being made, again and again: none of it is garbage.

    A third of the time of resolving a large workspace, and a tenth of that of loading it: for functions that do either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

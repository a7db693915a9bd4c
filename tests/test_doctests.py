"""What a docstring shows is what the code does."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import reconcile

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(reconcile.__path__, "reconcile.")
    if module.name not in {"reconcile.__main__", "reconcile.twin.testing"}
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0

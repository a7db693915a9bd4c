"""What laws are tried on: the same examples each time, whatever else the process has loaded."""

from __future__ import annotations

import importlib

from hypothesis import given, settings
from hypothesis import strategies as st


def drawn():
    """Return all that a law is tried on."""
    seen = []

    @settings(max_examples=200, derandomize=True, database=None)
    @given(st.text(), st.integers())
    def law(text, number):
        seen.append((text, number))

    law()
    return seen


def test_the_examples_do_not_depend_on_what_is_loaded(tmp_path, monkeypatch):
    before = drawn()
    words = ", ".join(f"'a constant of this module {number}', {10**12 + number}" for number in range(200))
    (tmp_path / "loaded_meanwhile.py").write_text(f"WORDS = ({words})\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("loaded_meanwhile")
    assert drawn() == before

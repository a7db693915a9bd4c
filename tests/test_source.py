"""A place in source text is written into documents and read back."""

from __future__ import annotations

import pytest

from reconcile.source import Span, span_document, span_of


@pytest.mark.parametrize("span", [None, Span("a.yaml", 7, 16, 2)])
def test_a_place_is_read_back_as_it_was_written(span):
    assert span_of(span_document(span)) == span


def test_a_document_names_each_part_of_a_place():
    assert span_document(Span("a.yaml", 7)) == {"file": "a.yaml", "line": 7, "column": 1, "width": 1}

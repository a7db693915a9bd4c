"""Errors of the YAML parser that no test file causes become findings too."""

from __future__ import annotations

import pytest
from yaml.error import YAMLError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

from reconcile.declare.file_text import MAX_LINE, decoded
from reconcile.declare.syntax import syntax_finding

TEXT = decoded("f", b"tenant: acme\nowner: b\n")


@pytest.mark.parametrize(
    "error, place, message",
    [
        pytest.param(
            ReaderError("f", 3, 7, "utf-8", "odd character"),
            "f:1:4",
            "this is not YAML: odd character",
            id="at-a-character",
        ),
        pytest.param(YAMLError("gave up"), "f:1:1", "this is not YAML: gave up", id="without-a-place"),
        pytest.param(ScannerError(problem="odd"), "f:1:1", "this is not YAML: odd", id="without-a-mark"),
        pytest.param(ScannerError(), "f:1:1", "this is not YAML: it cannot be read", id="without-words"),
    ],
)
def test_an_unknown_error_is_shown_as_it_is(error, place, message):
    finding = syntax_finding(TEXT, error)
    assert (str(finding.place), finding.message, finding.rule) == (place, message, "yaml-syntax")


def test_a_place_far_to_the_right_is_told_without_its_line():
    place = decoded("f", b"a" * 3 * MAX_LINE).place(2 * MAX_LINE)
    assert (place.span.column, place.span.width, place.line_text) == (2 * MAX_LINE + 1, 1, None)

"""Every value of a file is found again, at its characters."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconcile.declare.file_text import decoded
from reconcile.declare.locate import locate
from reconcile.engine.problems import Part, Pointer


def place(text, path=(), part=Part.VALUE, offset=0, width=None):
    pointer = Pointer("f", path, part, offset, width)
    found = locate([pointer], lambda _: decoded("f", text.encode()))[pointer]
    start = found.span.column - 1
    return f"{found.span.line}:{found.span.column} {found.line_text[start : start + found.span.width]}"


TEXT = """\
a: one
b: "two words"
c:
  - x: 'it''s'
    y: {deep: [1, 22]}
  - z:
d: >-
  folded
  text
"e": f
"""


@pytest.mark.parametrize(
    "pointer, expected",
    [
        pytest.param({"path": ("a",)}, "1:4 one", id="plain"),
        pytest.param({"path": ("a",), "part": Part.KEY}, "1:1 a", id="key"),
        pytest.param({"path": ("b",)}, '2:4 "two words"', id="quoted"),
        pytest.param({"path": ("b",), "offset": 4, "width": 5}, "2:9 words", id="inside-quotes"),
        pytest.param({"path": ("a",), "offset": 1, "width": 2}, "1:5 ne", id="inside-plain"),
        pytest.param({"path": ("a",), "offset": 3, "width": 1}, "1:7 ", id="at-its-end"),
        pytest.param({"path": ("b",), "offset": 99, "width": 1}, '2:4 "two words"', id="beyond-its-end"),
        pytest.param({"path": ("c", 0, "x"), "offset": 0, "width": 1}, "4:8 'it''s'", id="escaped"),
        pytest.param({"path": ("c", 0, "y", "deep", 1)}, "5:19 22", id="deep"),
        pytest.param({"path": ("c", 0, "y")}, "5:8 {deep: [1, 22]}", id="flow-mapping"),
        pytest.param({"path": ("c", 0)}, "4:5 x: 'it''s'", id="block-mapping"),
        pytest.param({"path": ("c",)}, "4:3 - x: 'it''s'", id="block-list"),
        pytest.param({"path": ("c", 1, "z")}, "6:5 z", id="no-value"),
        pytest.param({"path": ("d",), "offset": 2, "width": 3}, "7:4 >-", id="folded"),
        pytest.param({"path": ("e",), "part": Part.KEY}, '10:1 "e"', id="quoted-key"),
        pytest.param({"path": ()}, "1:1 a: one", id="document"),
        pytest.param({"path": ("c", 1, "nowhere")}, "6:5 z:", id="missing-in-a-mapping"),
        pytest.param({"path": ("c", 7, "nowhere")}, "4:3 - x: 'it''s'", id="missing-in-a-list"),
        pytest.param({"path": ("a", "b")}, "1:4 one", id="below-a-scalar"),
    ],
)
def test_a_value_is_found_at_its_characters(pointer, expected):
    assert place(TEXT, **pointer) == expected


def test_of_a_key_that_stands_twice_the_last_is_found():
    assert place("a: 1\na: 2\n", ("a",)) == "2:4 2"


def test_what_cannot_be_read_to_its_end_is_placed_as_far_as_it_goes():
    assert place("a: 1\nb: [", ("a",)) == "1:4 1"
    assert place("[", ("b",)) == "1:1 ["
    assert place("", ("b",)) == "1:1 "
    assert place("a: *b\n", ("a",)) == "1:4 *b"


def test_a_file_that_cannot_be_opened_is_placed_at_its_first_line():
    pointer = Pointer("gone", ("a",))
    found = locate([pointer], lambda _: None)
    assert str(found[pointer].span) == "gone:1:1"


KEYS = st.text("abc订 _", min_size=1, max_size=4)
LEAVES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=6)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, min_size=1, max_size=3), st.dictionaries(KEYS, inner, min_size=1)),
    max_leaves=8,
)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))
    else:
        yield path, value


@given(VALUES, st.booleans())
def test_every_value_is_found_where_it_is_written(value, is_flow):
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=is_flow, width=10**6, default_style='"')
    for path, leaf in leaves(value):
        pointer = Pointer("f", path)
        span, line_text = locate([pointer], lambda _: decoded("f", text.encode()))[pointer]
        raw = line_text[span.column - 1 : span.column - 1 + span.width]
        assert yaml.safe_load(raw) == leaf

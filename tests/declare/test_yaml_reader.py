"""The reader returns what PyYAML's own loader returns for a good file, and guesses nothing."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconcile.declare.file_text import decoded
from reconcile.declare.globs import matcher
from reconcile.declare.scalars import misreading, typed
from reconcile.declare.yaml_reader import MAX_DEPTH, read_yaml

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"]), max_size=12)
TEXT = TEXT.filter(lambda text: not misreading(text))  # such as Y, which PyYAML writes without quotes
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), TEXT)
VALUES = st.dictionaries(
    TEXT,
    st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)), max_leaves=12),
    min_size=1,
)


@given(VALUES, st.sampled_from([None, True, False]))
def test_it_reads_what_the_loader_wrote(value, flow):
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    content = read_yaml(decoded("f", text.encode()))
    assert (content.value, content.findings) == (value, [])


@given(st.binary(max_size=60))
def test_it_never_raises(raw):
    content = read_yaml(decoded("f", raw))
    assert content.findings or isinstance(content.value, dict | list | str | int | float)


@given(st.text("ab:-[]{}\"'\n \t?*&!|>#%@`,：　\x85\u2028\x07", max_size=40))
def test_it_never_raises_for_what_looks_like_yaml(text):
    content = read_yaml(decoded("f", text.encode()))
    for finding in content.findings:
        assert finding.place.line >= 1
        assert finding.place.column >= 1
        assert finding.place.column + finding.place.width - 1 <= len(finding.line_text) + 1


def test_collections_may_be_nested_as_deep_as_the_limit():
    assert read_yaml(decoded("f", b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)).findings == []
    assert len(read_yaml(decoded("f", b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))).findings) == 1


def test_lines_are_those_of_the_entries_of_the_last_schedules():
    text = "schedules:\n- a: 1\nschedules:\n- b: 1\n- 2\n- c: [1,\n   2]\n"
    assert read_yaml(decoded("f", text.encode())).lines == [4, 5, 6]


def test_an_alias_bomb_is_refused_alias_by_alias():
    text = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    assert [finding.rule for finding in read_yaml(decoded("f", text.encode())).findings] == [
        "anchor",
        "anchor",
        "alias",
        "alias",
        "anchor",
        "alias",
        "alias",
    ]


@pytest.mark.parametrize(
    "text, value",
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-7", -7),
        ("9999999999999999999", 9999999999999999999),
        ("1.25", 1.25),
        ("0 0 8 * * ?", "0 0 8 * * ?"),
        ("2024", 2024),
        ("text", "text"),
    ],
)
def test_a_plain_scalar_is(text, value):
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *["yes", "No", "ON", "off", "y", "N", "="],
        *["0123", "0o17", "08", "0x1f", "0b11", "1_000", "10:30", "1:2:3.5"],
        *["2024-1-1", "2024-01-01 10:00"],
        *["1e5", "1.5e3", "1.", ".5", "+1", "+0", "-.inf", ".NaN", "1" * 20, "-" + "1" * 19],
    ],
)
def test_a_plain_scalar_that_readers_disagree_about_is_text_and_told(text):
    assert typed(text) == text
    assert misreading(text)


@given(st.text("0123456789.+-_:xXoObeEaAfFiInNT ", max_size=12))
def test_what_another_reader_takes_for_no_text_is_typed_or_told(text):
    text = text.strip()
    reader = yaml.SafeLoader("")
    tag = reader.resolve(yaml.ScalarNode, text, (True, False))
    if tag != "tag:yaml.org,2002:str":
        assert typed(text) is not text or misreading(text)


@pytest.mark.parametrize(
    "pattern, path, covered",
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "a/b.yaml", False),
        ("./*.yaml", "a.yaml", True),
        ("a?.yaml", "ab.yaml", True),
        ("a?.yaml", "a/.yaml", False),
        ("**", "a/b/c.txt", True),
        ("**/*.yaml", "a.yaml", True),
        ("**/x/*.yaml", "a/b/x/c.yaml", True),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("[!ab].yaml", "/.yaml", False),
        ("[a^].yaml", "^.yaml", True),
        ("a[.yaml", "a[.yaml", True),
        ("a+(b).yaml", "a+(b).yaml", True),
    ],
)
def test_a_pattern_covers(pattern, path, covered):
    assert bool(matcher(pattern)(path)) is covered

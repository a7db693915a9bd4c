"""Both validators agree, and the schemas say what an editor needs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconcile import resources
from reconcile.declare.schema_check import fits, schema, schema_problems
from reconcile.declare.schema_wording import NOT_BUILT_YET
from tests.examples import examples

KINDS = ("workspace", "tenant", "set")
TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=8)
WORDS = st.sampled_from(
    [
        "x" * 64,
        "x" * 65,
        "名" * 200,
        "名" * 201,
        *["|", "a", "acme", "１", "١", "none", "10s", "50/s", "0/s", "1", "2.3", "/q", "q", "${A}", "http://a"],
    ]
)
NUMBERS = st.one_of(
    st.integers(-(10**18), 10**19 - 1),
    st.integers(-2, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, 0.5, 100.0, 100.5]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, TEXT)


def values(part: Any, whole: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values that mostly have the structure that *part* of a schema asks for, and often just miss it."""
    if "$ref" in part:
        target: Any = whole
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    choices = [st.sampled_from(part["examples"])] if "examples" in part else []
    if "enum" in part:
        choices.append(st.sampled_from(part["enum"]))
    if "object" in part.get("type", "") and depth < 6:
        choices = [objects(part, whole, depth)]
    if "array" in part.get("type", "") and depth < 6:
        choices.append(st.lists(values(part.get("items", {}), whole, depth + 1), max_size=3))
    return st.one_of(*choices, *choices, SCALARS) if choices else SCALARS


def objects(part: Any, whole: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    known = {key: values(value, whole, depth + 1) for key, value in part.get("properties", {}).items()}
    required = {key: known[key] for key in part.get("required", ()) if key in known}
    optional = {key: value for key, value in known.items() if key not in required}
    free = part.get("additionalProperties")
    more = values(free, whole, depth + 1) if isinstance(free, dict) else SCALARS
    extra = st.dictionaries(st.one_of(WORDS, TEXT), more, max_size=2 if free else 1)
    whole_one = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda own, others, keep: {**own, **others} if keep else own, whole_one, extra, st.booleans())


@st.composite
def documents(draw: st.DrawFn, kind: str) -> Any:
    """Draw a document; its strategy, built anew, has no endless name in reports."""
    return draw(_documents(kind))


@cache
def _documents(kind: str) -> st.SearchStrategy[Any]:
    return values(schema(kind), schema(kind))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@examples(3)
def test_both_validators_agree(kind, data):
    value = data.draw(documents(kind))
    jsonschema_fits = jsonschema.Draft202012Validator(schema(kind)).is_valid(value)
    assert fits(kind, value) == jsonschema_fits
    assert (schema_problems(kind, value, "f") == ()) == jsonschema_fits


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=70))
@example("é" * 64)
@examples(2)
def test_they_agree_on_any_text_where_a_name_is_meant(text):
    for value in ({"tenant": text}, {"tenant": "a", "schedules": [{"code": text, "labels": {text: text}}]}):
        assert fits("tenant", value) == (schema_problems("tenant", value, "f") == ())


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_schema(kind):
    jsonschema.Draft202012Validator.check_schema(json.loads(resources.schema_text(kind)))


def described(part: Any, way: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return every property of a schema, with the way to it."""
    found = []
    if isinstance(part, dict):
        for key, value in part.get("properties", {}).items() if isinstance(part.get("properties"), dict) else ():
            found.append((f"{way}/{key}", value))
        for key, value in part.items():
            found += described(value, f"{way}/{key}")
    return found


PROPERTIES = [pytest.param(kind, value, id=f"{kind}{way}") for kind in KINDS for way, value in described(schema(kind))]


@pytest.mark.parametrize("kind, value", PROPERTIES)
def test_every_key_has_a_description_and_an_example_that_fits(kind, value):
    whole = schema(kind)
    reference = value.get("$ref", "")
    target: Any = whole
    for step in reference.removeprefix("#/").split("/") if reference else ():
        target = target[step]
    merged = {**target, **value} if reference else value
    assert merged["description"]
    assert merged["examples"]
    validator = jsonschema.Draft202012Validator(
        {"$defs": whole["$defs"], **{k: v for k, v in merged.items() if k != "$ref"}}
    )
    for one in merged["examples"]:
        assert validator.is_valid(one)


def test_no_key_that_is_not_built_yet_is_a_key():
    keys = {way.rsplit("/", 1)[1] for kind in KINDS for way, _ in described(schema(kind))}
    assert keys & set(NOT_BUILT_YET) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_use_ascii_classes_only(kind):
    text = resources.schema_text(kind)
    assert not any(shorthand in text for shorthand in ("\\\\d", "\\\\w", "\\\\s", "\\\\b"))

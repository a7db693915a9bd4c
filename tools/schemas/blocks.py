"""The building blocks of the schemas: each returns the JSON Schema of one value, with its description and examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

Node: TypeAlias = dict[str, Any]

ID = {
    "pattern": "^[0-9A-Za-z_.-]{1,64}$",
    "patternErrorMessage": "1 to 64 letters, digits, `_`, `.` or `-` are allowed",
}


def value(kind: str | list[str], description: str, *examples: object, **more: object) -> Node:
    """Return a value of the JSON type *kind*; *more* are other keywords of JSON Schema."""
    node: Node = {"description": description, "type": kind, **more}
    return node | ({"examples": list(examples)} if examples else {})


def text(description: str, *examples: object, **more: object) -> Node:
    """Return a text."""
    return value("string", description, *examples, **more)


def text_or_null(description: str, *examples: object, **more: object) -> Node:
    """Return a text that may be null."""
    return value(["string", "null"], description, *examples, **more)


def flag(description: str, *examples: object, **more: object) -> Node:
    """Return true or false."""
    return value("boolean", description, *examples, **more)


def count(description: str, example: int = 0, *, minimum: int = 0) -> Node:
    """Return a whole number."""
    return value("integer", description, example, minimum=minimum)


def counts(description: str, named: Mapping[str, str]) -> Node:
    """Return an object with a whole number for each name; the values of *named* say what is counted."""
    node = record({name: count(f"How many: {what}.") for name, what in named.items()})
    return {"description": description, **node, "examples": [dict.fromkeys(named, 0)]}


def constant(description: str, only: object) -> Node:
    """Return a value that is always *only*."""
    return {"description": description, "const": only, "examples": [only]}


def null(description: str) -> Node:
    """Return a value that is always null."""
    return value("null", description, None)


def choice(description: str, values: Iterable[str | None], *examples: object, **more: object) -> Node:
    """Return one of *values*: texts, or members of an enumeration of the model; None is null."""
    allowed = [None if each is None else str(each) for each in values]
    node: Node = {"description": description} | ({} if None in allowed else {"type": "string"})
    return {**node, "enum": allowed, **more, "examples": list(examples)}


def listed(description: str, item: Node, *examples: object, **more: object) -> Node:
    """Return a list of *item*."""
    return {"description": description, "type": "array", "items": item, **more, "examples": list(examples)}


def ref(target: str, *examples: object, description: str | None = None) -> Node:
    """Return a reference to *target* (``file#definition``)."""
    node: Node = {} if description is None else {"description": description}
    return {**node, "$ref": place_of(target)} | ({"examples": list(examples)} if examples else {})


def ref_or_null(target: str, description: str, *examples: object) -> Node:
    """Return a reference to *target*, or null."""
    return {"description": description, "anyOf": [ref(target), {"type": "null"}], "examples": list(examples)}


def place_of(target: str) -> str:
    """Return the reference to ``file#definition`` from another file."""
    file, _, definition = target.partition("#")
    return f"{file}.schema.json#/$defs/{definition}"


def record(properties: Mapping[str, Node], *, optional: Iterable[str] = ()) -> Node:
    """Return an object of exactly these *properties*; those that are *optional* may be left out."""
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "required": required, "additionalProperties": False, "properties": dict(properties)}


def example(node: Node, **different: object) -> dict[str, Any]:
    """Return an example of the record *node*: the first example of each required property, or that in *different*."""
    return {name: different.get(name, node["properties"][name]["examples"][0]) for name in node["required"]}


def default_of(kind: Any, name: str) -> Any:
    """Return the default of the field *name* of the dataclass *kind*, as JSON."""
    (found,) = (each.default for each in dataclasses.fields(kind) if each.name == name)
    assert found is not dataclasses.MISSING, f"{kind.__name__}.{name} has no default"
    return list(found) if isinstance(found, tuple) else found


def setting(kind: Any, name: str, make: Callable[..., Node], description: str, *examples: object, **more: Any) -> Node:
    """Return the node of *make*, with the default of the field *name* of the dataclass *kind*."""
    default = default_of(kind, name)
    if isinstance(default, timedelta):
        default = f"{default.total_seconds():.0f}s"
    return make(description, *examples, **more, default=default)


def settings(description: str, properties: dict[str, Node], *examples: object) -> Node:
    """Return an object whose *properties* are all optional."""
    node: Node = {"description": description, "type": "object", "additionalProperties": False}
    return {**node, "properties": properties, "examples": list(examples)}


def words(description: str, longest: int, one: str) -> Node:
    """Return a text of at least one character, for example *one*."""
    return text(description, one, minLength=1, maxLength=longest)


def mapping(properties: dict[str, Node], *required: str) -> Node:
    """Return an object in which only *required* are required."""
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": properties}


def schema(title: str, description: str, node: Node, definitions: Mapping[str, Node], *, file: str) -> Node:
    """Return the whole schema *file*; references to itself have no file name."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "description": description}
    whole = {**head, **node} | ({"$defs": dict(definitions)} if definitions else {})
    drawn: Node = _within(whole, f"{file}.schema.json#")
    return drawn


def _within(node: Any, own: str) -> Any:
    if isinstance(node, Mapping):
        return {
            key: f"#{each.removeprefix(own)}" if key == "$ref" and each.startswith(own) else _within(each, own)
            for key, each in node.items()
        }
    return [_within(each, own) for each in node] if isinstance(node, list) else node

"""Values ⇄ their fields by name. Code that stores or shows a whole value takes its fields from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")


def field_values(value: DataclassInstance) -> dict[str, Any]:
    """Return the fields of *value* by name, in their order.

    `dataclasses.asdict` copies their content, which takes ten times as long; frozen values need no copy.
    """
    return {name: getattr(value, name) for name in _names(type(value))}


def with_fields(of: type[Value], values: Mapping[str, Any]) -> Value:
    """Return the value of the dataclass *of* whose fields are *values*.

    A field that is missing has its default, since older programs did not write it; what is not a field is left out.
    """
    return of(**{name: values[name] for name in _names(of) if name in values})


@cache
def _names(of: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of))

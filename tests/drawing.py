"""Values of the model, drawn field by field: a field that is new is drawn as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from reconcile.model.keys import Key
from reconcile.model.rules import RULES, Rule

Values = st.SearchStrategy[Any]

_PLAIN: Mapping[Any, Values] = {
    str: st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8),
    bool: st.booleans(),
    int: st.integers(0, 99),
    NoneType: st.none(),
    datetime: st.timedeltas(timedelta(0), timedelta(36_500)).map(datetime(2000, 1, 1, tzinfo=UTC).__add__),
    Rule: st.sampled_from(RULES),
    Key: st.builds(Key, st.sampled_from(["acme", "shop"]), st.sampled_from("123")),
}


def values(of: Any, **given: Values) -> Values:
    """Return values of the dataclass *of* in which each field is drawn: as *given*, else by its type."""
    return st.builds(of, **{field.name: values_of_field(of, field.name) for field in fields(of)} | given)


def values_of_field(of: Any, name: str) -> Values:
    """Return what the field *name* of the dataclass *of* may hold, by its type."""
    return _values(get_type_hints(of)[name])


def _values(hint: Any) -> Values:
    inner = get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(_values, inner))
    if get_origin(hint) is tuple and inner[1:] == (...,):
        return st.lists(_values(inner[0]), max_size=2).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(_values, inner))
    if get_origin(hint) is Mapping:
        return st.dictionaries(*map(_values, inner), max_size=2)
    return values(hint) if is_dataclass(hint) else st.sampled_from(hint)

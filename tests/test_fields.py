"""What stores, shows or compares a value takes all its fields, and what is read back is what was written.

A field that is new, and forgotten in one of `PLACES`, fails the test that names the place and the field. Where a field
is left out on purpose, the place says why.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.declare.schema_check import schema
from reconcile.model.change import Change
from reconcile.model.last_applied import Applied
from reconcile.model.live import LiveRow, Unreadable
from reconcile.report.document_members import change_document
from tests.contract.exchanges import exchanges
from tests.examples import examples
from tests.field_places import NO_IDS, PLACES, SCHEDULES


@pytest.mark.parametrize(
    "place, name",
    [
        pytest.param(place, one.name, id=f"{place.name}-{type(place.plain).__name__}.{one.name}")
        for place in PLACES
        for one in fields(place.plain)
    ],
)
@examples(0.05)
@given(st.data())
def test_a_place_takes_every_field_of_a_value(place, name, data):
    plain = place.plain
    other = replace(plain, **{name: data.draw(place.others(name))})
    of = f"{type(plain).__name__}.{name}"
    if name in place.left_out:
        assert place.write(other) == place.write(plain), f"{place.name} takes {of} after all"
        return
    assert place.write(other) != place.write(plain), f"{place.name} forgets {of}: take it, or say why it is left out"
    if place.read is not None:
        read_back = getattr(place.read(place.write(other)), name)
        assert read_back == getattr(other, name), f"{place.name} writes {of}, and its way back forgets it"


@pytest.mark.parametrize(
    "place",
    [pytest.param(one, id=f"{one.name}-{type(one.plain).__name__}") for one in PLACES if one.read is not None],
)
@examples(0.5)
@given(st.data())
def test_what_is_read_back_is_what_was_written(place, data):
    value = data.draw(place.values())
    left_out = {one.name: one.default for one in fields(value) if one.name in place.left_out}
    assert MISSING not in left_out.values()
    assert place.read(place.write(value)) == replace(value, **left_out)


@pytest.mark.parametrize(
    "name, of, left_out",
    [
        pytest.param("row", LiveRow, (), id="live-row"),
        pytest.param("unreadable", Unreadable, (), id="unreadable"),
        pytest.param("applied", Applied, NO_IDS, id="applied"),
    ],
)
def test_the_schema_of_a_value_has_every_field_of_it(name, of, left_out):
    shape = schema("plan")["$defs"][name]
    expected = [one.name for one in fields(of) if one.name not in left_out]
    assert list(shape["properties"]) == expected, f"schemas/plan.schema.json, $defs/{name}/properties"
    assert shape["required"] == expected, f"schemas/plan.schema.json, $defs/{name}/required"


@examples(0.5)
@given(SCHEDULES)
def test_the_schema_of_what_is_desired_knows_every_member_of_it(wanted):
    document = change_document(Change(wanted, None, ()))
    shapes = schema("plan")["$defs"]
    for name in ("desired", "source"):
        written = document[name] or {}
        assert written.keys() <= shapes[name]["properties"].keys(), f"schemas/plan.schema.json, $defs/{name}"
        assert written.keys() >= set(shapes[name]["required"]) or not written


@pytest.mark.parametrize(
    "exchange", [one for one in exchanges() if one.operation == "query"], ids=lambda exchange: exchange.name
)
def test_the_contract_says_of_every_field_of_a_live_row_what_a_reply_means(exchange):
    expected = [one.name for one in fields(LiveRow)]
    for rows in exchange.means.values():
        for one in rows:
            assert list(one) == expected, f"tests/contract/exchanges/{exchange.name}.json, means"

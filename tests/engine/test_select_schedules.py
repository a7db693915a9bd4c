"""Selecting schedules by tenant, code and label; what fits nothing is an error that names near ones."""

from __future__ import annotations

import pytest

from reconcile.engine.select_schedules import select
from reconcile.errors import UsageError
from reconcile.model.selection import EVERYTHING, Selection
from tests.builders import desired, key, schedule

DECLARED = desired(
    schedule("1", labels={"tier": "gold"}),
    schedule("2", labels={"tier": "gold", "team": "a"}),
    schedule("1", tenant="shop-hangzhou"),
)


def selected(**kinds):
    return list(select(Selection(**kinds), DECLARED))


def test_nothing_selects_everything():
    assert select(EVERYTHING, DECLARED) is DECLARED
    assert EVERYTHING.is_everything


@pytest.mark.parametrize(
    "kinds, expected",
    [
        pytest.param({"tenants": ("shop-*",)}, [key("1", "shop-hangzhou")], id="pattern"),
        pytest.param({"tenants": ("acme", "shop-*"), "codes": ("1",)}, [key(), key("1", "shop-hangzhou")], id="both"),
        pytest.param({"labels": (("tier", "gold"), ("team", "a"))}, [key("2")], id="all-labels-must-fit"),
    ],
)
def test_a_schedule_is_selected_when_each_kind_fits(kinds, expected):
    assert selected(**kinds) == expected


@pytest.mark.parametrize(
    "kinds, message, hint",
    [
        pytest.param({"tenants": ("acne",)}, "--tenant acne fits no", "did you mean acme?", id="tenant"),
        pytest.param({"codes": ("9",)}, "--code 9 is declared nowhere", "declared: 1, 2", id="code"),
        pytest.param({"labels": (("tier", "gol"),)}, "--label tier=gol is on no schedule", "did you mean", id="label"),
        pytest.param({"labels": (("x", "y"),)}, "--label x=y is on no schedule", "declared: team=a", id="unlike-any"),
        pytest.param({"tenants": ("shop-*",), "codes": ("2",)}, "fits all of", "leave out", id="together"),
    ],
)
def test_what_fits_nothing_is_an_error(kinds, message, hint):
    with pytest.raises(UsageError, match=message.replace("*", ".")) as caught:
        selected(**kinds)
    assert hint in (caught.value.hint or "")


def test_where_nothing_is_declared_there_is_nothing_to_name():
    with pytest.raises(UsageError) as caught:
        select(Selection(codes=("1",)), {})
    assert caught.value.hint == "there are none"


def test_labels_of_a_schedule_without_any_fit_nothing():
    with pytest.raises(UsageError, match="on no schedule"):
        select(Selection(labels=(("a", "b"),)), desired(schedule()))

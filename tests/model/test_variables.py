"""Variables in settings: named in the file, kept outside of it."""

from __future__ import annotations

import pytest

from reconcile.errors import SettingError
from reconcile.model.variables import expanded, variables_in


def test_each_variable_is_replaced_and_its_value_is_not_expanded_again():
    variables = {"A": "${B}", "B": "no"}
    assert expanded("x ${A} $A ${B}", "ledger", variables) == "x ${B} $A no"
    assert variables_in("x ${A} $A ${B}") == ["A", "B"]


@pytest.mark.parametrize(
    "text, variables, message",
    [
        pytest.param("${TOKEN}", {}, "variable TOKEN, which ledger needs, is not set", id="missing"),
        pytest.param("${TOKEN}", {"TOKEN": ""}, "variable TOKEN, which ledger needs, is set, but empty", id="empty"),
        pytest.param("${TOKEN", {"TOKEN": "x"}, "ledger holds a ${ that is not closed, or no name in it", id="open"),
    ],
)
def test_what_cannot_be_replaced_is_refused_and_names_variable_and_setting(text, variables, message):
    with pytest.raises(SettingError) as refused:
        expanded(text, "ledger", variables)
    assert refused.value.message == message
    assert refused.value.hint

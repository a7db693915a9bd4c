"""The exception tree is what its docstring draws, and each exception ends a run with the code written there."""

from __future__ import annotations

import re

import pytest

from reconcile import errors
from reconcile.model import finding

DRAWN = {name: int(code) for name, code in re.findall(r"(?m)^\s*(?:[├└]── |)(\w+Error)\s+(\d)", errors.__doc__ or "")}
NAMES = {**vars(errors), **vars(finding)}
CLASSES = {name: one for name, one in NAMES.items() if isinstance(one, type) and issubclass(one, Exception)}


def test_the_drawing_names_every_exception():
    assert set(DRAWN) == set(CLASSES)


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_an_exception_ends_a_run_with_the_code_in_the_drawing(name):
    assert CLASSES[name].exit_code == DRAWN[name]


def test_every_exception_has_the_one_root():
    assert all(issubclass(one, errors.ReconcileError) for one in CLASSES.values())


def test_an_error_keeps_message_hint_and_refusals():
    refused = finding.RefusedError("12 of 20 would change", hint="raise the limit", refusals=())
    assert (refused.message, refused.hint, str(refused), refused.refusals) == (
        "12 of 20 would change",
        "raise the limit",
        "12 of 20 would change",
        (),
    )


def test_a_cron_error_says_which_characters_it_means():
    error = errors.CronSyntaxError("hour 25", text="0 0 25 * * ?", column=4, width=2, field="hour")
    assert error.text[error.column : error.column + error.width] == "25"


def test_a_declaration_error_carries_its_findings():
    assert finding.DeclarationError("2 errors", findings=()).findings == ()

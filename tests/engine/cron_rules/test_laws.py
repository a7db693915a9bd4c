"""What holds for all crons: rules never crash, and mark characters of the text."""

from __future__ import annotations

import pytest
from hypothesis import given

from reconcile.cron import parse
from reconcile.engine.cron_rules import CHECKS, CheckedCron, check_cron
from reconcile.model.rules import CronRule
from tests.cron.strategies import expressions
from tests.cron.vectors import rows
from tests.engine.cron_rules.looking import NOW, ZoneInfo, found, look, marks

ZONES = [None, "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]


def strays(subject):
    """The marks that are not wholly within the text, or say nothing."""
    return [
        marked
        for marked in check_cron(subject)
        if not (
            marked.mark.column >= 0
            and marked.mark.width >= 1
            and marked.mark.column + marked.mark.width <= len(subject.text)
            and marked.mark.message
            and marked.mark.hint
        )
    ]


@given(expressions())
def test_marks_lie_within_the_text(text):
    assert strays(look(text, "America/New_York")) == []


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_no_vector_crashes_a_rule_or_is_marked_outside_of_its_text(zone):
    valid = [row["expr"] for row in rows() if row["valid"]]
    assert [stray for text in valid for stray in strays(look(text, zone))] == []


def test_every_rule_about_crons_has_one_check():
    # A syntax error is found by the parser.
    assert sorted(check.rule for check in CHECKS) == sorted({*CronRule} - {CronRule.CRON_SYNTAX})


def test_every_vector_that_breaks_quartz_is_found():
    broken = [row["expr"] for row in rows() if row["valid"] and row.get("fire_error")]
    assert broken
    assert [text for text in broken if "breaks-quartz" not in found(text)] == []


def test_a_mark_is_at_its_characters_where_upper_case_is_longer():
    (mark,) = marks("ignored-text", "0 0 2 ? * MONß,TUEX")[1:]
    assert ("0 0 2 ? * MONß,TUEX"[mark.column :], mark.width) == ("X", 1)


def test_a_letter_that_becomes_two_in_upper_case_is_marked_once():
    (mark,) = marks("ignored-text", "0 0 2 ? * 3ß")
    assert (mark.column, mark.width) == (11, 1)


def test_a_text_that_is_not_the_expression_s_own_is_marked_as_a_whole():
    (marked,) = check_cron(CheckedCron("0 H/45 2 * * ?", parse("0 7/45 2 * * ?"), ZoneInfo("UTC"), NOW))
    assert (marked.mark.column, marked.mark.width) == (0, 14)

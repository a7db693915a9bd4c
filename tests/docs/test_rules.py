"""docs/rules.md says what the table of rules says, and its examples are what they claim to be."""

from __future__ import annotations

import re

import pytest

from reconcile.engine.rules import RULES, check_cron
from tests.docs.rules import FILE, rules_table, subject

each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])


def test_the_document_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == rules_table(), "the page is not what the rules say: run make docs"


def test_ids_are_kebab_case_and_different():
    ids = [rule.id for rule in RULES]
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []
    assert len(set(ids)) == len(ids)


@each_rule
def test_a_summary_is_one_sentence(rule):
    assert re.fullmatch(r"[^.]+\.", rule.summary)


@each_rule
def test_the_bad_example_is_found_by_its_rule(rule):
    assert rule in [marked.rule for marked in check_cron(subject(rule.bad, rule))]


@each_rule
def test_the_good_example_is_clean_of_all_rules(rule):
    assert check_cron(subject(rule.good, rule)) == ()

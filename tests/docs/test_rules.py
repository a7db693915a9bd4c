"""docs/rules.md holds every rule, and its examples are what they claim to be."""

from __future__ import annotations

import re

import pytest

from reconcile.engine.cron_rules import CHECKS, check_cron
from reconcile.model.rules import RULES
from tests.docs.rules import checked
from tests.docs.tables import ROOT

ROW = re.compile(r"^\| \[?`([a-z0-9-]+)`", re.MULTILINE)

each_check = pytest.mark.parametrize("check", CHECKS, ids=[check.rule for check in CHECKS])


def test_the_document_has_a_row_for_each_rule():
    assert ROW.findall((ROOT / "docs" / "rules.md").read_text(encoding="utf-8")) == list(RULES)


@each_check
def test_the_bad_example_is_found_by_its_rule(check):
    assert check.rule in [marked.rule for marked in check_cron(checked(check.bad, check))]


@each_check
def test_the_good_example_is_clean_of_all_rules(check):
    assert check_cron(checked(check.good, check)) == ()

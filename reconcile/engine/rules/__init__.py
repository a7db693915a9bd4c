"""Rules for crons that Quartz accepts and that are suspicious all the same: one table, read by checks and docs.

>>> from datetime import UTC, datetime
>>> from reconcile.cron import parse
>>> text = "0 */45 * * * ?"
>>> for rule, mark in check_cron(Subject(text, parse(text), None, datetime(2026, 1, 1, tzinfo=UTC))):
...     print(rule.id, text[mark.column : mark.column + mark.width])
uneven-step */45
"""

from __future__ import annotations

from reconcile.engine.rules.clocks import CLOCKS
from reconcile.engine.rules.days import DAY_RULES
from reconcile.engine.rules.firing import FIRING
from reconcile.engine.rules.forms import FORMS
from reconcile.engine.rules.steps import STEPS
from reconcile.engine.rules.subject import Mark, Marked, Rule, Subject, placed

__all__ = ["RULES", "Mark", "Marked", "Rule", "Subject", "check_cron"]

RULES: tuple[Rule, ...] = (*FIRING, *DAY_RULES, *STEPS, *FORMS, *CLOCKS)


def check_cron(subject: Subject) -> tuple[Marked, ...]:
    """Return what the rules find in *subject*, in the table's order."""
    return tuple([Marked(rule, placed(subject, mark)) for rule in RULES for mark in rule.check(subject)])

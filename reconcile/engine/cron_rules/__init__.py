"""Checks for crons that Quartz accepts and that are suspicious all the same. Their rules are those of `CronRule`.

>>> from datetime import UTC, datetime
>>> from reconcile.cron import parse
>>> text = "0 */45 * * * ?"
>>> for rule, mark in check_cron(CheckedCron(text, parse(text), None, datetime(2026, 1, 1, tzinfo=UTC))):
...     print(rule, text[mark.column : mark.column + mark.width])
uneven-step */45
"""

from __future__ import annotations

from reconcile.engine.cron_rules.check import CheckedCron, CronCheck, Mark, Marked, in_text
from reconcile.engine.cron_rules.clocks import CLOCKS
from reconcile.engine.cron_rules.day_rules import DAY_RULES
from reconcile.engine.cron_rules.firing import FIRING
from reconcile.engine.cron_rules.forms import FORMS
from reconcile.engine.cron_rules.steps import STEPS

__all__ = ["CHECKS", "CheckedCron", "CronCheck", "Mark", "Marked", "check_cron"]

CHECKS: tuple[CronCheck, ...] = (*FIRING, *DAY_RULES, *STEPS, *FORMS, *CLOCKS)


def check_cron(cron: CheckedCron) -> tuple[Marked, ...]:
    """Return what the rules find in *cron*, in the table's order."""
    return tuple([Marked(one.rule, in_text(cron, mark)) for one in CHECKS for mark in one.check(cron)])

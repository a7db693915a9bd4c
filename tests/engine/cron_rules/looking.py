"""Crons looked at by the rules, in the shortest form that a test can hold against."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reconcile.cron import parse
from reconcile.engine.cron_rules import CheckedCron, Mark, check_cron
from reconcile.model.workspace import MAX_FIRES_PER_DAY

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def look(text, zone=None, *, now=NOW, most=MAX_FIRES_PER_DAY, quartz="2.3"):
    return CheckedCron(text, parse(text, quartz=quartz), ZoneInfo(zone) if zone else None, now, most)


def marks(rule: str, text, zone=None, **how) -> list[Mark]:
    return [marked.mark for marked in check_cron(look(text, zone, **how)) if marked.rule == rule]


def said(rule: str, text, zone=None, **how) -> list[tuple[str, str]]:
    """The marked characters and the message of each mark of one rule."""
    return [(text[one.column : one.column + one.width], one.message) for one in marks(rule, text, zone, **how)]


def found(text, zone=None, **how) -> set[str]:
    return {marked.rule for marked in check_cron(look(text, zone, **how))}

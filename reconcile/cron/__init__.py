"""Quartz cron expressions: parsed, compared and fired exactly as Quartz 2.3 does. Pure, and usable as a library.

>>> from datetime import UTC, datetime
>>> next_fire(parse("0 0 2 ? * MON-FRI"), datetime(2026, 3, 27, 3, tzinfo=UTC)).isoformat()
'2026-03-30T02:00:00+00:00'
"""

from reconcile.cron.description import words
from reconcile.cron.expression import Expression, hazard
from reconcile.cron.field_description import field_words
from reconcile.cron.fields import MAX_YEAR
from reconcile.cron.fire import fires, next_fire
from reconcile.cron.fire_counts import fire_count, fires_per_day, previous_fire
from reconcile.cron.hash_symbol import has_h, resolve_h
from reconcile.cron.meaning import Meaning
from reconcile.cron.parse import parse, same_fires
from reconcile.cron.terms import Form, ParsedField, Term
from reconcile.errors import CronSyntaxError

__all__ = [
    "MAX_YEAR",
    "CronSyntaxError",
    "Expression",
    "Form",
    "Meaning",
    "ParsedField",
    "Term",
    "field_words",
    "fire_count",
    "fires",
    "fires_per_day",
    "has_h",
    "hazard",
    "next_fire",
    "parse",
    "previous_fire",
    "resolve_h",
    "same_fires",
    "words",
]

"""Ids of rules, guards and outcomes: one that stands in several tables does so on purpose, and is named here."""

from __future__ import annotations

from collections import Counter

from reconcile.engine.guard import GUARDS
from reconcile.flows.wording import WORDS
from reconcile.model.rules import RULES

TABLES = {
    "rule": frozenset(map(str, RULES)),
    "guard": frozenset(guard.rule for guard in GUARDS),
    "reason": frozenset(WORDS),
}
# What is told of a run or a key by a finding, and of a change by a guard or an outcome.
SHARED = {
    "save-appends": {"rule", "guard", "reason"},  # saving was seen to add a job: found, and from then on refused
    "interrupted": {"rule", "reason"},  # a signal came before the key was read, or read back
    "landed-late": {"rule", "reason"},  # a save landed after it was read back: the reason as desired, the rule if not
    "moved-after": {"rule", "reason"},  # another program saved what this run had verified
    "unreadable": {"rule", "reason"},  # the key could not be read
    "ledger-behind": {"rule", "guard"},  # refused before a save; found by what only reads
    "known-elsewhere": {"rule", "guard"},  # refused before a save; found by what only reads
    "ledger-gone": {"rule", "guard"},  # refused before a save; found by what only reads, and after a save
}


def test_an_id_stands_in_several_tables_only_where_that_is_on_purpose():
    uses = Counter(one for table in TABLES.values() for one in table)
    shared = {one: {name for name, table in TABLES.items() if one in table} for one, count in uses.items() if count > 1}
    assert shared == SHARED

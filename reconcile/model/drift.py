"""The result of a drift check: the keys at which live is not as Git declares, and which of them moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconcile.exits import Exit
from reconcile.model.change import Change
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import Hold
from reconcile.model.rules import LedgerRule
from reconcile.model.verdicts import Condition, Verdict

_DOUBTED_LEDGER = frozenset(
    {LedgerRule.LEDGER_BEHIND, LedgerRule.KNOWN_ELSEWHERE, LedgerRule.LEDGER_GONE, LedgerRule.LEDGER_UNREADABLE}
)
_MOVED_VERDICTS = frozenset({Verdict.DRIFTED, Verdict.CONFLICTING, Verdict.VANISHED})
_MOVED_CONDITIONS = frozenset({Condition.DUPLICATE, Condition.INACTIVE})


def has_moved(change: Change) -> bool:
    """Return whether the live side moved: it was changed by other means than Git.

    Without last applied, a live row that differs from Git counts as moved, though it may as well be pending.
    """
    if change.verdict is Verdict.ORPHAN:
        return False
    if change.verdict in _MOVED_VERDICTS or _MOVED_CONDITIONS & set(change.conditions):
        return True
    return change.applied is None and change.verdict is Verdict.NEVER_APPLIED and change.live != ()


@dataclass(frozen=True)
class Drift:
    """A drift check of *environment*: *keys* are those with something to say, sorted; *unchanged* counts the rest.

    *holds* are those of *keys* that a rollback placed. With *is_strict* an orphan counts as moved. *first_seen* has the
    instant of the first check that saw a key that moved as it is now, in the zone of the environment; where that is not
    remembered, the key is missing.
    """

    environment: str
    keys: tuple[Change, ...]
    unchanged: int
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    is_strict: bool = False
    first_seen: Mapping[Key, datetime] = field(default_factory=dict)
    last_applied: LastAppliedSource = LastAppliedSource.NONE
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[Change, ...]:
        """Return the keys that moved."""
        return tuple(change for change in self.keys if self.has_moved(change))

    def has_moved(self, change: Change) -> bool:
        """Return whether *change*, one of the keys, counts as moved here."""
        return has_moved(change) or (self.is_strict and change.verdict is Verdict.ORPHAN)

    @property
    def is_complete(self) -> bool:
        """Return whether every selected key could be read."""
        return not any(change.verdict is Verdict.UNREADABLE for change in self.keys)

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the ledger is not the last one, or cannot be read: what it would know may have moved."""
        return any(finding.rule in _DOUBTED_LEDGER for finding in self.findings)

    @property
    def exit_code(self) -> Exit:
        """Return how the check ends: a key that could not be read beats one that moved; a doubt is no proof."""
        if not self.is_complete:
            return Exit.ERROR
        if self.moved:
            return Exit.DIFFERENT
        return Exit.ERROR if self.is_in_doubt else Exit.DONE

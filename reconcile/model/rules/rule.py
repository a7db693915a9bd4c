"""`Rule`: an id that can be printed, and the facts of every finding with that id."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self, cast


class Severity(StrEnum):
    """How bad a finding is, worst first: an *error* keeps a plan from being made."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


OF_THE_RULE: Final = cast(Severity, "")
"""A default for severities: use the severity of the rule."""


class Rule(StrEnum):
    """A rule: its id as text, and the facts of each of its findings. The subclasses are the kinds of rules.

    The id is stable and kebab-case, and the member's name is the id in capitals. *meaning* is one sentence about the
    finding, and *remedy* is what to do.
    """

    meaning: str
    remedy: str
    severity: Severity

    def __new__(cls, rule_id: str, meaning: str, remedy: str, severity: Severity = Severity.ERROR) -> Self:
        """Return the member with this id."""
        rule = str.__new__(cls, rule_id)
        rule._value_ = rule_id
        rule.meaning, rule.remedy, rule.severity = meaning, remedy, severity
        return rule

    @property
    def about(self) -> str:
        """Return what the rule is about, as its class says: ``cron``, ``file``, ``reply``, …"""
        return type(self).__name__.removesuffix("Rule").lower()

    @classmethod
    def unlisted(cls, rule_id: str) -> Self:
        """Return a rule that is in no table: another version of this program wrote its id."""
        rule = str.__new__(cls, rule_id)
        rule._name_ = rule._value_ = rule_id
        rule.meaning, rule.remedy, rule.severity = "", "", Severity.ERROR
        return rule

"""The rules: every id that can be printed, except ids of guards and outcomes, with its severity and its meaning.

Each kind of rule is an enum. A finding names its rule by a member, so a misspelt id is a type error. docs/rules.md is
generated from here. The ids of guards are those of `Refusal`; the reasons of outcomes stand in `flows.wording`.

>>> CronRule.NEVER_FIRES, CronRule.NEVER_FIRES.about, CronRule.NEVER_FIRES.severity.value
(<CronRule.NEVER_FIRES: 'never-fires'>, 'cron', 'warning')
>>> rule_called("never-fires") is CronRule.NEVER_FIRES
True
"""

from __future__ import annotations

from reconcile.model.rules.about_crons import CronRule
from reconcile.model.rules.about_declarations import ScheduleRule, WorkspaceRule
from reconcile.model.rules.about_files import CommentRule, FileRule
from reconcile.model.rules.about_runs import GitRule, LedgerRule, ReplyRule, RunRule
from reconcile.model.rules.rule import OF_THE_RULE, Rule, Severity

__all__ = [
    "KINDS",
    "OF_THE_RULE",
    "RULES",
    "SILENCEABLE",
    "CommentRule",
    "CronRule",
    "FileRule",
    "GitRule",
    "LedgerRule",
    "ReplyRule",
    "Rule",
    "RunRule",
    "ScheduleRule",
    "Severity",
    "WorkspaceRule",
    "rule_called",
]

KINDS: tuple[type[Rule], ...] = (
    CronRule,
    ScheduleRule,
    FileRule,
    CommentRule,
    WorkspaceRule,
    GitRule,
    ReplyRule,
    RunRule,
    LedgerRule,
)
RULES: tuple[Rule, ...] = tuple(rule for kind in KINDS for rule in kind)

SILENCEABLE: tuple[Rule, ...] = tuple(rule for rule in CronRule if rule.severity is not Severity.ERROR)
"""The rules that `rules:` of a workspace and comments in a file may silence: suspicions about crons."""

_BY_ID = {str(rule): rule for rule in RULES}


def rule_called(rule_id: str) -> Rule:
    """Return the rule with this id, which was read as text; an id that another version wrote may be in no table."""
    return _BY_ID.get(rule_id) or Rule.unlisted(rule_id)

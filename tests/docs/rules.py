"""The tables of docs/rules.md and docs/service.md, read from the rules; `tests.docs.tables` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reconcile.cron import parse
from reconcile.engine.cron_rules import CHECKS, CheckedCron, CronCheck, check_cron
from reconcile.model.rules import KINDS, SILENCEABLE, ReplyRule, Rule
from reconcile.model.workspace import MAX_FIRES_PER_DAY

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def checked(text: str, check: CronCheck) -> CheckedCron:
    """Return an example of *check*, ready to be checked."""
    return CheckedCron(text, parse(text), ZoneInfo(check.example_zone), NOW)


def rules() -> Iterator[str]:
    """Yield a section for each kind of rule, with a row for each of its rules."""
    explained = {check.rule for check in CHECKS}
    for kind in KINDS:
        rows = tuple(kind)
        yield f"## About: {rows[0].about}\n\n{kind.__doc__}\n"
        yield "| id | severity | can be silenced | what it means | what to do |"
        yield "|---|---|---|---|---|"
        yield from (_row(rule, is_linked=rule in explained) for rule in rows)
        yield ""


def _row(rule: Rule, *, is_linked: bool) -> str:
    name = f"[`{rule}`](#{rule})" if is_linked else f"`{rule}`"
    silenced = "yes" if rule in SILENCEABLE else "no"
    return f"| {name} | {rule.severity} | {silenced} | {rule.meaning} | {rule.remedy} |"


def cron_examples() -> Iterator[str]:
    """Yield a section for each check of crons: why it is suspicious, with an example of it and one without."""
    yield f"The examples are checked on {NOW:%Y-%m-%d}, in UTC unless the example names a zone, with the default limit"
    yield f"of {MAX_FIRES_PER_DAY} fires a day."
    for check in CHECKS:
        where = "" if check.example_zone == "UTC" else f" (in {check.example_zone})"
        found = next(marked.mark for marked in check_cron(checked(check.bad, check)) if marked.rule is check.rule)
        yield f"\n### {check.rule}\n\n{check.rule.meaning} {check.why}\n"
        yield f"Bad{where}: `{check.bad}`\n"
        yield f"> {found.message}\n>\n> hint: {found.hint}\n"
        yield f"Good{where}: `{check.good}`"


def replies() -> Iterator[str]:
    """Yield a row for each rule about the service's replies."""
    yield "| id | when | what to do |"
    yield "|---|---|---|"
    yield from (f"| `{rule}` | {rule.meaning} | {rule.remedy} |" for rule in ReplyRule)

"""docs/rules.md, read from the table of rules. ``python -m tests.docs.rules`` writes it anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from reconcile.cron import parse
from reconcile.engine.rules import RULES, Rule, Subject, check_cron
from reconcile.model.workspace import MAX_FIRES_PER_DAY

FILE = Path(__file__).parents[2] / "docs" / "rules.md"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

_HEAD = f"""\
# Rules

What these rules find Quartz accepts, and does; it is only hardly ever what was meant. An `error` must not reach the
service; a `warning` deserves a look; a `note` is worth knowing.

An example is looked at on {NOW:%Y-%m-%d}, in the zone that stands with it, where not in UTC. More than
{MAX_FIRES_PER_DAY} fires a day are too many where nothing else is set.
"""


def subject(text: str, rule: Rule) -> Subject:
    """Return an example of *rule* as it is looked at."""
    return Subject(text, parse(text), ZoneInfo(rule.example_zone), NOW)


def rules_table() -> str:
    """Return the whole of docs/rules.md."""
    rows = "\n".join(f"| [`{rule.id}`](#{rule.id}) | {rule.severity} | {rule.summary} |" for rule in RULES)
    sections = "\n".join(map(_section, RULES))
    return f"{_HEAD}\n| rule | severity | what it finds |\n|---|---|---|\n{rows}\n\n{sections}"


def _section(rule: Rule) -> str:
    where = "" if rule.example_zone == "UTC" else f" (in {rule.example_zone})"
    found = next(marked.mark for marked in check_cron(subject(rule.bad, rule)) if marked.rule is rule)
    return (
        f"## {rule.id}\n\n{rule.summary} {rule.why}\n\n"
        f"Bad{where}: `{rule.bad}`\n\n"
        f"> {found.message}\n>\n> hint: {found.hint}\n\n"
        f"Good{where}: `{rule.good}`\n"
    )


if __name__ == "__main__":
    FILE.write_text(rules_table(), encoding="utf-8")

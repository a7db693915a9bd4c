"""`explain`: what a cron expression means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import click

from reconcile import cron
from reconcile.commands.command_report import CommandReport
from reconcile.commands.decorators import command, grouped
from reconcile.commands.time_types import typed_zone
from reconcile.engine.explain_cron import explain as explained
from reconcile.errors import CronSyntaxError, UsageError
from reconcile.exits import Exit
from reconcile.model.reading import QUARTZ_VERSIONS, reading_at
from reconcile.model.selection import Selection
from reconcile.report.explanation_view import explanation_view, refused_cron_view
from reconcile.report.json_documents import error_document, explanation_document
from reconcile.session.command_line import Group
from reconcile.session.runtime import Runtime
from reconcile.source import Span


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """The options of `explain` alone."""

    against: str | None
    timezone: str
    count: int
    quartz: str
    lang: str


_OPTIONS = (
    click.option("--against", metavar="CRON", help="Also say what this one does otherwise."),
    click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="The zone in which it fires."),
    click.option(
        "--count",
        type=click.IntRange(0, 1000),
        default=5,
        show_default=True,
        metavar="N",
        help="How many fires to show.",
    ),
    click.option(
        "--quartz",
        type=click.Choice(QUARTZ_VERSIONS),
        default=QUARTZ_VERSIONS[0],
        show_default=True,
        help="Whose reading.",
    ),
    click.option(
        "--lang", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language of the words."
    ),
)


@click.command("explain")
@click.argument("expression", metavar="CRON")
@grouped(ExplainOptions, "own", _OPTIONS)
@command(Group.KEYS)
def explain(runtime: Runtime, *, expression: str, own: ExplainOptions) -> CommandReport:
    """Say what a Quartz cron expression means: words, fields, the next fires, and what is suspicious about it.

    Needs neither files nor the service. With --against, say what another does otherwise: exit 2 when they do not always
    fire at the same times. An H in it stands for the value that it has for the --tenant and --code given.
    """
    now = runtime.now.astimezone(typed_zone(own.timezone))
    try:
        first = _parsed(expression, runtime, own, now=now, place="<cron>")
        other = None if own.against is None else _parsed(own.against, runtime, own, now=now, place="<against>")
    except CronSyntaxError as error:
        return _refused(error, runtime)
    found = explained(first, now, count=own.count, language=own.lang, against=other, declared=expression)
    differ = found.comparison is not None and not found.comparison.is_same
    return CommandReport(
        explanation_document(found, runtime.head()),
        explanation_view(found),
        exit_code=Exit.DIFFERENT if differ else Exit.DONE,
    )


def _parsed(text: str, runtime: Runtime, own: ExplainOptions, *, now: datetime, place: str) -> cron.Expression:
    """Return the expression that *text* holds.

    Raises:
        CronSyntaxError: Quartz refuses it; its place is in *place*.
        UsageError: it holds an H, and not exactly one key is selected.
    """
    try:
        return reading_at(now, quartz=own.quartz).parse(_without_h(text, runtime.options.selection))
    except CronSyntaxError as error:
        error.place = Span(place, 1, error.column + 1, max(1, error.width))
        raise


def _without_h(text: str, selection: Selection) -> str:
    """Return *text* with each H resolved for the one key that is selected."""
    if not cron.has_h(text):
        return text
    if len(selection.tenants) != 1 or len(selection.codes) != 1:
        cron.resolve_h(text, "any", "any")  # a syntax error comes first
        hint = "name the key, as in --tenant acme --code 1085431505565651039"
        raise UsageError("H has another value for each tenant and code", hint=hint)
    return cron.resolve_h(text, selection.tenants[0], selection.codes[0])


def _refused(error: CronSyntaxError, runtime: Runtime) -> CommandReport:
    """Return the report about an expression that Quartz refuses; it shows the expression, with carets."""
    assert error.place is not None, "`_parsed` has set it"
    return CommandReport(
        error_document(error, runtime.head()),
        refused_cron_view(error, error.place),
        error.exit_code,
        error=f"{error.place}: {error.message}",
    )

"""Errors as reports, and a report in the format that was asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import click

from reconcile.commands.command_report import CommandReport
from reconcile.commands.common_options import not_taken
from reconcile.errors import OutputError, ReconcileError, UsageError
from reconcile.exits import Exit
from reconcile.report.document_head import Head
from reconcile.report.findings_view import error_view
from reconcile.report.formats import COMMON_FORMATS, FORMATS, Report
from reconcile.report.json_documents import OwnKind, error_document, error_entry
from reconcile.session.command_line import COMMON, Options
from reconcile.session.runtime import Runtime, tool_version
from reconcile.text import one_line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def failed(error: ReconcileError, runtime: Runtime | None, *, kind: OwnKind | None = None) -> CommandReport:
    """Return the report of a run that *error* stopped."""
    head = Head(tool_version(), _EPOCH) if runtime is None else runtime.head(runtime.facts.revision)
    line = f"{error.place}: {error.message}" if error.place is not None else error.message
    hint = f"\n    hint: {error.hint}" if error.hint else ""
    return CommandReport(
        error_document(error, head, kind=kind), error_view(error), error.exit_code, error=f"{line}{hint}"
    )


def misused(error: click.ClickException) -> UsageError:
    """Return what to say of a command line that click does not understand."""
    if isinstance(error, click.NoSuchOption) and (known := not_taken(error)) is not None:
        return known
    return UsageError(error.format_message(), hint="see reconcile --help, or --help after the command")


def unexpected(error: Exception, hide: Callable[[str], str]) -> ReconcileError:
    """Return what to say of an exception that was not expected, and that may say a secret."""
    words = one_line(hide(f"{type(error).__name__}: {error}"))
    return ReconcileError(f"this is a bug in reconcile: {words}", hint="-vv shows where it happened; please report it")


def with_error(report: CommandReport, error: OutputError) -> CommandReport:
    """Return *report* with *error* in its document too, and with its exit code where all else went well."""
    errors = [*report.document.get("errors", ()), error_entry(error)]
    code = error.exit_code if report.exit_code in (Exit.DONE, Exit.DIFFERENT) else report.exit_code
    return dataclasses.replace(report, document=report.document | {"errors": errors}, exit_code=code)


def format_for_stdout(options: Options | None, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the format for stdout, also when the command line could not be understood."""
    if options is not None:
        return options.format
    chosen = environ.get(COMMON["format"].variable, "").strip()
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--format":
            chosen = following
        elif argument.startswith("--format="):
            chosen = argument.removeprefix("--format=")
    return chosen if chosen in COMMON_FORMATS else COMMON_FORMATS[0]


def rendered(report: CommandReport, name: str) -> str:
    """Return *report* in the format called *name*, for a file."""
    return FORMATS[name](Report(report.document, report.view))


def report_of(report: CommandReport, name: str, *, colour: bool) -> str:
    """Return what stdout shows. As text, an error itself stands on stderr; stdout has what there is besides."""
    view = report.view
    if report.error is not None and name == "text":
        rest = tuple(section for section in view.sections if section.title != "Errors")
        if not rest:
            return ""
        view = dataclasses.replace(view, sections=rest)
    return FORMATS[name](Report(report.document, view, colour=colour))

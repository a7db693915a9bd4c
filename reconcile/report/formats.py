"""The formats of a report, one line each. A command says which of them it offers (`commands.decorators.command`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reconcile.report.document_members import Document
from reconcile.report.json_format import as_json
from reconcile.report.markdown_format import as_markdown
from reconcile.report.text_format import as_text
from reconcile.report.view import View


@dataclass(frozen=True, slots=True)
class Report:
    """The two sides of one report: what machines read, and what people do. *colour* is only for a terminal."""

    document: Document
    view: View
    colour: bool = False


Format: TypeAlias = Callable[[Report], str]

FORMATS: Mapping[str, Format] = {
    "text": lambda report: as_text(report.view, colour=report.colour),
    "json": lambda report: as_json(report.document),
    "markdown": lambda report: as_markdown(report.view),
}
# Offered by every command with a report. An error of the command line is shown in one of these, else in the first.
COMMON_FORMATS = ("text", "json", "markdown")

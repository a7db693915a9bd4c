"""What a command returns; `cli` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconcile.exits import Exit
from reconcile.report.document_members import Document
from reconcile.report.view import View


@dataclass(frozen=True, slots=True)
class CommandReport:
    """The report of a command: its document and its view, the *files* to write, and the exit code.

    *error* is what ended the run, for stderr.
    """

    document: Document
    view: View
    exit_code: Exit = Exit.DONE
    files: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

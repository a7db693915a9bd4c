"""The view of a history: what the jobs of one key did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.live import Live, Unreadable
from reconcile.report.findings_view import finding_blocks
from reconcile.report.plan_view import live_crons
from reconcile.report.view import Block, Note, Table, Tone, View, sections
from reconcile.text import counted
from reconcile.times import local_text

_COLUMNS = ("fired", "took", "run", "fired by", "trigger", "message")


def history_view(
    key: Key, live: Live, pages: Mapping[str, HistoryPage], *, timezone: tzinfo, findings: Iterable[Finding] = ()
) -> View:
    """Return the view of a key's history; times are shown in *timezone*."""
    total = sum(page.total for page in pages.values())
    return View(
        headline=f"History of {key.tenant} {key.code}",
        sections=sections(
            ("Live", (_live(live, pages),)),
            *((f"Job {job_id}", _blocks(page, timezone)) for job_id, page in pages.items()),
            ("Findings", finding_blocks(findings)),
        ),
        closing=_closing(live, total, pages),
    )


def _live(live: Live, pages: Mapping[str, HistoryPage]) -> Note:
    if isinstance(live, Unreadable):
        return Note(live_crons(live), live.hint, Tone.BAD)
    if not live and pages:
        return Note(f"{live_crons(live)}: the job ids are those that the ledger knows, newest first")
    return Note(live_crons(live))


def _closing(live: Live, total: int, pages: Mapping[str, HistoryPage]) -> str:
    if isinstance(live, Unreadable):
        return "The key could not be read."
    if not live and not pages:
        return "No live job holds this code, and no ledger knows the id of an earlier one: there is none to ask for."
    return f"{counted(total, 'execution')}."


def _blocks(page: HistoryPage, timezone: tzinfo) -> Iterator[Block]:
    if not page.executions:
        yield Note(f"no executions on page {page.index} of {page.pages}")
        return
    yield Table(_COLUMNS, tuple(_row(execution, timezone) for execution in page.executions))
    yield Note(f"page {page.index} of {page.pages}, newest first", tone=Tone.QUIET)


def _row(execution: Execution, timezone: tzinfo) -> tuple[str, ...]:
    return (
        _time(execution.fired_at, timezone),
        _took(execution),
        execution.run_status,
        execution.run_type,
        execution.trigger_status,
        execution.message,
    )


def _time(instant: datetime | None, timezone: tzinfo) -> str:
    return "-" if instant is None else local_text(instant.astimezone(timezone), timespec="milliseconds")


def _took(execution: Execution) -> str:
    if execution.started_at is None or execution.updated_at is None:
        return "-"
    return f"{(execution.updated_at - execution.started_at).total_seconds():.1f} s"

"""The views of what a ledger holds: runs, one run, the status of environments, and commands that change a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconcile.model.environment_status import EnvironmentStatus
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_change import LedgerChange
from reconcile.model.ledger_records import ChangeRecord, LockHolder, RunRecord, RunState
from reconcile.report.findings_view import finding_blocks
from reconcile.report.plan_view import SYMBOLS, TWO_WAY, live_crons
from reconcile.report.view import Block, Detail, Entry, Note, Table, Tone, View, sections
from reconcile.text import counted
from reconcile.times import instant_text

_COLUMNS = ("run", "kind", "ended", "by", "commit", "what")
_SHORT = 12
_TO_SETTLE = "the next apply reads what became of its saves, and settles it"


def runs_view(runs: Sequence[RunRecord], *, environment: str, lock: LockHolder | None = None) -> View:
    """Return the view of *runs*, newest first. *lock* is the holder of the lock."""
    blocks = (_table(runs, lock),) if runs else ()
    closing = f"{counted(len(runs), 'run')}." if runs else "No run is recorded."
    if any(record.state(lock) is RunState.UNRECORDED for record in runs):
        closing += f" What ended without a record: {_TO_SETTLE}."
    return View(f"Runs of {environment}", sections(("Newest first", blocks)), closing)


def run_record_view(
    record: RunRecord, changes: Sequence[ChangeRecord], *, environment: str, lock: LockHolder | None = None
) -> View:
    """Return the view of one run with what it did. *lock* is the holder of the lock."""
    start = record.start
    begun = instant_text(start.started_at)
    about = [Detail("by", start.actor), Detail("begun", begun), Detail("ended", _ended(record, lock))]
    about += [Detail("hint", _TO_SETTLE)] if record.state(lock) is RunState.UNRECORDED else []
    about += [
        Detail(name, value) for name, value in (("commit", start.revision), ("rolls back", start.of_run)) if value
    ]
    about += [Detail("overrides", ", ".join(start.overrides))] if start.overrides else []
    return View(
        f"Run {start.id} of {environment}",
        sections(
            ("About", (Entry("•", (start.kind.value,), tuple(about)),)),
            ("Changes", map(_change, changes)),
        ),
        _summed(record) or "Nothing was changed.",
    )


def status_view(statuses: Iterable[EnvironmentStatus]) -> View:
    """Return the view of the status of environments."""
    listed = tuple(statuses)
    parts = [(f"Environment {status.environment}", tuple(_status(status))) for status in listed]
    findings = finding_blocks(tuple(found for status in listed for found in status.findings))
    return View(
        _status_headline(listed),
        sections(*parts, ("Findings", findings)),
        "The services were not asked: plan and drift do that.",
    )


def _status_headline(statuses: Sequence[EnvironmentStatus]) -> str:
    without = [one.environment for one in statuses if one.last_applied is LastAppliedSource.NONE]
    if not without:
        return "Status"
    return f"Status{TWO_WAY}" if len(without) == len(statuses) else f"Status{TWO_WAY} ({', '.join(without)})"


def ledger_view(change: LedgerChange) -> View:
    """Return the view of a command that changed a ledger."""
    keys = (Note(str(key)) for key in change.keys)
    shown = sections(("Keys", keys), ("Findings", finding_blocks(change.findings)))
    return View(f"Ledger of {change.environment}", shown, change.message)


def _table(runs: Iterable[RunRecord], lock: LockHolder | None) -> Table:
    return Table(_COLUMNS, tuple(_row(record, lock) for record in runs))


def _row(record: RunRecord, lock: LockHolder | None) -> tuple[str, ...]:
    start = record.start
    kind = f"{start.kind.value} of {start.of_run}" if start.of_run else start.kind.value
    return (
        start.id,
        kind,
        _ended(record, lock),
        start.actor.split(" <")[0],
        (start.revision or "")[:_SHORT],
        _summed(record),
    )


def _ended(record: RunRecord, lock: LockHolder | None) -> str:
    if record.ending is not None and record.ended_at is not None:
        return f"{record.ending.value} {instant_text(record.ended_at)}"
    return {
        RunState.RUNNING: "running (it holds the lock)",
        RunState.SETTLED: f"without a record, settled by run {record.settled_by}",
    }.get(record.state(lock), "without a record")


def _summed(record: RunRecord) -> str:
    return ", ".join(f"{count} {name}" for name, count in record.summary.items() if count)


def _change(change: ChangeRecord) -> Entry:
    ended = "no outcome was recorded" if change.result is None else f"{change.result.value} ({change.reason})"
    details = [Detail("cron", f"{live_crons(change.before)} → {change.cron}"), Detail("outcome", ended)]
    if change.settled is not None:
        details.append(Detail("later", f"read {change.settled.value}"))
    if change.is_open:
        details.append(Detail("open", "the next apply reads what became of it", Tone.BAD))
    return Entry(SYMBOLS[change.action], (*change.key, change.name), tuple(details))


def _status(status: EnvironmentStatus) -> Iterator[Block]:
    source = {
        LastAppliedSource.LEDGER: f"the ledger {status.ledger}",
        LastAppliedSource.NONE: "nothing: two-way, no orphans",
    }[status.last_applied]
    known = [Detail("last applied from", source)]
    if status.revision is not None:
        since = counted(status.runs_since, "later run")
        but = f", but for what {since} may have saved" if status.runs_since else ""
        known.append(Detail("live commit", status.revision + but))
    elif status.last_applied is not LastAppliedSource.NONE:
        known.append(Detail("live commit", "not known: of the last runs none applied as a whole a commit that is here"))
    if status.last_applied is LastAppliedSource.LEDGER:
        known.append(Detail("keys known", str(status.keys)))
    if status.lineage is not None:
        known.append(Detail("lineage", f"{status.lineage.id}, at serial {status.lineage.serial}"))
    yield Entry("•", (status.environment,), (*known, *_lock(status.lock)))
    if status.runs:
        yield _table(status.runs, status.lock)
    for hold in status.holds:
        yield Entry("‖", tuple(hold.key), (Detail("held", hold.cause),))
    for run, change in status.open_changes:
        yield Entry("?", tuple(change.key), (Detail("open", f"run {run} began to save {change.cron}"),), Tone.BAD)


def _lock(lock: LockHolder | None) -> Iterator[Detail]:
    if lock is not None:
        who = f"by {lock.actor} since {instant_text(lock.since)}"
        where = f"run {lock.run}, lock {lock.id}, last renewed {instant_text(lock.renewed_at)} by its own clock"
        yield Detail("locked", f"{who} ({where})", Tone.BAD)

"""The documents of what a ledger holds: runs, the changes of one, and the status of environments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconcile.model.environment_status import EnvironmentStatus
from reconcile.model.field_values import field_values
from reconcile.model.ledger_change import LedgerChange
from reconcile.model.ledger_records import ChangeRecord, Hold, LockHolder, RunRecord
from reconcile.report.document_head import Head
from reconcile.report.document_members import Document, live_document
from reconcile.report.json_documents import head_members, tail_members
from reconcile.times import instant_text


def runs_document(
    runs: Sequence[RunRecord],
    head: Head,
    *,
    environment: str,
    changes: Sequence[ChangeRecord] | None = None,
    lock: LockHolder | None = None,
) -> Document:
    """Return the document of *runs*, newest first; of one run with its *changes*. *lock* is the holder of the lock."""
    return {
        **head_members("runs", head, environment),
        "complete": True,
        "runs": [_run(record, lock) for record in runs],
        "changes": None if changes is None else [_change(change) for change in changes],
        **tail_members((), ()),
    }


def status_document(statuses: Iterable[EnvironmentStatus], head: Head) -> Document:
    """Return the document of the status of environments."""
    listed = tuple(statuses)
    return {
        **head_members("status", head, None),
        "complete": all(status.is_complete for status in listed),
        "environments": [_status(status) for status in listed],
        **tail_members([finding for status in listed for finding in status.findings], ()),
    }


def ledger_document(change: LedgerChange, head: Head) -> Document:
    """Return the document of a command that changed a ledger."""
    return {
        **head_members("ledger", head, change.environment),
        "complete": True,
        "action": change.action,
        "message": change.message,
        "keys": [{"tenant": key.tenant, "code": key.code} for key in change.keys],
        "lock": None if change.lock is None else _lock(change.lock),
        **tail_members(change.findings, ()),
    }


def _run(record: RunRecord, lock: LockHolder | None) -> Document:
    start = record.start
    return {
        "run": start.id,
        "serial": record.serial,
        "kind": start.kind.value,
        "started_at": instant_text(start.started_at),
        "ended_at": None if record.ended_at is None else instant_text(record.ended_at),
        "ending": None if record.ending is None else record.ending.value,
        "state": record.state(lock).value,
        "settled_by": record.settled_by,
        "actor": start.actor,
        "revision": start.revision,
        "plan_digest": start.plan_digest,
        "desired_digest": start.desired_digest,
        "overrides": list(start.overrides),
        "of_run": start.of_run,
        "summary": dict(record.summary),
    }


def _change(change: ChangeRecord) -> Document:
    return {
        "tenant": change.key.tenant,
        "code": change.key.code,
        "action": change.action.value,
        "cron": change.cron,
        "name": change.name,
        "state": change.state.value,
        "before": live_document(change.before)["live"],
        "result": None if change.result is None else change.result.value,
        "reason": change.reason,
        "message": change.message,
        "saves": change.saves,
        "settled": None if change.settled is None else change.settled.value,
        "open": change.is_open,
    }


def _status(status: EnvironmentStatus) -> Document:
    return {
        "environment": status.environment,
        "last_applied": status.last_applied.value,
        "revision": status.revision,
        "ledger": status.ledger,
        "lineage": None if status.lineage is None else field_values(status.lineage),
        "keys": status.keys,
        "runs": [_run(record, status.lock) for record in status.runs],
        "runs_since": status.runs_since,
        "holds": [_hold(hold) for hold in status.holds],
        "open": [{"run": run, **_change(change)} for run, change in status.open_changes],
        "lock": None if status.lock is None else _lock(status.lock),
    }


def _hold(hold: Hold) -> Document:
    return {
        "tenant": hold.key.tenant,
        "code": hold.key.code,
        "cron": hold.cron,
        "name": hold.name,
        "run": hold.run,
        "reason": hold.reason,
        "placed_at": instant_text(hold.placed_at),
    }


def _lock(lock: LockHolder) -> Document:
    return {
        "id": lock.id,
        "run": lock.run,
        "actor": lock.actor,
        "since": instant_text(lock.since),
        "renewed_at": instant_text(lock.renewed_at),
    }

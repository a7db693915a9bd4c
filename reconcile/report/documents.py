"""Values → documents: what `--format json` prints and a plan file holds. `reading` goes the other way for plans.

The order of the keys is part of the format; lists are sorted as the values are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeAlias

from reconcile.engine.explain import Comparison, Explanation
from reconcile.errors import DeclarationError, ReconcileError, RefusedError
from reconcile.model.change import Change
from reconcile.model.drift import Drift
from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.finding import Finding, Refusal, Severity
from reconcile.model.keys import Key
from reconcile.model.ledger import RunStart
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Attention, Plan
from reconcile.model.run import Run
from reconcile.model.schedule import DeclaredAt, Schedule
from reconcile.model.selection import Selection
from reconcile.model.states import Applied, Live, Unreadable
from reconcile.report.head import FORMAT_VERSION, Head
from reconcile.source import Span

Document: TypeAlias = dict[str, Any]


def plan_document(plan: Plan, head: Head) -> Document:
    """Return the document of a plan."""
    blocked = _rules(plan.refusals)
    return {
        **head_members("plan", head, plan.environment, digest=plan.digest, desired_digest=plan.desired_digest),
        "complete": plan.is_complete,
        "last_applied": plan.last_applied.value,
        "selection": _selection(plan.selection),
        "summary": asdict(plan.summary),
        "populations": dict(sorted(plan.populations.items())),
        "changes": [change_document(change, blocked.get(change.key, ())) for change in plan.changes],
        "attention": [_attention(attention) for attention in plan.attention],
        "refusals": [_refusal(refusal) for refusal in plan.refusals],
        **tail_members(plan.findings, plan.assumptions),
    }


def run_document(run: Run, head: Head) -> Document:
    """Return the document of an apply."""
    plan = run.plan
    blocked = _rules(run.refusals)
    return {
        **head_members("run", head, plan.environment, digest=plan.digest, desired_digest=plan.desired_digest),
        "complete": plan.is_complete,
        "last_applied": plan.last_applied.value,
        "interrupted": run.interrupted,
        "recorded": run.is_recorded,
        "run": None if run.start is None else _start(run.start),
        "summary": {result.value: run.count(result) for result in Result} | {"unchanged": plan.unchanged},
        "changes": [_outcome(outcome, blocked.get(outcome.key, ())) for outcome in run.outcomes],
        "attention": [_attention(attention) for attention in plan.attention],
        "refusals": [_refusal(refusal) for refusal in run.refusals],
        **tail_members((*plan.findings, *run.findings), plan.assumptions),
    }


def drift_document(drift: Drift, head: Head, *, desired_digest: str | None = None) -> Document:
    """Return the document of a drift check."""
    counts = Counter(change.verdict.value for change in drift.keys)
    return {
        **head_members("drift", head, drift.environment, desired_digest=desired_digest),
        "complete": drift.is_complete,
        "last_applied": drift.last_applied.value,
        "summary": {"moved": len(drift.moved), "unchanged": drift.unchanged, "verdicts": dict(sorted(counts.items()))},
        "keys": [_drifted(change, drift) for change in drift.keys],
        **tail_members(drift.findings, drift.assumptions),
    }


def history_document(
    key: Key,
    live: Live,
    pages: Mapping[str, HistoryPage],
    head: Head,
    *,
    environment: str,
    findings: Iterable[Finding] = (),
) -> Document:
    """Return the document of a key's history: one page for each of its jobs."""
    return {
        **head_members("history", head, environment),
        "complete": not isinstance(live, Unreadable),
        "tenant": key.tenant,
        "code": key.code,
        **live_document(live),
        "jobs": [_page(job_id, page) for job_id, page in pages.items()],
        **tail_members(findings, ()),
    }


def explanation_document(explanation: Explanation, head: Head) -> Document:
    """Return the document of an explanation of a cron expression."""
    return {
        **head_members("explanation", head, None),
        "complete": True,
        "cron": explanation.text,
        "declared_cron": explanation.declared,
        "words": explanation.words,
        "fields": [asdict(field) for field in explanation.fields],
        "timezone": explanation.timezone,
        "never_fires": explanation.never_fires,
        "fires_per_day": explanation.fires_per_day,
        "fires": _fires(explanation.fires),
        "hazard": explanation.hazard,
        "against": None if explanation.comparison is None else _comparison(explanation.comparison),
        **tail_members(explanation.findings, ()),
    }


def findings_document(
    findings: tuple[Finding, ...], head: Head, *, environment: str | None = None, schedules: int = 0, tenants: int = 0
) -> Document:
    """Return the document of a validation."""
    counts = Counter(finding.severity for finding in findings)
    return {
        **head_members("findings", head, environment),
        "complete": True,
        "summary": {severity.value: counts[severity] for severity in Severity}
        | {"schedules": schedules, "tenants": tenants},
        **tail_members(findings, ()),
    }


def error_document(error: ReconcileError, head: Head, *, kind: str | None = None) -> Document:
    """Return the document of a run that *error* stopped, with the findings or refusals that it carries."""
    findings = error.findings if isinstance(error, DeclarationError) else ()
    refusals = error.refusals if isinstance(error, RefusedError) else ()
    return {
        **head_members("error", head, None),
        "complete": False,
        "refusals": [_refusal(refusal) for refusal in refusals],
        **tail_members(findings, (), errors=(error_entry(error, kind=kind),)),
    }


def error_entry(error: ReconcileError, *, kind: str | None = None) -> Document:
    """Return one of a document's `errors`; its kind is the name of the class in lower case, without *Error*."""
    name = kind or "".join(
        f"-{sign.lower()}" if sign.isupper() else sign for sign in type(error).__name__.removesuffix("Error")
    ).removeprefix("-")
    return {"kind": name, "message": error.message, "hint": error.hint, "place": _place(error.place)}


def change_document(change: Change, blocked_by: Iterable[str] = ()) -> Document:
    """Return one of a document's `changes` or `keys`; *blocked_by* are the rules that refuse it."""
    action = change.action
    return {
        "tenant": change.key.tenant,
        "code": change.key.code,
        "action": action.value if action is not None else None,
        "verdict": change.verdict.value,
        "conditions": [condition.value for condition in change.conditions],
        **live_document(change.live),
        "applied": _applied(change.applied) if change.applied is not None else None,
        "desired": _desired(change.desired),
        "fields": list(change.fields),
        "blocked_by": list(blocked_by),
        "source": _source(change.desired),
    }


def head_members(
    kind: str, head: Head, environment: str | None, *, digest: str | None = None, desired_digest: str | None = None
) -> Document:
    """Return the members that every document begins with."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "environment": environment,
        "digest": digest,
        "desired_digest": desired_digest,
        "tool_version": head.tool_version,
        "generated_at": head.stamp,
        "git_revision": head.git_revision,
    }


def tail_members(
    findings: Iterable[Finding], assumptions: Iterable[str], *, errors: Iterable[Document] = ()
) -> Document:
    """Return the members that every document ends with."""
    return {
        "findings": [_finding(finding) for finding in findings],
        "errors": list(errors),
        "assumptions": list(assumptions),
    }


def live_document(live: Live) -> Document:
    """Return the member `live` of a document, and why there is none where it could not be read."""
    if isinstance(live, Unreadable):
        return {"live": None, "unreadable": asdict(live)}
    rows = [{"job_id": row.job_id, "cron": row.cron, "status": row.status, "active": row.active} for row in live]
    return {"live": rows}


def _desired(schedule: Schedule) -> Document:
    """What Git wants; what says nothing beyond the ordinary is left out.

    *cron* is what a save writes; a parked schedule keeps its own as *resolved_cron*.
    """
    document: Document = {
        "cron": schedule.wanted_cron,
        "declared_cron": schedule.declared_cron,
        "name": schedule.name,
        "state": schedule.state.value,
        "protect": schedule.protect,
    }
    if not isinstance(schedule.origin, DeclaredAt):
        document["origin"] = schedule.origin.word
    if schedule.cron != schedule.wanted_cron:
        document["resolved_cron"] = schedule.cron
    if schedule.owner is not None:
        document["owner"] = schedule.owner
    if schedule.description is not None:
        document["description"] = schedule.description
    if schedule.labels:
        document["labels"] = dict(sorted(schedule.labels.items()))
    return document


def _applied(applied: Applied) -> Document:
    return {"cron": applied.cron, "name": applied.name, "run": applied.run, "revision": applied.revision}


def _source(schedule: Schedule) -> Document | None:
    match schedule.origin:
        case DeclaredAt(file, line):
            return {"file": file, "line": line}
        case _:
            return None


def _drifted(change: Change, drift: Drift) -> Document:
    hold = drift.held.get(change.key)
    return change_document(change) | {
        "moved": drift.has_moved(change),
        "held_by": hold.run if hold is not None else None,
    }


def _selection(selection: Selection) -> Document:
    return {
        "tenants": list(selection.tenants),
        "codes": list(selection.codes),
        "labels": [f"{name}={text}" for name, text in selection.labels],
    }


def _attention(attention: Attention) -> Document:
    return {
        "tenant": attention.key.tenant,
        "code": attention.key.code,
        "verdict": attention.verdict.value,
        "conditions": [condition.value for condition in attention.conditions],
        **live_document(attention.live),
        "message": attention.message,
        "hint": attention.hint,
    }


def _refusal(refusal: Refusal) -> Document:
    return {
        "rule": refusal.rule,
        "message": refusal.message,
        "hint": refusal.hint,
        "setting": refusal.setting,
        "override": refusal.override,
        "tenant": refusal.tenant,
        "code": refusal.key.code if refusal.key is not None else None,
    }


def _finding(finding: Finding) -> Document:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": _place(finding.place),
        "hint": finding.hint,
        "line_text": finding.line_text,
        **_key(finding.key),
    }


def _key(key: Key | None) -> Document:
    return {"tenant": None, "code": None} if key is None else {"tenant": key.tenant, "code": key.code}


def _place(place: Span | None) -> Document | None:
    return asdict(place) if place is not None else None


def _rules(refusals: Iterable[Refusal]) -> Mapping[Key, list[str]]:
    """Return the rules that refuse single keys, by key."""
    rules: dict[Key, list[str]] = {}
    for refusal in refusals:
        if refusal.key is not None:
            rules.setdefault(refusal.key, []).append(refusal.rule)
    return rules


def _comparison(other: Comparison) -> Document:
    return {
        "cron": other.text,
        "words": other.words,
        "same": other.is_same,
        "fires_per_day": other.fires_per_day,
        "only_here": _fires(other.only_here),
        "only_there": _fires(other.only_there),
    }


def _fires(fires: Iterable[datetime]) -> list[Document]:
    return [{"local": fire.isoformat(), "utc": fire.astimezone(UTC).isoformat()} for fire in fires]


def _start(start: RunStart) -> Document:
    return {
        "id": start.id,
        "kind": start.kind.value,
        "actor": start.actor,
        "overrides": list(start.overrides),
        "of_run": start.of_run,
    }


def _outcome(outcome: Outcome, blocked_by: Iterable[str]) -> Document:
    return change_document(outcome.change, blocked_by) | {
        "outcome": {
            "result": outcome.result.value,
            "reason": outcome.reason,
            "message": outcome.message,
            "hint": outcome.hint,
            "saves": outcome.saves,
            "in_doubt": outcome.in_doubt,
            **(live_document(outcome.live) if outcome.live is not None else {"live": None}),
        }
    }


def _page(job_id: str, page: HistoryPage) -> Document:
    return {
        "job_id": job_id,
        "page": page.index,
        "page_size": page.size,
        "pages": page.pages,
        "total": page.total,
        "executions": [_execution(execution) for execution in page.executions],
    }


def _execution(execution: Execution) -> Document:
    times = {name: getattr(execution, name) for name in ("fired_at", "started_at", "updated_at")}
    return {
        "trigger_id": execution.trigger_id,
        **{name: time.isoformat() if time is not None else None for name, time in times.items()},
        "run_status": execution.run_status,
        "succeeded": execution.succeeded,
        "trigger_status": execution.trigger_status,
        "run_type": execution.run_type,
        "message": execution.message,
    }

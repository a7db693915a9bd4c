"""Values → documents: what `--format json` prints and a plan file holds; a plan is read back by `plan_of`.

The order of the keys is part of the format; lists are sorted as the values are. `members` has what documents share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from reconcile.engine.explain_cron import Comparison, Explanation
from reconcile.errors import ReconcileError
from reconcile.model.change import Change
from reconcile.model.drift import Drift
from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.finding import DeclarationError, Finding, Refusal, RefusedError
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import RunStart
from reconcile.model.live import Live, Unreadable
from reconcile.model.outcome import Outcome, Result
from reconcile.model.plan import Plan
from reconcile.model.rules import Severity
from reconcile.model.run import Run
from reconcile.report.document_head import FORMAT_VERSION, Head
from reconcile.report.document_members import (
    Document,
    attention_document,
    attention_of,
    change_document,
    change_of,
    finding_document,
    finding_of,
    live_document,
    refusal_document,
    refusal_of,
    selection_document,
    selection_of,
)
from reconcile.source import span_document
from reconcile.times import instant_text

OwnKind: TypeAlias = Literal["bug", "interrupted"]
"""The kinds of errors that have no class of their own."""


def plan_document(plan: Plan, head: Head) -> Document:
    """Return the document of a plan."""
    blocked = _rules(plan.refusals)
    return {
        **head_members("plan", head, plan.environment, digest=plan.digest, desired_digest=plan.desired_digest),
        "complete": plan.is_complete,
        "last_applied": plan.last_applied.value,
        "selection": selection_document(plan.selection),
        "summary": asdict(plan.summary),
        "populations": dict(sorted(plan.populations.items())),
        "changes": [change_document(change, blocked.get(change.key, ())) for change in plan.changes],
        "attention": [attention_document(attention) for attention in plan.attention],
        "refusals": [refusal_document(refusal) for refusal in plan.refusals],
        **tail_members(plan.findings, plan.assumptions),
    }


def plan_of(document: Mapping[str, Any]) -> Plan:
    """Return the plan of *document*, which fits its schema. Its digest is the one it claims to have."""
    return Plan(
        environment=document["environment"],
        changes=tuple(change_of(entry) for entry in document["changes"]),
        attention=tuple(attention_of(entry) for entry in document["attention"]),
        unchanged=document["summary"]["unchanged"],
        populations=document["populations"],
        digest=document["digest"],
        desired_digest=document["desired_digest"],
        selection=selection_of(document["selection"]),
        last_applied=LastAppliedSource(document["last_applied"]),
        refusals=tuple(refusal_of(entry) for entry in document["refusals"]),
        findings=tuple(finding_of(entry) for entry in document["findings"]),
        assumptions=tuple(document["assumptions"]),
    )


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
        "attention": [attention_document(attention) for attention in plan.attention],
        "refusals": [refusal_document(refusal) for refusal in run.refusals],
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
        "ids_from": "ledger" if live == () and pages else "live",
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


def error_document(error: ReconcileError, head: Head, *, kind: OwnKind | None = None) -> Document:
    """Return the document of a run that *error* stopped, with the findings or refusals that it carries."""
    findings = error.findings if isinstance(error, DeclarationError) else ()
    refusals = error.refusals if isinstance(error, RefusedError) else ()
    return {
        **head_members("error", head, None),
        "complete": False,
        "refusals": [refusal_document(refusal) for refusal in refusals],
        **tail_members(findings, (), errors=(error_entry(error, kind=kind),)),
    }


def error_entry(error: ReconcileError, *, kind: OwnKind | None = None) -> Document:
    """Return one of a document's `errors`; its kind is the name of the class in lower case, without *Error*."""
    name = kind or "".join(
        f"-{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__.removesuffix("Error")
    ).removeprefix("-")
    return {"kind": name, "message": error.message, "hint": error.hint, "place": span_document(error.place)}


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
        "findings": [finding_document(finding) for finding in findings],
        "errors": list(errors),
        "assumptions": list(assumptions),
    }


def _drifted(change: Change, drift: Drift) -> Document:
    hold, since = drift.holds.get(change.key), drift.first_seen.get(change.key)
    return change_document(change) | {
        "moved": drift.has_moved(change),
        "first_seen": instant_text(since) if since is not None else None,
        "held_by": hold.run if hold is not None else None,
    }


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

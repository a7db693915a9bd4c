"""The members that several documents have, each beside its way back: `change_document` and `change_of`, and so on.

What is computed from a change (action, verdict, conditions, fields) is shown, and computed again when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from reconcile.model.change import Change
from reconcile.model.field_values import field_values, with_fields
from reconcile.model.finding import Finding, Refusal
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.live import Live, LiveRow, Unreadable
from reconcile.model.plan import Attention
from reconcile.model.rules import ReplyRule, Severity, rule_called
from reconcile.model.schedule import BeforeRun, DeclaredAt, Origin, Removed, Schedule, State
from reconcile.model.selection import Selection
from reconcile.model.verdicts import Condition, Verdict
from reconcile.source import span_document, span_of

Document: TypeAlias = dict[str, Any]
Entry: TypeAlias = Mapping[str, Any]


def change_document(change: Change, blocked_by: Iterable[str] = ()) -> Document:
    """Return one of a document's `changes` or `keys`; *blocked_by* are the rules that refuse it."""
    action = change.action
    return {
        **_key_document(change.key),
        "action": action.value if action is not None else None,
        "verdict": change.verdict.value,
        "conditions": [condition.value for condition in change.conditions],
        **live_document(change.live),
        "applied": _applied_document(change.applied) if change.applied is not None else None,
        "desired": _desired_document(change.desired),
        "fields": list(change.fields),
        "blocked_by": list(blocked_by),
        "source": _declared_at_document(change.desired),
    }


def change_of(entry: Entry) -> Change:
    """Return what `change_document` was made from, but for the job ids of last applied, which no document shows."""
    return Change(
        _desired_of(entry), None if entry["applied"] is None else _applied_of(entry["applied"]), live_of(entry)
    )


def attention_document(attention: Attention) -> Document:
    """Return one of a document's `attention`."""
    return {
        **_key_document(attention.key),
        "verdict": attention.verdict.value,
        "conditions": [condition.value for condition in attention.conditions],
        **live_document(attention.live),
        "message": attention.message,
        "hint": attention.hint,
        **({} if attention.rule is None else {"rule": attention.rule}),
    }


def attention_of(entry: Entry) -> Attention:
    """Return what `attention_document` was made from."""
    return Attention(
        Key(entry["tenant"], entry["code"]),
        Verdict(entry["verdict"]),
        tuple(Condition(condition) for condition in entry["conditions"]),
        live_of(entry),
        entry["message"],
        entry["hint"],
        entry.get("rule"),
    )


def live_document(live: Live) -> Document:
    """Return the member `live` of a document, and why there is none where it could not be read."""
    if isinstance(live, Unreadable):
        return {"live": None, "unreadable": field_values(live)}
    return {"live": [field_values(row) for row in live]}


def live_of(entry: Entry) -> Live:
    """Return what `live_document` was made from."""
    if entry["live"] is None:
        unknown = {"rule": ReplyRule.UNREADABLE, "message": "it could not be read", "hint": None}
        reason = entry.get("unreadable", unknown)
        return with_fields(Unreadable, {**reason, "rule": rule_called(reason["rule"])})
    return tuple(with_fields(LiveRow, row) for row in entry["live"])


def selection_document(selection: Selection) -> Document:
    """Return the member `selection` of a document."""
    return {
        "tenants": list(selection.tenants),
        "codes": list(selection.codes),
        "labels": [f"{name}={text}" for name, text in selection.labels],
    }


def selection_of(entry: Entry) -> Selection:
    """Return what `selection_document` was made from."""
    labels = (label.partition("=") for label in entry["labels"])
    return Selection(tuple(entry["tenants"]), tuple(entry["codes"]), tuple((one[0], one[2]) for one in labels))


def refusal_document(refusal: Refusal) -> Document:
    """Return one of a document's `refusals`."""
    return {
        "rule": refusal.rule,
        "message": refusal.message,
        "hint": refusal.hint,
        "setting": refusal.setting,
        "override": refusal.override,
        "tenant": refusal.tenant,
        "code": refusal.key.code if refusal.key is not None else None,
    }


def refusal_of(entry: Entry) -> Refusal:
    """Return what `refusal_document` was made from."""
    refusal = Refusal(
        entry["rule"],
        entry["message"],
        setting=entry["setting"],
        override=entry["override"],
        tenant=entry["tenant"],
        key=_key_of(entry),
    )
    return refusal if refusal.hint == entry["hint"] else replace(refusal, remedy=entry["hint"])


def finding_document(finding: Finding) -> Document:
    """Return one of a document's `findings`."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": span_document(finding.place),
        "hint": finding.hint,
        "line_text": finding.line_text,
        **_key_document(finding.key),
    }


def finding_of(entry: Entry) -> Finding:
    """Return what `finding_document` was made from."""
    return Finding(
        rule_called(entry["rule"]),
        entry["message"],
        severity=Severity(entry["severity"]),
        place=span_of(entry["place"]),
        hint=entry["hint"],
        line_text=entry["line_text"],
        key=_key_of(entry),
    )


def _desired_document(schedule: Schedule) -> Document:
    """What Git wants; what says nothing beyond the ordinary is left out.

    *cron* is what a save writes; a parked schedule keeps its own as *resolved_cron*.
    """
    document: Document = {
        "cron": schedule.cron_to_save,
        "declared_cron": schedule.declared_cron,
        "name": schedule.name,
        "state": schedule.state.value,
        "protect": schedule.protect,
    }
    if not isinstance(schedule.origin, DeclaredAt):
        document["origin"] = schedule.origin.word
    if isinstance(schedule.origin, Removed) and schedule.origin.file is not None:
        document["removed_from"] = schedule.origin.file
    if schedule.cron != schedule.cron_to_save:
        document["resolved_cron"] = schedule.cron
    if schedule.owner is not None:
        document["owner"] = schedule.owner
    if schedule.description is not None:
        document["description"] = schedule.description
    if schedule.labels:
        document["labels"] = dict(sorted(schedule.labels.items()))
    return document


def _declared_at_document(schedule: Schedule) -> Document | None:
    return field_values(schedule.origin) if isinstance(schedule.origin, DeclaredAt) else None


def _desired_of(entry: Entry) -> Schedule:
    desired = entry["desired"]
    return Schedule(
        key=Key(entry["tenant"], entry["code"]),
        name=desired["name"],
        cron=desired.get("resolved_cron", desired["cron"]),
        declared_cron=desired["declared_cron"],
        origin=_origin_of(desired, entry["source"]),
        state=State(desired["state"]),
        owner=desired.get("owner"),
        description=desired.get("description"),
        labels=desired.get("labels", {}),
        protect=desired["protect"],
    )


def _origin_of(desired: Entry, source: Entry | None) -> Origin:
    word = desired.get("origin")
    if word == Removed.WORD:
        return Removed(file=desired.get("removed_from"))
    if word == BeforeRun.word:
        return BeforeRun(None)
    return DeclaredAt("", 0) if source is None else with_fields(DeclaredAt, source)


def _applied_document(applied: Applied) -> Document:
    document = field_values(applied)
    del document["job_ids"], document["declared"]
    return document


def _applied_of(entry: Entry) -> Applied:
    return with_fields(Applied, entry)


def _key_document(key: Key | None) -> Document:
    return {"tenant": None, "code": None} if key is None else {"tenant": key.tenant, "code": key.code}


def _key_of(entry: Entry) -> Key | None:
    return None if entry["tenant"] is None or entry["code"] is None else Key(entry["tenant"], entry["code"])

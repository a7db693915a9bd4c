"""Documents → values: a plan, out of its file. What is computed from a change is computed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconcile.model.change import Change
from reconcile.model.finding import Finding, Refusal, Severity
from reconcile.model.keys import Key
from reconcile.model.plan import Attention, Plan
from reconcile.model.schedule import BeforeRun, DeclaredAt, Origin, Removed, Schedule, State
from reconcile.model.selection import Selection
from reconcile.model.states import Applied, Condition, LastAppliedSource, Live, LiveRow, Unreadable, Verdict
from reconcile.source import Span


def plan_of(document: Mapping[str, Any]) -> Plan:
    """Return the plan of *document*, which fits its schema. Its digest is the one it claims to have."""
    return Plan(
        environment=document["environment"],
        changes=tuple(_change(entry) for entry in document["changes"]),
        attention=tuple(_attention(entry) for entry in document["attention"]),
        unchanged=document["summary"]["unchanged"],
        populations=document["populations"],
        digest=document["digest"],
        desired_digest=document["desired_digest"],
        selection=_selection(document["selection"]),
        last_applied=LastAppliedSource(document["last_applied"]),
        refusals=tuple(_refusal(entry) for entry in document["refusals"]),
        findings=tuple(_finding(entry) for entry in document["findings"]),
        assumptions=tuple(document["assumptions"]),
    )


def _change(entry: Mapping[str, Any]) -> Change:
    desired, applied = entry["desired"], entry["applied"]
    schedule = Schedule(
        key=Key(entry["tenant"], entry["code"]),
        name=desired["name"],
        cron=desired.get("resolved_cron", desired["cron"]),
        declared_cron=desired["declared_cron"],
        origin=_origin(desired.get("origin"), entry["source"]),
        state=State(desired["state"]),
        owner=desired.get("owner"),
        description=desired.get("description"),
        labels=desired.get("labels", {}),
        protect=desired["protect"],
    )
    return Change(schedule, None if applied is None else _applied(applied), _live(entry))


def _origin(word: str | None, source: Mapping[str, Any] | None) -> Origin:
    if word == Removed.word:
        return Removed()
    if word == BeforeRun.word:
        return BeforeRun(None)
    return DeclaredAt("", 0) if source is None else DeclaredAt(source["file"], source["line"])


def _applied(entry: Mapping[str, Any]) -> Applied:
    return Applied(entry["cron"], entry["name"], run=entry["run"], revision=entry["revision"])


def _selection(entry: Mapping[str, Any]) -> Selection:
    labels = (label.partition("=") for label in entry["labels"])
    return Selection(tuple(entry["tenants"]), tuple(entry["codes"]), tuple((one[0], one[2]) for one in labels))


def _attention(entry: Mapping[str, Any]) -> Attention:
    return Attention(
        Key(entry["tenant"], entry["code"]),
        Verdict(entry["verdict"]),
        tuple(Condition(condition) for condition in entry["conditions"]),
        _live(entry),
        entry["message"],
        entry["hint"],
    )


def _live(entry: Mapping[str, Any]) -> Live:
    if entry["live"] is None:
        reason = entry.get("unreadable", {"rule": "unreadable", "message": "it could not be read", "hint": None})
        return Unreadable(reason["rule"], reason["message"], reason["hint"])
    return tuple(LiveRow(row["job_id"], row["cron"], row["status"], row["active"]) for row in entry["live"])


def _refusal(entry: Mapping[str, Any]) -> Refusal:
    refusal = Refusal(
        entry["rule"],
        entry["message"],
        setting=entry["setting"],
        override=entry["override"],
        tenant=entry["tenant"],
        key=_key(entry),
    )
    return refusal if refusal.hint == entry["hint"] else replace(refusal, remedy=entry["hint"])


def _finding(entry: Mapping[str, Any]) -> Finding:
    place = entry["place"]
    return Finding(
        entry["rule"],
        Severity(entry["severity"]),
        entry["message"],
        place=None if place is None else Span(place["file"], place["line"], place["column"], place["width"]),
        hint=entry["hint"],
        line_text=entry["line_text"],
        key=_key(entry),
    )


def _key(entry: Mapping[str, Any]) -> Key | None:
    return None if entry["tenant"] is None or entry["code"] is None else Key(entry["tenant"], entry["code"])

"""The places that store, show or compare a value of the model field by field; `test_fields` holds each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Row, Table, create_engine, delete, insert, select

from reconcile.engine.diff import Sides, diff
from reconcile.engine.make_plan import desired_digest, make_plan, plan_digest
from reconcile.ledger import encoding
from reconcile.ledger.tables import APPLIED, CHANGES, HOLDS, OBSERVED, RUNS, metadata
from reconcile.model.change import Change, same_live
from reconcile.model.drift_note import DriftNote
from reconcile.model.environment_status import EnvironmentStatus
from reconcile.model.finding import Finding, Refusal
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, LastAppliedSource, LastDeclaration, ValueInForce
from reconcile.model.ledger_records import ChangeRecord, Hold, Lineage, LockHolder, RunKind, RunRecord, RunStart
from reconcile.model.live import Live, LiveRow, Unreadable
from reconcile.model.rules import ScheduleRule, Severity
from reconcile.model.schedule import BeforeRun, DeclaredAt, Removed, Schedule, State
from reconcile.model.selection import Selection
from reconcile.model.verdicts import Action, Verdict
from reconcile.report import document_members, json_documents, ledger_documents
from reconcile.report.json_format import as_json
from tests.builders import HOURLY, NIGHTLY, row, schedule
from tests.drawing import values, values_of_field
from tests.report.samples import HEAD

Draw = st.SearchStrategy[Any]

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = Key("acme", "1")
EMPTY_PLAN = make_plan("prod", Sides({}, {}))
AS_DECLARED = Applied(NIGHTLY, "订单同步")
START = RunStart("r1", RunKind.APPLY, NOON, "li.wei")
RECORD = ChangeRecord(KEY, Action.UPDATE, "订单同步", NIGHTLY, State.ACTIVE, (row(HOURLY),))
HOLD = Hold(KEY, "订单同步", NIGHTLY, State.ACTIVE, "r1", "it broke", NOON)
STATUS = EnvironmentStatus("prod", LastAppliedSource.LEDGER, None, None)


@dataclass(frozen=True)
class Place:
    """Where the fields of a value are written, shown or compared.

    *plain* is such a value. *write* returns what is made of one, *read* makes the value of that again. *left_out* gives
    the reason for each field that is not taken. *given* are fields that hold less than their types allow; *drawn* draws
    values whose fields depend on one another.
    """

    name: str
    plain: Any
    write: Callable[[Any], object]
    read: Callable[[Any], object] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Draw] = field(default_factory=dict)
    drawn: Draw | None = None

    def values(self) -> Draw:
        return values(type(self.plain), **self.given) if self.drawn is None else self.drawn

    def others(self, name: str) -> Draw:
        """Draw what *plain* does not hold in its field *name*."""
        held = self.given[name] if name in self.given else values_of_field(type(self.plain), name)
        return held.filter(lambda one: one != getattr(self.plain, name))


@cache
def _database() -> Connection:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine.connect()


def stored(table: Table, columns: encoding.Columns) -> Row[Any]:
    """Return *columns* as a database gives them back; what *table* needs beyond them is made up."""
    others = {column.name: "-" for column in table.columns if not column.nullable and column.name not in columns}
    connection = _database()
    connection.execute(delete(table))
    connection.execute(insert(table), others | columns)
    return connection.execute(select(table)).one()


def in_json(write: Callable[[Any], Any], dump: Callable[[Any], str] = as_json) -> Callable[[Any], Any]:
    """Return *write* by way of a text of JSON."""
    return lambda value: json.loads(dump(write(value)))


def digest(desired: Schedule, applied: Applied | None = None, live: Live = ()) -> str:
    return plan_digest(replace(EMPTY_PLAN, changes=(Change(desired, applied, live),)))


def shown_as_attention(live: Live) -> str:
    attention = make_plan("prod", Sides({KEY: schedule()}, {KEY: Unreadable("x", "y")})).attention[0]
    return plan_digest(replace(EMPTY_PLAN, attention=(replace(attention, live=live),)))


def is_reported(one: LiveRow) -> bool:
    return bool(diff({KEY: schedule()}, {KEY: (one,)}, {KEY: AS_DECLARED}).changes)


NO_MATTER = {
    "job_id": "a service that replaces a job on save gives the same schedule a new one",
    "status": "`active` says how the environment reads it",
}
WORDS = "words for a person"
NOT_DONE = "it changes nothing of what would be done"
NO_IDS = {"job_ids": "no document shows them", "declared": "an orphan shows the file that declared it"}

# A document does not name the run of a rollback.
# What is in doubt is never saved: no change holds it.
SHOWN_ORIGINS = st.one_of(
    values(DeclaredAt),
    st.builds(Removed, doubt=st.none(), file=st.none() | st.just("tenants/acme.yaml")),
    st.just(BeforeRun(None)),
)
SCHEDULES = values(Schedule, origin=SHOWN_ORIGINS)
SHOWN_APPLIED = values(Applied, job_ids=st.just(()), declared=st.none())
OF_CHANGE = {"desired": SCHEDULES, "applied": st.none() | SHOWN_APPLIED}
SHOWN_REFUSALS = values(Refusal, tenant=st.just("acme"), key=st.just(KEY) | st.none())
LABELS = st.lists(st.tuples(st.sampled_from(["tier", "team"]), st.text(max_size=3)), max_size=2).map(tuple)
OF_PLAN = {
    "changes": st.lists(values(Change, **OF_CHANGE), max_size=2).map(tuple),
    "selection": values(Selection, labels=LABELS),
    "refusals": st.lists(SHOWN_REFUSALS, max_size=2).map(tuple),
}

PLACES = (
    Place("model.change.same_live", row(), lambda one: same_live(row(), one), left_out=NO_MATTER),
    Place(
        "model.change.Change.is_live_as_desired",
        row(),
        lambda one: Change(schedule(), AS_DECLARED, (one,)).is_live_as_desired,
        left_out=NO_MATTER,
    ),
    Place("engine.diff (its fast path)", row(), is_reported, left_out=NO_MATTER),
    Place("engine.make_plan.plan_digest, changes", row(), lambda one: digest(schedule(), live=(one,))),
    Place("engine.make_plan.plan_digest, attention", row(), lambda one: shown_as_attention((one,))),
    Place(
        "engine.make_plan.plan_digest",
        Unreadable("service-error", "HTTP 503"),
        lambda one: digest(schedule(), live=one),
        left_out={"message": WORDS, "hint": WORDS},
    ),
    Place(
        "engine.make_plan.plan_digest",
        AS_DECLARED,
        lambda one: digest(schedule(), one),
        left_out={"job_ids": NOT_DONE, "run": NOT_DONE, "revision": NOT_DONE, "declared": NOT_DONE},
    ),
    Place(
        "engine.make_plan.plan_digest",
        schedule(),
        digest,
        left_out=dict.fromkeys(("owner", "description", "labels"), NOT_DONE),
        given={"origin": st.sampled_from([Removed(), BeforeRun(None)])},
    ),
    Place(
        "engine.make_plan.plan_digest",
        DeclaredAt("schedules/tenants/acme.yaml", 7),
        lambda one: digest(replace(schedule(), origin=one)),
        left_out={"file": NOT_DONE, "line": NOT_DONE},
    ),
    Place(
        "engine.make_plan.plan_digest",
        EMPTY_PLAN,
        plan_digest,
        left_out={
            "unchanged": NOT_DONE,
            "digest": "it is the digest",
            "desired_digest": "it covers what is declared",
            "selection": "`apply` compares it",
            "last_applied": NOT_DONE,
            "refusals": "`apply` computes its own",
            "findings": WORDS,
            "assumptions": WORDS,
        },
    ),
    Place(
        "engine.make_plan.desired_digest",
        schedule(),
        lambda one: desired_digest("prod", {one.key: one}),
        left_out=dict.fromkeys(("declared_cron", "owner", "description", "labels", "protect", "origin"), NOT_DONE),
    ),
    Place(
        "report.document_members.live_document",
        row(),
        in_json(lambda one: document_members.live_document((one,))),
        lambda entry: document_members.live_of(entry)[0],
    ),
    Place(
        "report.document_members.live_document",
        Unreadable("service-error", "HTTP 503"),
        in_json(document_members.live_document),
        document_members.live_of,
    ),
    Place(
        "report.document_members.change_document",
        AS_DECLARED,
        in_json(lambda one: document_members.change_document(Change(schedule(), one, ()))),
        lambda entry: document_members.change_of(entry).applied,
        left_out=NO_IDS,
    ),
    Place(
        "report.document_members.change_document",
        schedule(),
        in_json(lambda one: document_members.change_document(Change(one, None, ()))),
        lambda entry: document_members.change_of(entry).desired,
        given={"origin": SHOWN_ORIGINS},
        drawn=SCHEDULES,
    ),
    Place(
        "report.document_members.change_document",
        Change(schedule(), None, ()),
        in_json(document_members.change_document),
        document_members.change_of,
        left_out={"to_activate": "an option of the run that saves, which no saved plan gives"},
        given=OF_CHANGE,
    ),
    Place(
        "report.document_members.attention_document",
        make_plan("prod", Sides({KEY: schedule()}, {KEY: (row(), row())})).attention[0],
        in_json(document_members.attention_document),
        document_members.attention_of,
    ),
    Place(
        "report.document_members.selection_document",
        Selection(),
        in_json(document_members.selection_document),
        document_members.selection_of,
        given={"labels": LABELS},
    ),
    Place(
        "report.document_members.finding_document",
        Finding(ScheduleRule.NOTHING_LIVE, "nothing is live", severity=Severity.NOTE),
        in_json(document_members.finding_document),
        document_members.finding_of,
    ),
    Place(
        "report.document_members.refusal_document",
        Refusal("held", "no", tenant="acme", key=KEY),
        in_json(document_members.refusal_document),
        document_members.refusal_of,
        given={"key": st.none()},
        drawn=SHOWN_REFUSALS,
    ),
    Place(
        "report.json_documents.plan_document",
        EMPTY_PLAN,
        in_json(lambda one: json_documents.plan_document(one, HEAD)),
        json_documents.plan_of,
        given=OF_PLAN,
    ),
    Place(
        "report.ledger_documents.runs_document",
        START,
        lambda one: ledger_documents.runs_document((RunRecord(one),), HEAD, environment="prod"),
        left_out={"plan_made_at": "with the digest it tells whether a saved plan is used up"},
    ),
    Place(
        "report.ledger_documents.runs_document",
        RunRecord(START),
        lambda one: ledger_documents.runs_document((one,), HEAD, environment="prod"),
    ),
    Place(
        "report.ledger_documents.runs_document",
        RECORD,
        lambda one: ledger_documents.runs_document((), HEAD, environment="prod", changes=(one,)),
        left_out={"applied": "`status` and `plan` show last applied", "after": "the outcome says what was read"},
    ),
    Place(
        "report.ledger_documents.status_document",
        HOLD,
        lambda one: ledger_documents.status_document((replace(STATUS, holds=(one,)),), HEAD),
        left_out={"state": "the cron says it"},
    ),
    Place(
        "report.ledger_documents.status_document",
        LockHolder("l1", "r1", "li.wei", NOON, NOON),
        lambda one: ledger_documents.status_document((replace(STATUS, lock=one),), HEAD),
    ),
    Place(
        "report.ledger_documents.status_document",
        Lineage("1ed6e7", 7),
        lambda one: ledger_documents.status_document((replace(STATUS, lineage=one),), HEAD),
    ),
    Place(
        "ledger.encoding.live_value",
        row(),
        in_json(lambda one: encoding.live_value((one,)), encoding.json_text),
        lambda value: encoding.live_of(value)[0],
    ),
    Place(
        "ledger.encoding.live_value",
        Unreadable("service-error", "HTTP 503"),
        in_json(encoding.live_value, encoding.json_text),
        encoding.live_of,
    ),
    Place(
        "ledger.encoding.applied_value",
        AS_DECLARED,
        in_json(encoding.applied_value, encoding.json_text),
        encoding.applied_of,
        left_out={"declared": "the table of last applied holds it"},
    ),
    Place(
        "ledger.encoding.applied_columns",
        LastDeclaration("0 H 2 * * ?"),
        lambda one: stored(APPLIED, encoding.applied_columns(KEY, replace(AS_DECLARED, declared=one))),
        lambda columns: encoding.applied_in(columns).declared,
    ),
    Place(
        "ledger.encoding.in_force_value",
        ValueInForce(NIGHTLY, "订单同步", State.ACTIVE, "r1", NOON),
        in_json(lambda one: encoding.in_force_value((one,)), encoding.json_text),
        lambda value: encoding.in_force_of(value)[0],
    ),
    Place(
        "ledger.encoding.applied_columns",
        AS_DECLARED,
        lambda one: stored(APPLIED, encoding.applied_columns(KEY, one)),
        encoding.applied_in,
    ),
    Place(
        "ledger.encoding.note_columns",
        DriftNote(KEY, Verdict.DRIFTED, (row(),), NOON),
        lambda one: stored(OBSERVED, {**encoding.note_columns(one), "workspace": "w", "environment": "e"}),
        lambda columns: encoding.note_of({**columns._mapping}),
    ),
    Place(
        "ledger.encoding.run_columns",
        START,
        lambda one: stored(RUNS, encoding.run_columns(RunRecord(one))),
        lambda columns: encoding.run_in(columns).start,
    ),
    Place(
        "ledger.encoding.run_columns",
        RunRecord(START),
        lambda one: stored(RUNS, encoding.run_columns(one)),
        encoding.run_in,
    ),
    Place(
        "ledger.encoding.change_columns",
        RECORD,
        lambda one: stored(CHANGES, encoding.change_columns(one)),
        encoding.change_in,
        given={"applied": st.none() | values(Applied, declared=st.none())},
    ),
    Place(
        "ledger.encoding.hold_columns", HOLD, lambda one: stored(HOLDS, encoding.hold_columns(one)), encoding.hold_in
    ),
)

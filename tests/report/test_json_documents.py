"""Documents: they fit the schemas, come out the same each time, and a plan comes back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.declare.schema_check import schema, schema_problems
from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan, plan_digest
from reconcile.errors import PlanFileError
from reconcile.model.finding import DeclarationError, RefusedError
from reconcile.model.keys import Key
from reconcile.model.ledger_change import LedgerChange
from reconcile.model.live import LiveRow, Unreadable
from reconcile.model.schedule import BeforeRun, DeclaredAt, Removed, Schedule, State
from reconcile.model.workspace import Limits
from reconcile.report import json_documents, ledger_documents
from reconcile.report.document_head import Head
from reconcile.report.json_format import as_json
from reconcile.resources import schema_names
from reconcile.source import Span
from tests.report import samples
from tests.report.samples import HEAD, NO_ANSWER, PLAN

DOCUMENTS = {
    "plan": json_documents.plan_document(PLAN, HEAD),
    "empty-plan": json_documents.plan_document(samples.EMPTY_PLAN, HEAD),
    "run": json_documents.run_document(samples.RUN, HEAD),
    "drift": json_documents.drift_document(samples.DRIFT, HEAD, desired_digest=PLAN.desired_digest),
    "history": json_documents.history_document(
        Key("acme", "1"), samples.LIVE[Key("acme", "2")], samples.PAGES, HEAD, environment="prod"
    ),
    "history-unreadable": json_documents.history_document(Key("acme", "1"), NO_ANSWER, {}, HEAD, environment="prod"),
    "runs": ledger_documents.runs_document(
        (samples.GOING_ON, samples.APPLIED, samples.SETTLED), HEAD, environment="prod", lock=samples.LOCK
    ),
    "run-record": ledger_documents.runs_document((samples.APPLIED,), HEAD, environment="prod", changes=samples.RECORDS),
    "status": ledger_documents.status_document(samples.STANDINGS, HEAD),
    "released": ledger_documents.ledger_document(LedgerChange("prod", "release", "x", keys=(Key("a", "1"),)), HEAD),
    "unlocked": ledger_documents.ledger_document(LedgerChange("prod", "unlock", "x", lock=samples.LOCK), HEAD),
    "findings": json_documents.findings_document((samples.FINDING,), HEAD, schedules=2, tenants=1),
    "error": json_documents.error_document(PlanFileError("no plan", hint="make one", place=Span("a.yaml", 1)), HEAD),
    "error-with-findings": json_documents.error_document(DeclarationError("bad", findings=(samples.FINDING,)), HEAD),
    "error-refused": json_documents.error_document(
        RefusedError("no", refusals=PLAN.refusals), Head("0", HEAD.generated_at)
    ),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_fits_the_schema_of_its_kind(document):
    read_back = json.loads(as_json(document))
    assert schema_problems(document["kind"], read_back, "document") == ()


def test_every_kind_of_document_is_held_to_its_schema():
    kinds = {name for name in schema_names() if "kind" in schema(name)["properties"]}
    of_another_test = {"explanation"}  # test_explanations
    assert {document["kind"] for document in DOCUMENTS.values()} == kinds - of_another_test


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_begins_with_the_same_head(document):
    head = ["format_version", "kind", "environment", "digest", "desired_digest", "tool_version", "generated_at"]
    assert list(document)[:7] == head


def test_a_plan_comes_back_from_its_document_as_it_was():
    assert json_documents.plan_of(json.loads(as_json(DOCUMENTS["plan"]))) == PLAN


def test_what_a_plan_document_shows_is_what_would_be_done():
    (create,) = [entry for entry in DOCUMENTS["plan"]["changes"] if entry["action"] == "create"]
    assert create == {
        "tenant": "acme",
        "code": "1",
        "action": "create",
        "verdict": "never-applied",
        "conditions": [],
        "live": [],
        "applied": None,
        "desired": {
            "cron": "0 0 2 * * ?",
            "declared_cron": "0 0 2 * * ?",
            "name": "订单同步",
            "state": "active",
            "protect": False,
        },
        "fields": ["cron"],
        "blocked_by": [],
        "source": {"file": "schedules/tenants/acme.yaml", "line": 7},
    }


def test_a_change_names_the_rules_that_block_it():
    blocked = {entry["code"]: entry["blocked_by"] for entry in DOCUMENTS["plan"]["changes"] if entry["blocked_by"]}
    assert blocked == {"4": ["protected"], "7": ["inactive"]}


def test_an_error_is_called_as_its_class():
    assert DOCUMENTS["error"]["errors"][0]["kind"] == "plan-file"
    assert json_documents.error_entry(PlanFileError("x"), kind="bug")["kind"] == "bug"


def test_the_time_of_a_document_is_in_utc_and_whole_seconds():
    assert DOCUMENTS["plan"]["generated_at"] == "2026-01-05T08:00:00Z"


def test_a_plan_document_has_a_line_for_each_change():
    lines = as_json(DOCUMENTS["plan"]).splitlines()
    assert sum('"source": ' in line for line in lines) == len(PLAN.changes)


def test_nothing_in_a_document_steers_a_terminal():
    hostile = Schedule(Key("acme", "1"), "\x9b31m\u202e\x7f\ud800", "0 0 2 * * ?", "", DeclaredAt("a.yaml", 1))
    plan = make_plan("prod", Sides({hostile.key: hostile}, {hostile.key: ()}))
    text = as_json(json_documents.plan_document(plan, HEAD))
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert json_documents.plan_of(json.loads(text)).changes[0].desired.name == hostile.name


_WORDS = st.text(max_size=12)
_ROWS = st.builds(LiveRow, _WORDS, st.sampled_from(["0 0 2 * * ?", "0 0 3 * * ?", "odd"]), _WORDS, st.booleans())
_UNREADABLE = st.builds(Unreadable, st.just("service-error"), _WORDS, st.none() | _WORDS)
_LIVE = st.lists(_ROWS, max_size=3).map(tuple) | _UNREADABLE
_SCHEDULES = st.builds(
    Schedule,
    st.builds(Key, st.sampled_from(["a", "b"]), st.sampled_from(["1", "2", "3"])),
    name=_WORDS,
    cron=st.sampled_from(["0 0 2 * * ?", "0 0 4 * * ?"]),
    declared_cron=_WORDS,
    origin=st.builds(DeclaredAt, _WORDS, st.integers(1, 99)) | st.sampled_from([Removed(), BeforeRun(None)]),
    state=st.sampled_from(State),
    owner=st.none() | _WORDS,
    description=st.none() | _WORDS,
    labels=st.dictionaries(_WORDS, _WORDS, max_size=2),
    protect=st.booleans(),
)


@given(st.lists(st.tuples(_SCHEDULES, _LIVE), max_size=6), st.integers(0, 3))
def test_any_plan_fits_its_schema_and_comes_back_as_it_was(sides, max_changes):
    declared = {one.key: one for one, _ in sides}
    live = {one.key: rows for one, rows in sides}
    plan = make_plan("prod", Sides(declared, live), judging=Judging(Situation(Limits(max_changes=max_changes))))
    document = json.loads(as_json(json_documents.plan_document(plan, HEAD)))
    assert schema_problems("plan", document, "plan.json") == ()
    back = json_documents.plan_of(document)
    assert back == plan
    assert plan_digest(back) == plan.digest

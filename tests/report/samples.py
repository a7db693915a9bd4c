"""One plan, run and drift with a bit of everything, for the tests of all formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from reconcile.engine.diff import Sides
from reconcile.engine.find_drift import find_drift
from reconcile.engine.guard import Judging
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.model.environment_status import EnvironmentStatus
from reconcile.model.execution import Execution, HistoryPage
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import LastAppliedSource
from reconcile.model.ledger_records import (
    ChangeRecord,
    Ending,
    Hold,
    LockHolder,
    RunKind,
    RunRecord,
    RunStart,
    Settled,
)
from reconcile.model.live import Unreadable
from reconcile.model.outcome import Outcome, Result
from reconcile.model.rules import ReplyRule, Severity, rule_called
from reconcile.model.run import Run
from reconcile.model.schedule import State
from reconcile.model.verdicts import Action
from reconcile.model.workspace import Limits
from reconcile.report.document_head import Head
from reconcile.source import Span
from tests.builders import HOURLY, NIGHTLY, desired, row, schedule

HEAD = Head("0.1.0", datetime(2026, 1, 5, 8, 0, tzinfo=UTC), "4f0b1d8a" * 5)
NO_ANSWER = Unreadable(ReplyRule.SERVICE_ERROR, "tenant shop: query: HTTP 503", "try again")
FINDING = Finding(
    rule_called("quartz-hour"),
    "hour 25 is outside 0-23",
    severity=Severity.WARNING,
    place=Span("schedules/tenants/acme.yaml", 7, 16, 2),
    hint="Quartz field 3 is the hour",
    line_text='    cron: "0 0 25 * * ?"',
)
LINELESS = Finding(ReplyRule.BATCH_TRUNCATED, "the service cuts long lists", severity=Severity.NOTE)
DECLARED = desired(
    schedule("1", NIGHTLY),
    schedule("2", HOURLY, name="a|b <b>`x`</b> @all", owner="orders", labels={"tier": "gold"}, description="why"),
    schedule("3", NIGHTLY, state=State.PARKED),
    schedule("4", NIGHTLY, protect=True),
    schedule("5", NIGHTLY),
    schedule("6", NIGHTLY),
    schedule("7", "0 7 2 * * ?", declared_cron="0 H 2 * * ?"),
    schedule("8", NIGHTLY),
    schedule("1", NIGHTLY, tenant="shop"),
    schedule("2", NIGHTLY, tenant="shop"),
)
LIVE = {
    **dict.fromkeys(DECLARED, ()),
    **dict(
        zip(
            DECLARED,
            [
                (),
                (row(NIGHTLY, job_id="902"),),
                (row(NIGHTLY, job_id="903"),),
                (row(HOURLY, job_id="904"),),
                (row(NIGHTLY, job_id="905"), row(NIGHTLY, job_id="906")),
                (row(NIGHTLY, job_id="907", active=False),),
                (row(HOURLY, job_id="908", active=False),),
                (row(NIGHTLY, job_id="909"),),
                NO_ANSWER,
                NO_ANSWER,
            ],
            strict=True,
        )
    ),
}
PLAN = make_plan(
    "prod", Sides(DECLARED, LIVE), judging=Judging(Situation(Limits(max_changes=1))), findings=(FINDING, LINELESS)
)
DRIFT = find_drift("prod", Sides(DECLARED, LIVE), findings=(LINELESS,))
DRIFT = replace(DRIFT, first_seen={DRIFT.moved[0].key: datetime(2026, 11, 24, 2, tzinfo=ZoneInfo("Asia/Shanghai"))})
NO_DRIFT = find_drift("prod", Sides({}, {}))
EMPTY_PLAN = make_plan("prod", Sides({}, {}))


def outcomes(*results: Result) -> tuple[Outcome, ...]:
    """Return an outcome for each of the plan's changes, taking *results* in turn."""
    made = []
    for at, change in enumerate(PLAN.changes):
        result = results[at % len(results)]
        hint = None if result is Result.VERIFIED else "run again"
        live = (row(HOURLY, job_id="999"),) if at % 2 else None
        made.append(Outcome(change, result, "a-reason", "what happened", saves=1, live=live, hint=hint))
    return tuple(made)


START = RunStart(
    "20260105T080000Z-a1b2c3", RunKind.ROLLBACK, HEAD.generated_at, "李伟", of_run="20260104T080000Z-d4e5f6"
)
RUN = Run(PLAN, outcomes(*Result), refusals=PLAN.refusals, findings=(LINELESS,), interrupted=True, start=START)
CLEAN_RUN = Run(EMPTY_PLAN, ())
_FIRED = datetime(2026, 1, 5, 18, 0, 0, 123000, tzinfo=UTC)
EXECUTION = Execution("900", "t1", _FIRED, _FIRED, _FIRED.replace(second=3), "failure", False, "ok", "trigger", "超时")
UNTIMED = Execution("900", "t2", None, None, None, "success", True, "ok", "manual", "")
PAGES = {"900": HistoryPage(1, 10, 1, 2, (EXECUTION, UNTIMED)), "901": HistoryPage(3, 10, 1, 2, ())}

_WHEN = HEAD.generated_at
_BEFORE = (row(HOURLY, job_id="900"),)
APPLIED = RunRecord(
    RunStart(
        "20260104T080000Z-d4e5f6",
        RunKind.APPLY,
        _WHEN,
        "li.wei <li@example.com>",
        "4f0b1d8a" * 5,
        overrides=("--recreate",),
    ),
    _WHEN,
    Ending.UNFINISHED,
    {"verified": 2, "failed": 0, "unknown": 1},
)
GOING_ON = RunRecord(START)
UNRECORDED = RunRecord(replace(START, id="20260103T080000Z-0dead0", kind=RunKind.APPLY, of_run=None))
SETTLED = replace(UNRECORDED, settled_by=APPLIED.start.id)
RECORDS = (
    ChangeRecord(
        Key("acme", "1"),
        Action.CREATE,
        "订单同步",
        NIGHTLY,
        State.ACTIVE,
        (),
        result=Result.VERIFIED,
        reason="saved",
        saves=1,
    ),
    ChangeRecord(Key("acme", "2"), Action.UPDATE, "对账", NIGHTLY, State.ACTIVE, _BEFORE, settled=Settled.AS_DESIRED),
    ChangeRecord(
        Key("acme", "3"),
        Action.PARK,
        "清理",
        NIGHTLY,
        State.PARKED,
        _BEFORE,
        result=Result.UNKNOWN,
        reason="lost-reply",
    ),
)
HOLD = Hold(Key("acme", "4"), "物流", NIGHTLY, State.ACTIVE, START.id, "orders came twice", _WHEN)
LOCK = LockHolder("5f1c9a", START.id, "night pipeline", _WHEN, _WHEN)
STANDINGS = (
    EnvironmentStatus(
        "prod",
        LastAppliedSource.LEDGER,
        "4f0b1d8a" * 5,
        ".git/reconcile/shop/ledger.db",
        keys=42,
        runs=(GOING_ON, APPLIED),
        runs_since=1,
        holds=(HOLD,),
        open_changes=((APPLIED.start.id, RECORDS[2]),),
        lock=LOCK,
    ),
    EnvironmentStatus("staging", LastAppliedSource.LEDGER, None, ".git/reconcile/shop/ledger.db"),
    EnvironmentStatus("demo", LastAppliedSource.NONE, None, None, findings=(LINELESS,)),
)

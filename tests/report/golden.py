"""The whole of each report, as files: a change of wording or layout shows in the review, where a person reads it.

``python -m tests.report.golden`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from reconcile.errors import PlanFileError
from reconcile.model.finding import DeclarationError, RefusedError
from reconcile.model.keys import Key
from reconcile.model.ledger_change import LedgerChange
from reconcile.report.drift_view import drift_view
from reconcile.report.findings_view import error_view, findings_view
from reconcile.report.history_view import history_view
from reconcile.report.ledger_views import ledger_view, run_record_view, runs_view, status_view
from reconcile.report.markdown_format import as_markdown
from reconcile.report.plan_view import plan_view
from reconcile.report.run_view import run_view
from reconcile.report.text_format import as_text
from reconcile.source import Span
from tests.report import samples

FOLDER = Path(__file__).parent / "golden"
_KEY = Key("acme", "2")
_CHINA = ZoneInfo("Asia/Shanghai")

VIEWS = {
    "plan": plan_view(samples.PLAN),
    "empty-plan": plan_view(samples.EMPTY_PLAN),
    "run": run_view(samples.RUN),
    "clean-run": run_view(samples.CLEAN_RUN),
    "drift": drift_view(samples.DRIFT),
    "no-drift": drift_view(samples.NO_DRIFT),
    "runs": runs_view((samples.GOING_ON, samples.APPLIED, samples.SETTLED), environment="prod", lock=samples.LOCK),
    "runs-unrecorded": runs_view((samples.UNRECORDED,), environment="prod"),
    "no-runs": runs_view((), environment="prod"),
    "run-record": run_record_view(samples.APPLIED, samples.RECORDS, environment="prod"),
    "run-record-empty": run_record_view(samples.UNRECORDED, (), environment="prod"),
    "status": status_view(samples.STANDINGS),
    "released": ledger_view(LedgerChange("prod", "release", "1 hold lifted.", keys=(samples.HOLD.key,))),
    "history": history_view(_KEY, samples.LIVE[_KEY], samples.PAGES, timezone=_CHINA),
    "history-absent": history_view(_KEY, (), {}, timezone=_CHINA),
    "history-unreadable": history_view(_KEY, samples.NO_ANSWER, {}, timezone=_CHINA),
    "findings": findings_view((samples.FINDING, samples.LINELESS), schedules=1, tenants=1),
    "no-findings": findings_view((), schedules=2, tenants=2),
    "error": error_view(PlanFileError("no plan", hint="make one", place=Span("plan.json", 1, 1))),
    "error-with-findings": error_view(DeclarationError("1 error", findings=(samples.FINDING,))),
    "error-refused": error_view(RefusedError("not now", refusals=samples.PLAN.refusals[-1:])),
}
FORMATS = {"txt": as_text, "md": as_markdown}


if __name__ == "__main__":
    for name, view in VIEWS.items():
        for ending, formatted in FORMATS.items():
            (FOLDER / f"{name}.{ending}").write_text(formatted(view), encoding="utf-8")

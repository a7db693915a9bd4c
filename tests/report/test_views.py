"""What the entries of a view say, where the golden plan does not show it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from reconcile.engine.diff import Sides
from reconcile.engine.find_drift import find_drift
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.live import Unreadable
from reconcile.model.plan import Attention
from reconcile.model.verdicts import Verdict
from reconcile.report.drift_view import drift_view
from reconcile.report.plan_view import attention_entries, change_entry
from tests.builders import HOURLY, NIGHTLY, change, row, schedule

ROOT = Path(__file__).parents[2]
VIEWS = [
    node.name
    for path in sorted((ROOT / "reconcile" / "report").glob("*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.endswith("_view") and not node.name.startswith("_")
]
HINTLESS = Unreadable("malformed", "no JSON")


@pytest.mark.parametrize("name", VIEWS)
def test_the_whole_of_every_view_is_looked_at(name):
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    assert any(f"{name}(" in text for text in texts), f"{name} is neither in golden.py nor in a test beside it"


def details(entry):
    return {detail.label: detail.text for detail in entry.details}


def unreadable(code, live=HINTLESS, tenant="acme"):
    return Attention(Key(tenant, code), Verdict.UNREADABLE, (), live, live.message, live.hint)


@pytest.mark.parametrize(
    "applied, said",
    [
        pytest.param(None, "live name unknown, will be written", id="never-applied"),
        pytest.param(
            Applied(HOURLY, "订单同步"), "live name unknown, will be written (last applied with this name)", id="same"
        ),
        pytest.param(Applied(HOURLY, "旧名"), "旧名 → 订单同步 (live name unknown, will be written)", id="renamed"),
    ],
)
def test_a_change_says_what_is_known_of_the_live_name(applied, said):
    assert details(change_entry(change((row(HOURLY),), applied=applied)))["name"] == said


def test_a_create_writes_no_name_over_another():
    assert "name" not in details(change_entry(change(())))


def test_several_conditions_stand_side_by_side():
    seen = change((row(HOURLY), row(NIGHTLY, active=False)))
    assert details(change_entry(seen))["live"] == "duplicate, inactive"


def test_keys_of_a_tenant_that_are_unreadable_alike_are_one_entry():
    other = Unreadable("malformed", "half a document", "try again")
    entries = list(
        attention_entries([unreadable("1"), unreadable("2"), unreadable("3", other), unreadable("1", tenant="b")])
    )
    assert [entry.columns for entry in entries] == [("acme", "2 schedules"), ("acme", "3"), ("b", "1")]
    assert details(entries[0]) == {"why": "malformed: no JSON", "verdict": "unreadable", "codes": "1, 2"}
    assert details(entries[1])["hint"] == "try again"


def test_a_drift_says_of_an_unreadable_key_why():
    one = schedule()
    view = drift_view(find_drift("prod", Sides({one.key: one}, {one.key: HINTLESS})))
    assert details(view.sections[0].blocks[0]) == {"why": "malformed: no JSON"}
    assert view.closing == "No drift seen: 1 unreadable."


def test_a_drift_of_pending_creates_alone_is_no_drift():
    one = schedule()
    assert (
        drift_view(find_drift("prod", Sides({one.key: one}, {one.key: ()}))).closing
        == "No drift seen: 1 not as declared."
    )

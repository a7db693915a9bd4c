"""An explanation as people and machines read it."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from reconcile.cron import parse
from reconcile.declare.schema_check import schema, schema_problems
from reconcile.engine.explain_cron import explain
from reconcile.errors import CronSyntaxError
from reconcile.report.explanation_view import explanation_view, refused_cron_view
from reconcile.report.json_documents import explanation_document
from reconcile.report.json_format import as_json
from reconcile.report.markdown_format import as_markdown
from reconcile.report.text_format import as_text
from reconcile.report.view import Tone
from reconcile.source import Span
from tests.report.samples import HEAD

NOW = datetime(2026, 1, 5, 16, tzinfo=ZoneInfo("Asia/Shanghai"))


def explained(one, other=None, **more):
    return explain(parse(one), NOW, count=1, against=None if other is None else parse(other), **more)


def lines(one, other=None):
    return as_text(explanation_view(explained(one, other))).splitlines()


def test_the_whole_of_an_explanation():
    assert (
        as_text(explanation_view(explained("0 0 2 ? * MON-FRI")))
        == """\
0 0 2 ? * MON-FRI: At 02:00, Monday through Friday

Fields:
  field         text     meaning
  second        0        0
  minute        0        0
  hour          2        2
  day-of-month  ?        whatever the other day field says
  month         *        every
  day-of-week   MON-FRI  Monday through Friday
  year          *        every

Next fires in Asia/Shanghai:
  local                      UTC
  2026-01-06 02:00:00+08:00  2026-01-05 18:00:00+00:00

1 fire on each day on which it fires.
"""
    )


def test_what_never_fires_says_so():
    said = lines("0 0 2 30 2 ?")
    assert said[-4:] == ["Next fires in Asia/Shanghai:", "  it never fires", "", "It never fires."]


def test_what_fires_no_more_says_since_when():
    assert "  none later than 2026-01-05 16:00:00+08:00" in lines("0 0 2 * * ? 2020")


def test_findings_come_first():
    title, finding, quoted, carets, hint, *_ = lines("0 0 0 0W * ?")[2:]
    assert (title, quoted, carets) == ("Findings:", "    0 0 0 0W * ?", "          ^^")
    assert finding.startswith("<cron>:1:7: breaks-quartz: day-of-month 0W: ")
    assert hint == "    hint: write a value that exists"


def test_findings_are_about_the_other_expression_too():
    assert "<against>:1:11: warning: weekday-l:" in as_text(explanation_view(explained("0 0 2 * * ?", "0 0 2 ? * L")))


def test_what_an_h_stands_for_is_shown_beside_it():
    explanation = explained("0 36 2 * * ?", declared="0 H 2 * * ?")
    assert as_text(explanation_view(explanation)).startswith("0 H 2 * * ? → 0 36 2 * * ?: At 02:36, every day\n")
    document = explanation_document(explanation, HEAD)
    assert (document["declared_cron"], document["cron"]) == ("0 H 2 * * ?", "0 36 2 * * ?")


def test_a_difference_shows_the_fires_that_only_one_has():
    said = lines("0 0 2 * * ?", "0 0 2,3 * * ?")
    assert said[-9:] == [
        "Against:",
        "  0 0 2,3 * * ?: At 02:00 and 03:00, every day",
        "  2 fires on each day on which it fires; 1 here",
        "",
        "Fires only there:",
        "  local                      UTC",
        "  2026-01-06 03:00:00+08:00  2026-01-05 19:00:00+00:00",
        "",
        "They fire at different times.",
    ]


@pytest.mark.parametrize(
    "one, other, closing, tone",
    [
        pytest.param("0 0 2 * * ?", "0 0 2 ? * *", "Both fire at the same times.", Tone.GOOD, id="same"),
        pytest.param("0 0 2 * * ?", "0 0 3 * * ?", "They fire at different times.", Tone.CHANGED, id="different"),
        pytest.param(
            "0 0 2 * * ? 2020",
            "0 0 2 * * ? 2021",
            "They differ, but no fire later than 2026-01-05 16:00:00+08:00 was found that only one of them has.",
            Tone.CHANGED,
            id="past",
        ),
    ],
)
def test_the_verdict_closes_a_comparison(one, other, closing, tone):
    view = explanation_view(explained(one, other))
    assert (view.closing, view.tone) == (closing, tone)


def test_in_markdown_fields_and_fires_are_tables():
    said = as_markdown(explanation_view(explained("0 0 2 * * ?")))
    assert "| `hour` | `2` | `2` |" in said


def test_a_refused_expression_has_carets_below_what_is_refused():
    error = CronSyntaxError("no", text="0 61 2 * * ?", hint="do")
    said = as_text(refused_cron_view(error, Span("<cron>", 1, 3, 2))).splitlines()
    assert said[3:] == ["<cron>:1:3: no", "    0 61 2 * * ?", "      ^^", "    hint: do"]


DOCUMENTS = {
    "alone": explanation_document(explained("0 0 2 * * ?"), HEAD),
    "against": explanation_document(explained("0 0 2 * * ?", "0 0 3 * * ?", language="zh"), HEAD),
    "hazard": explanation_document(explained("0 0 0 0W * ?"), HEAD),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_fits_its_schema(document):
    assert schema_problems("explanation", json.loads(as_json(document)), "document") == ()


def test_a_document_tells_each_fire_locally_and_in_utc():
    assert DOCUMENTS["alone"]["fires"] == [{"local": "2026-01-06T02:00:00+08:00", "utc": "2026-01-05T18:00:00+00:00"}]


def test_a_document_tells_of_the_other_expression():
    against = DOCUMENTS["against"]["against"]
    assert (against["cron"], against["words"], against["same"]) == ("0 0 3 * * ?", "每天 03:00", False)
    assert DOCUMENTS["alone"]["against"] is None


def properties(part):
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield from part["properties"].items()
        for value in part.values():
            yield from properties(value)


@pytest.mark.parametrize("name, value", list(properties(schema("explanation"))))
def test_every_key_of_the_schema_has_examples_that_fit(name, value):
    whole = schema("explanation")
    target = whole
    for step in value.get("$ref", "#").removeprefix("#").removeprefix("/").split("/"):
        target = target[step] if step else {}
    merged = {**target, **value}
    merged.pop("$ref", None)
    validator = jsonschema.Draft202012Validator({"$defs": whole["$defs"], **merged})
    assert merged["description"]
    assert all(validator.is_valid(example) for example in merged["examples"])

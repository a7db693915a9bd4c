"""Text and markdown: the whole of each report, and what no data may do to either."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.engine.diff import Sides
from reconcile.model.outcome import Result
from reconcile.model.run import Run
from reconcile.report.escape import cells, padded
from reconcile.report.formats import FORMATS, Report
from reconcile.report.markdown_format import as_markdown
from reconcile.report.run_view import closing
from reconcile.report.text_format import as_text
from reconcile.report.view import Detail, Entry, Excerpt, Note, Table, Tone, View, sections
from reconcile.source import Span
from tests.report import golden, samples

ANY = st.text(max_size=30)
HOSTILE = "\x1b[31m|<script>`*_[a](b)\u202e\nnext"


def view_of(*blocks):
    return View("headline", sections(("Title", blocks)), "closing")


@pytest.mark.parametrize("ending", golden.FORMATS)
@pytest.mark.parametrize("name", golden.VIEWS)
def test_a_report_reads_as_it_did(name, ending):
    expected = (golden.FOLDER / f"{name}.{ending}").read_text(encoding="utf-8")
    assert golden.FORMATS[ending](golden.VIEWS[name]) == expected


def test_each_format_is_made_from_one_report():
    report = Report({"kind": "plan"}, view_of(Note("a")))
    made = {name: form(report) for name, form in FORMATS.items()}
    assert made["json"] == '{\n  "kind": "plan"\n}\n'
    assert "Title:\n  a\n" in made["text"]
    assert "### Title\n\n- a\n" in made["markdown"]


def test_columns_align_under_chinese_names():
    entries = [Entry("+", ("acme", name, "end")) for name in ("订单", "a", "订单a")]
    lines = as_text(view_of(*entries)).splitlines()[3:6]
    assert {cells(line[: line.index("end")]) for line in lines} == {18}


def test_carets_stand_below_what_is_meant_after_wide_characters():
    block = Excerpt("bad", Span("a.yaml", 3, 7, 2), "  名称: 订单同步")
    said = as_text(view_of(block)).splitlines()
    assert said[4:6] == ["      名称: 订单同步", "            ^^^^"]


def test_of_a_very_long_line_the_part_around_the_place_is_quoted():
    line = "x" * 5_000 + "bad" + "y" * 5_000
    quoted = as_text(view_of(Excerpt("bad", Span("a.yaml", 1, 5_001, 3), line))).splitlines()[4]
    assert quoted == "    …" + "x" * 100 + "bad" + "y" * 100 + "…"


def test_a_place_behind_the_end_of_its_line_is_one_caret():
    assert as_text(view_of(Excerpt("bad", Span("a", 1, 9, 3), "ab"))).splitlines()[4:6] == ["    ab", "      ^"]


def test_a_finding_may_have_no_line():
    assert as_text(view_of(Excerpt("bad", Span("a", 1, 9), None))).splitlines()[3] == "a:1:9: bad"


def test_there_is_no_colour_unless_asked_for():
    view = golden.VIEWS["plan"]
    assert "\x1b" not in as_text(view)
    assert "\x1b[33m" in as_text(view, colour=True)


def test_colour_changes_nothing_but_colour():
    view = golden.VIEWS["run"]
    assert re.sub("\x1b\\[[0-9]+m", "", as_text(view, colour=True)) == as_text(view)


@pytest.mark.parametrize("formatted", [as_text, as_markdown])
@given(words=ANY)
def test_no_data_steers_a_terminal(formatted, words):
    shown = formatted(
        View(words, sections((words, (Note(words, words), Excerpt(words, Span(words, 1), words, words)))), words)
    )
    assert all(sign.isprintable() or sign in "\n\u3000" for sign in shown)


@given(words=ANY)
def test_no_data_breaks_a_table_of_markdown(words):
    entry = Entry("+", (words, words), (Detail(words, words), Detail(words, words)))
    table = Table((words, words, words), ((words, words, words),))
    rows = [line for line in as_markdown(view_of(entry, table)).splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows] == [5, 5, 5, 4, 4, 4]


@given(words=ANY)
def test_no_data_is_a_tag_of_html_outside_code(words):
    outside = re.sub("(`+)(?!`).*?(?<!`)\\1(?!`)", "", as_markdown(view_of(Note(words, words))))
    assert "<" not in outside


def test_hostile_data_stays_one_line_of_text():
    assert as_text(view_of(Note(HOSTILE))).splitlines()[3] == "  \\x1b[31m|<script>`*_[a](b)\\u202e\\nnext"


def test_markdown_says_the_closing_first():
    assert as_markdown(view_of(Note("a"))).splitlines()[:3] == ["## headline", "", "**closing**"]


def test_a_view_may_say_nothing_at_its_end():
    assert as_markdown(View("headline")) == "## headline\n"
    assert as_text(View("headline")) == "headline\n"


def test_a_title_with_nothing_below_it_is_left_out():
    assert sections(("Empty", ()), ("Full", (Note("a"),)))[0].title == "Full"


def test_padding_fills_columns_and_not_characters():
    assert padded("订", 4) == "订  "


def test_a_failed_note_is_painted():
    assert "\x1b[31mbad\x1b[0m" in as_text(view_of(Note("bad", tone=Tone.BAD)), colour=True)


@pytest.mark.parametrize(
    "results, expected",
    [
        pytest.param((Result.VERIFIED,), "Applied: 5 verified.", id="all-verified"),
        pytest.param((Result.FAILED,), "Nothing was saved: 5 failed, 1 blocked, 2 unreadable.", id="all-failed"),
    ],
)
def test_an_apply_ends_with_what_became_of_it(results, expected):
    is_clean = results == (Result.VERIFIED,)
    wanted = {change.key: change.desired for change in samples.PLAN.changes}
    live = {change.key: change.live for change in samples.PLAN.changes}
    plan = samples.make_plan("prod", Sides(wanted, live)) if is_clean else samples.PLAN
    run = Run(plan, samples.outcomes(*results))
    assert closing(run) == expected


def test_an_apply_that_was_refused_as_a_whole_says_that_nothing_was_saved():
    assert closing(Run(samples.EMPTY_PLAN, (), refusals=samples.PLAN.refusals[-1:])) == "Nothing was saved."

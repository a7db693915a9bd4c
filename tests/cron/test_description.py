"""What an expression is said to mean, in both languages: the whole sentence, for the forms that people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.cron import parse, words
from reconcile.cron.description import LANGUAGES
from tests.cron.vectors import rows

VALID = sorted({row["expr"] for row in rows() if row["valid"]})
TABLE = (Path(__file__).parent / "sentences.md").read_text("utf-8").splitlines()
SENTENCES = [tuple(cell.strip(" `") for cell in line.split("|")[1:4]) for line in TABLE if line.startswith("| `")]


@pytest.mark.parametrize("text, english, chinese", SENTENCES, ids=[row[0] for row in SENTENCES])
def test_an_expression_is_said_in_both_languages(text, english, chinese):
    assert (words(parse(text)), words(parse(text), "zh")) == (english, chinese)


@pytest.mark.parametrize(
    "text, english, chinese",
    [
        ("0 0 0 1,L * ?", "At 00:00, on day 1 and the last day of the month", "每月 1 日、最后一天 00:00"),
        (
            "0 0 0 15W,20W,LW 3 ?",
            "At 00:00, on the last weekday, the weekday nearest to day 15 and the weekday nearest to day 20 of March",
            "每年 3 月最后一个工作日、最接近 15 日的工作日、最接近 20 日的工作日 00:00",
        ),
    ],
)
def test_quartz_2_5_counts_every_special_of_a_list(text, english, chinese):
    expression = parse(text, quartz="2.5")
    assert (words(expression), words(expression, "zh")) == (english, chinese)


@pytest.mark.parametrize("language", LANGUAGES)
def test_expressions_that_fire_differently_are_said_differently(language):
    said = {}
    for text in VALID:
        expression = parse(text)
        same = said.setdefault(words(expression, language), expression)
        assert same.meaning == expression.meaning, (text, same.text)


def test_an_english_sentence_is_ascii_and_has_no_gaps():
    wrong = [said for said in (words(parse(text)) for text in VALID) if not said.isascii() or "  " in said]
    assert wrong == []


def test_a_language_that_is_not_in_the_table_is_refused():
    with pytest.raises(ValueError, match="language"):
        words(parse("0 0 0 * * ?"), "de")


def test_years_are_left_out_only_when_they_are_all_the_years_there_are():
    assert words(parse("0 0 0 1 * ? 1970/1", max_year=2126)) == words(parse("0 0 0 1 * ?", max_year=2126))
    assert words(parse("0 0 0 1 * ? 1970-2126")) == "At 00:00, on day 1 of the month"
    assert words(parse("0 0 0 1 * ? 1971/1")) == "At 00:00, on day 1 of the month, from 1971 through 2126"

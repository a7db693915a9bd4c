"""docs/cron.md: each expression in it is held to what the page says of it."""

from __future__ import annotations

import doctest
import re

import pytest

from reconcile.cron import CronSyntaxError, parse, same_fires, words
from reconcile.cron.syntax_hints import hint_for
from reconcile.engine.cron_rules import CheckedCron, check_cron
from tests.docs.rules import NOW
from tests.docs.tables import ROOT

TEXT = (ROOT / "docs" / "cron.md").read_text(encoding="utf-8")
TABLE = re.compile(r"^<!-- cron: (\w+) -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
PYTHON = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")


def rows(name):
    """The cells of the table called *name*, without their backquotes."""
    (found,) = (table[2] for table in TABLE.finditer(TEXT) if table[1] == name)
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in found.splitlines()]


def each(name):
    return pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in rows(name)])


def verdict(text):
    try:
        expression = parse(text)
    except CronSyntaxError:
        return "refused"
    found = [marked.rule for marked in check_cron(CheckedCron(text, expression, None, NOW))]
    return found[0] if found else "clean"


@each("words")
def test_an_expression_means_what_stands_beside_it(row):
    assert words(parse(row[0])) == row[1]


@each("unix")
def test_a_unix_expression_is_refused_with_the_quartz_one_as_a_hint(row):
    unix, quartz, _ = row
    with pytest.raises(CronSyntaxError) as caught:
        parse(unix)
    assert hint_for(unix, caught.value.message, caught.value.field).endswith(f": {quartz}")
    assert verdict(quartz) == "clean"


@each("same")
def test_what_is_called_the_same_is(row):
    assert same_fires(row[0], row[1])


@each("differ")
def test_what_is_called_different_is(row):
    assert not same_fires(row[0], row[1])


@each("verdicts")
def test_a_verdict_is_as_told(row):
    assert verdict(row[0]) == row[1]


def test_every_expression_of_the_page_stands_in_a_table_that_is_tested():
    tables = ("words", "unix", "same", "differ", "verdicts")
    tested = {cell for table in tables for row in rows(table) for cell in row[:2]}
    mentioned = {code for code in CODE.findall(TEXT) if re.fullmatch(r"([0-9A-Z*/?#,-]+ ){4,}[0-9A-Z*/?#,-]+", code)}
    assert mentioned - tested == set()
    assert len(mentioned) > 20


def test_the_python_of_the_page_does_what_it_shows():
    (block,) = PYTHON.findall(TEXT)
    example = doctest.DocTestParser().get_doctest(block, {}, "cron.md", "docs/cron.md", 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(example, out=said.append)
    assert (failed, tried > 5) == (0, True), "".join(said)

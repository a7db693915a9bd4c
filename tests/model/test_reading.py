"""A reading: with which Quartz, and up to which year, a service reads a cron."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconcile.cron import MAX_YEAR, CronSyntaxError, next_fire
from reconcile.model.reading import DEFAULT_READING, EVERY_READING, QUARTZ_VERSIONS, Reading, reading_at, reading_of
from reconcile.model.workspace import Environment, ServiceSettings
from reconcile.resources import schema_text

NEW_YEAR = datetime(2026, 12, 31, 20, tzinfo=UTC)


def environment(zone="UTC", quartz="2.3"):
    return Environment("prod", "http://x", timezone=zone, service=ServiceSettings(quartz=quartz))


@pytest.mark.parametrize(
    "zone, now, last_year",
    [
        pytest.param("UTC", None, MAX_YEAR, id="whatever-the-time"),
        pytest.param("UTC", NEW_YEAR, 2126, id="the-year-of-now-and-a-hundred"),
        pytest.param("Asia/Shanghai", NEW_YEAR, 2127, id="where-the-year-is-over-already"),
    ],
)
def test_an_environment_is_read_with_its_version_up_to_a_hundred_years_ahead(zone, now, last_year):
    assert reading_of(environment(zone, "2.5"), now) == Reading("2.5", last_year)


@pytest.mark.parametrize(
    "text, fires",
    [
        pytest.param("0 0 2 1 1 ? 2130", "2130-01-01T02:00:00+00:00", id="its-last-fire-is-in-the-last-year"),
        pytest.param("0 0 2 1 1 ? 2131", None, id="its-last-fire-is-beyond-the-last-year"),
    ],
)
def test_nothing_fires_after_the_last_year(text, fires):
    found = next_fire(reading_at(datetime(2030, 5, 1, tzinfo=UTC)).parse(text), NEW_YEAR)
    assert (None if found is None else found.isoformat()) == fires


def test_the_last_year_decides_what_is_a_cron():
    assert Reading(last_year=2200).expression("0 0 2 1 1 ? 2200/5") is not None
    assert DEFAULT_READING.expression("0 0 2 1 1 ? 2200/5") is None
    with pytest.raises(CronSyntaxError):
        DEFAULT_READING.parse("0 0 2 1 1 ? 2200/5")


@pytest.mark.parametrize("text", ["", "every night", "0 0 25 * * ?", "*" * 100_000, "\0", "0 0 2 * * ？"])
def test_a_text_that_is_no_cron_means_nothing_in_any_reading(text):
    assert [reading.expression(text) for reading in EVERY_READING] == [None] * len(EVERY_READING)


def test_there_is_a_reading_for_each_version_that_a_workspace_may_name():
    environment = json.loads(schema_text("workspace"))["$defs"]["environment"]
    named = environment["properties"]["service"]["properties"]["quartz"]["enum"]
    assert tuple(named) == QUARTZ_VERSIONS == tuple(reading.quartz for reading in EVERY_READING)

"""Every row that the real Quartz 2.3.2 produced holds: validity, words of refusal, each fire, each ending."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reconcile.cron import CronSyntaxError, hazard, next_fire, parse
from tests.cron.vectors import rows

ROWS = rows()
# Rows are probed for this many fires; whether there is one more is then not recorded.
PROBED = (8, 10)


def test_the_rows_are_all_there():
    assert (len(ROWS), sum(row["valid"] for row in ROWS)) == (7434, 5529)


def refusal(expr):
    try:
        parse(expr)
    except CronSyntaxError as error:
        return error
    return None


def test_validity_agrees_with_quartz():
    wrong = [row["expr"] for row in ROWS if (refusal(row["expr"]) is None) != row["valid"]]
    assert wrong == []


def test_a_refusal_has_quartz_own_words():
    wrong = [
        (row["expr"], row["error"], error.message)
        for row in ROWS
        if not row["valid"]
        and (error := refusal(row["expr"]))
        and error.message != row["error"]
        # The JVM's own exception text is not Quartz's.
        and not row["error"].startswith("Illegal cron expression format (java")
    ]
    assert wrong == []


def test_a_refusal_points_into_the_text():
    for row in ROWS:
        error = refusal(row["expr"])
        if error is not None:
            assert 0 <= error.column <= max(0, len(error.text) - 1), row["expr"]
            assert error.width >= 1, row["expr"]


def instants(expression, row, count):
    at = datetime.fromisoformat(row["after"]).astimezone(ZoneInfo(row["tz"]))
    found = []
    for _ in range(count):
        fire = next_fire(expression, at)
        if fire is None:
            break
        at = fire
        found.append(fire.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return found


def test_every_fire_and_every_ending_agrees_with_quartz():
    wrong = []
    for row in ROWS:
        if not row["valid"]:
            continue
        wanted = row["fires"]
        found = instants(parse(row["expr"]), row, len(wanted) + 1)
        ends = bool(row.get("ended") or row.get("fire_error"))
        if found[: len(wanted)] != wanted:
            wrong.append((row["expr"], row["tz"], wanted, found))
        elif ends != (len(found) == len(wanted)) and len(wanted) not in PROBED:
            wrong.append((row["expr"], row["tz"], "ended" if ends else "goes on"))
        elif ends and len(found) != len(wanted):
            wrong.append((row["expr"], row["tz"], "should have ended"))
    assert wrong == []


@pytest.mark.parametrize("error", ["java.util.NoSuchElementException", "HANG"])
def test_what_throws_or_hangs_inside_quartz_is_a_hazard(error):
    found = [row["expr"] for row in ROWS if row.get("fire_error") == error]
    assert found
    assert [expr for expr in found if hazard(parse(expr)) is None] == []

"""What a browser gets from the twin, before any browser is asked."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from reconcile.resources import folder
from tests.twin.asking import JOB, NIGHTLY, QUERY


@pytest.mark.parametrize("path", ["/", "/_twin/page.js", "/_twin/page.css"])
def test_the_page_asks_nothing_of_other_hosts(client, path):
    assert not re.search(r"(https?:)?//[a-z]", client.ask("GET", path).read().decode().replace("// All", ""))


def test_the_page_may_run_only_what_the_twin_serves(client):
    reply = client.ask("GET", "/")
    assert "default-src 'none'; script-src 'self'" in reply.headers["content-security-policy"]


def test_the_page_puts_text_in_as_text(client):
    assert "innerHTML" not in client.ask("GET", "/_twin/page.js").read().decode()


def test_the_overview_counts_jobs_requests_and_fires(still, asking):
    asking.save("1")
    still.advance(timedelta(days=2))
    seen = asking.get("/_twin/overview")
    assert (seen["tenants"], seen["requests"], seen["fires"]) == ({"acme": 1}, 1, 2)


def test_recent_fires_are_the_newest_of_all_jobs(still, asking):
    still.seed("acme", [{"code": "a", "name": "a", "cron": "0 * * * * ?"}])
    still.seed("globex", [{"code": "b", "name": "b", "cron": "30 * * * * ?"}])
    still.advance(timedelta(days=1))
    recent = asking.get("/_twin/overview")["recent"]
    assert [(row["fired"], row["tenant"]) for row in recent[:3]] == [
        ("2026-01-06T00:00:00+00:00", "acme"),
        ("2026-01-05T23:59:30+00:00", "globex"),
        ("2026-01-05T23:59:00+00:00", "acme"),
    ]
    assert len(recent) == 100


def test_fires_of_a_deleted_job_are_no_longer_recent(still, asking):
    still.seed("acme", [{"code": "a", "name": "a", "cron": NIGHTLY}])
    still.advance(timedelta(days=1))
    still.delete("acme", "a")
    assert asking.get("/_twin/overview")["recent"] == []


def test_jobs_are_found_by_a_part_of_code_or_name(still, asking):
    still.seed(
        "acme", [{"code": "one", "name": "订单", "cron": NIGHTLY}, {"code": "two", "name": "x", "cron": NIGHTLY}]
    )
    found = [asking.get(f"/_twin/jobs?tenant=acme&find={text}") for text in ("%E8%AE%A2", "TW")]
    assert [[job["code"] for job in one["jobs"]] for one in found] == [["one"], ["two"]]


def test_jobs_come_in_parts(still, asking):
    still.seed("acme", [{"code": str(number), "name": "x", "cron": NIGHTLY} for number in range(450)])
    part = asking.get("/_twin/jobs?tenant=acme&from=400")
    assert (part["count"], len(part["jobs"]), part["jobs"][0]["code"]) == (450, 50, "400")


def test_the_journal_of_a_job_is_shown(still, asking):
    job_id = asking.saved("1")
    still.advance(timedelta(days=2))
    assert asking.get(f"/_twin/journal?tenant=acme&jobinfoid={job_id}")["count"] == 2


@pytest.fixture(scope="module")
def described():
    return json.loads((folder("schemas") / "openapi.json").read_text("utf-8"))


def fits(described, schema: str, document: object) -> bool:
    reference = {"$ref": f"#/components/schemas/{schema}", "components": described["components"]}
    return Draft202012Validator(reference).is_valid(document)


def test_the_description_that_is_served_is_the_one_that_is_kept(client, described):
    assert client.get("/openapi.json") == described


def test_the_description_is_of_openapi_3_1(described):
    assert described["openapi"] == "3.1.0"
    assert sorted(described["paths"]) == [JOB, QUERY]


def test_every_schema_of_the_description_is_one(described):
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_answers_are_as_the_description_says(still, asking, described):
    saved = asking.save("1")
    still.advance(timedelta(days=1))
    rows = asking.post(QUERY, {"codes": "1"})[1]
    page = {"resp_data": {"quartz_list": asking.history(saved["resp_data"]["group_job_id"])}}
    refused = asking.save("1", "x")
    told = {"Saved": saved, "Rows": rows, "Page": page, "Error": refused}
    assert {name: fits(described, name, document) for name, document in told.items()} == dict.fromkeys(told, True)

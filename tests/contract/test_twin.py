"""The twin against the exchanges: the same bytes go in, and what comes out has the documented shape, key for key."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from reconcile import resources
from tests.contract.exchanges import Exchange, exchange

testing = pytest.importorskip("reconcile.twin.testing", reason="the twin is not built yet")


@pytest.fixture
def url():
    with testing.running_twin() as twin:
        yield getattr(twin, "url", twin)


def post(url: str, told: Exchange, body: str | None = None) -> tuple[int, object]:
    """Send the request of an exchange as it stands, with nothing of the client in between."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        headers = {"tecode": told.tenant, "Content-Type": "application/json"}
        connection.request(told.method, told.path, (body or told.request).encode(), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def shape(document: object) -> object:
    """The keys of a document in their order, and the kinds of its values."""
    if isinstance(document, dict):
        return [(name, shape(value)) for name, value in document.items()]
    if isinstance(document, list):
        return [shape(one) for one in document[:1]]
    return type(document).__name__


def test_a_save_is_acknowledged_in_the_documented_shape(url):
    told = exchange("save")
    status, reply = post(url, told)
    assert (status, shape(reply)) == (told.status, shape(json.loads(told.reply)))


def test_a_query_for_a_code_without_a_job_is_an_empty_list(url):
    told = exchange("query-nothing")
    assert post(url, told) == (told.status, json.loads(told.reply))


def test_a_query_returns_what_was_saved_in_the_documented_shape(url):
    saved, told = exchange("save"), exchange("query-nothing")
    _, acknowledged = post(url, saved)
    status, reply = post(url, told)
    assert (status, shape(reply)) == (200, shape(json.loads(exchange("query").reply)))
    (row,) = reply["resp_data"]
    assert row["jobinfoid"] == acknowledged["resp_data"]["group_job_id"]
    assert (row["bizcode"], row["cronexpression"]) == (saved.given["code"], saved.given["cron"])
    assert row["jobstatus"] == "enable"


def test_the_description_of_the_api_has_the_members_of_a_documented_row():
    described = json.loads((resources.folder("schemas") / "openapi.json").read_text(encoding="utf-8"))
    rows = described["components"]["schemas"]["Rows"]["properties"]["resp_data"]
    (documented,) = json.loads(exchange("query").reply)["resp_data"]
    assert list(rows["items"]["properties"]) == list(documented)


def test_a_job_of_one_tenant_is_not_anothers(url):
    post(url, exchange("save"))
    told = exchange("query-nothing")
    other = Exchange(**{**vars(told), "tenant": "globex"})
    assert post(url, other) == (200, {"resp_data": []})


def test_a_history_has_the_documented_shape(url):
    _, acknowledged = post(url, exchange("save"))
    told = exchange("history")
    request = told.request.replace(told.given["job_id"], acknowledged["resp_data"]["group_job_id"])
    status, reply = post(url, told, request)
    documented = json.loads(told.reply)["resp_data"]["quartz_list"]
    listing = reply["resp_data"]["quartz_list"]
    assert status == 200
    assert list(listing) == list(documented)
    assert (listing["pageIndex"], listing["pageSize"]) == (1, 10)
    for row in listing["data"]:
        assert shape(row) == shape(documented["data"][0])

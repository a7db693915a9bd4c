"""The three operations, asked for over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.twin.asking import JOB, NIGHTLY, QUERY, Client


def test_a_job_id_has_19_digits(client):
    job_id = client.saved("1")
    assert (len(job_id), job_id.isdecimal()) == (19, True)


def test_saving_again_keeps_the_id_and_takes_the_new_cron(client):
    first = client.saved("1")
    second = client.saved("1", "0 0 3 * * ?")
    (row,) = client.query("1")
    assert (second, row["jobinfoid"], row["cronexpression"]) == (first, first, "0 0 3 * * ?")


def test_one_code_of_two_tenants_is_two_jobs(twin, client):
    other = Client(twin.url, "globex")
    assert client.saved("1") != other.saved("1")
    other.close()


def test_the_order_of_codes_is_the_order_of_rows(client):
    for code in ("1", "2", "3"):
        client.saved(code)
    assert [row["bizcode"] for row in client.query("3", "1", "2")] == ["3", "1", "2"]


def test_a_code_asked_for_twice_is_answered_once(client):
    client.saved("1")
    assert len(client.query("1", "1")) == 1


def test_blanks_around_codes_do_not_matter(client):
    client.saved("1")
    assert len(client.query(" 1 ", "")) == 1


@pytest.mark.parametrize("tenant", [pytest.param(None, id="missing"), pytest.param("  ", id="blank")])
def test_a_request_without_a_tenant_is_400(twin, tenant):
    client = Client(twin.url, tenant)
    status, reply = client.post(QUERY, {"codes": "1", "jobtype": ""})
    client.close()
    assert (status, reply["resp_code"]) == (400, "400")


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        pytest.param("not a cron", "is invalid", id="quartz-cannot-read-it"),
        pytest.param("0 0 25 * * ?", "is invalid", id="hour-25"),
        pytest.param("0 0 0 1 1 ? 2020", "will never fire", id="only-in-the-past"),
        pytest.param(" ", "must not be blank", id="blank"),
    ],
)
def test_a_cron_that_quartz_would_not_schedule_is_refused_without_resp_data(client, cron, says):
    reply = client.save("1", cron)
    assert sorted(reply) == ["resp_code", "resp_msg"]
    assert says in reply["resp_msg"]


def test_a_refused_save_changes_nothing(client):
    client.saved("1")
    client.save("1", "not a cron")
    assert client.query("1")[0]["cronexpression"] == NIGHTLY


def test_the_far_cron_of_a_parked_job_is_taken(client):
    assert "resp_data" in client.save("1", "0 0 0 1 1 ? 2099")


def test_saving_a_disabled_job_leaves_it_disabled(twin, client):
    client.saved("1")
    twin.disable("acme", "1")
    client.saved("1", "0 0 3 * * ?")
    assert client.query("1")[0]["jobstatus"] == "disable"


def test_first_saves_of_one_code_at_once_make_one_job(twin, client):
    def save(_number: int) -> str:
        one = Client(twin.url)
        try:
            return one.saved("1")
        finally:
            one.close()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(save, range(24)))
    assert (len(ids), len(client.query("1"))) == (1, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(QUERY, b"{", id="not-json"),
        pytest.param(QUERY, [], id="not-an-object"),
        pytest.param(QUERY, {"codes": 1}, id="codes-are-a-number"),
        pytest.param(JOB, {"xw_quartz": []}, id="no-xw_quartz-object"),
        pytest.param(JOB, {"xw_quartz": {"opttype": "queryjournal"}}, id="the-right-spelling-is-wrong"),
        pytest.param(JOB, {"xw_quartz": {"opttype": "save", "bizcode": "1"}}, id="a-save-without-a-cron"),
        pytest.param(QUERY, b'{"codes": "\\ud800"}', id="half-of-a-pair"),
        pytest.param(QUERY, b'{"codes": "1", "x": %s}' % (b"[" * 100_000), id="nested-without-end"),
        pytest.param(QUERY, b'{"codes": "\xff"}', id="not-utf-8"),
        pytest.param(QUERY, b"", id="empty"),
        pytest.param(JOB, {"xw_quartz": {"opttype": "quaryjournal"}}, id="a-history-of-no-id"),
        pytest.param(
            JOB, {"xw_quartz": {"opttype": "quaryjournal", "jobinfoid": "1", "pageindex": {}}}, id="a-page-that-is-none"
        ),
    ],
)
def test_a_body_that_asks_for_nothing_known_is_refused(client, path, body):
    status, reply = client.post(path, body)
    assert (status, sorted(reply)) == (200, ["resp_code", "resp_msg"])


def test_the_operations_answer_post_only(client):
    reply = client.ask("GET", QUERY)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def fired_three_times(still, asking) -> str:
    job_id = asking.saved("1")
    still.advance(timedelta(days=3))
    return job_id


def test_the_newest_row_of_the_journal_comes_first(still, asking):
    rows = asking.history(fired_three_times(still, asking))["data"]
    assert [row["triggertime"] for row in rows] == [
        "2026-01-07T02:00:00.000+0000",
        "2026-01-06T02:00:00.000+0000",
        "2026-01-05T02:00:00.000+0000",
    ]


def test_the_journal_comes_in_pages(still, asking):
    listing = asking.history(fired_three_times(still, asking), page=2, size=2)
    assert {name: value for name, value in listing.items() if name != "data"} == {
        "pageSize": 2,
        "pageIndex": 2,
        "resultCount": 3,
        "pageCount": 2,
    }
    assert [row["triggertime"][:10] for row in listing["data"]] == ["2026-01-05"]


@pytest.mark.parametrize("page", [0, -4, "1", None])
def test_a_page_below_1_is_the_first(still, asking, page):
    listing = asking.history(fired_three_times(still, asking), page=page)
    assert (listing["pageIndex"], len(listing["data"])) == (1, 3)


def test_a_page_past_the_end_is_empty(still, asking):
    listing = asking.history(fired_three_times(still, asking), page=2)
    assert (listing["pageIndex"], listing["resultCount"], listing["data"]) == (2, 3, [])


def test_the_journal_of_another_tenants_job_is_empty(still, asking):
    job_id = fired_three_times(still, asking)
    other = Client(still.url, "globex")
    assert other.history(job_id)["resultCount"] == 0
    other.close()


def test_a_row_of_the_journal_tells_a_run_of_the_schedule(still, asking):
    job_id = fired_three_times(still, asking)
    row = asking.history(job_id)["data"][0]
    assert (row["jobinfoid"], row["runtype"], row["triggerstatus"], row["exestatus"], row["exedes"]) == (
        job_id,
        "trigger",
        "success",
        "success",
        "",
    )


def test_a_body_too_large_to_be_meant_is_not_read_to_its_end(twin, client):
    assert client.ask("POST", QUERY, b" " * (17 * 1024 * 1024)).status == 413

"""JSON ⇄ model: the bytes that are sent, and what of a reply is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.model.keys import Key
from reconcile.model.live import LiveRow
from reconcile.ports import Save
from reconcile.service import wire
from tests.examples import examples
from tests.service.fakes import a_row, null_row


def listing(*rows: object, asked: tuple[str, ...] = ("1", "2")) -> wire.Listing:
    body = json.dumps({"resp_data": list(rows)}).encode()
    return wire.listing(wire.envelope(body).content, asked=asked, active=("enable",))


def rows(*given: object) -> dict[str, tuple[LiveRow, ...]]:
    return listing(*given).rows


def test_a_query_is_written_as_documented():
    assert wire.query_body(["1", "2"]) == b'{"codes":"1,2","jobtype":""}'


def test_a_history_request_keeps_the_services_own_spelling():
    expected = b'{"xw_quartz":{"opttype":"quaryjournal","jobinfoid":"9","pageindex":2,"pagesize":50}}'
    assert wire.history_body("9", page=2, page_size=50) == expected


def test_a_save_carries_its_name_as_utf8():
    body = wire.save_body(Save(Key("acme", "1"), "订单", "0 0 2 * * ?"))
    expected = '{"xw_quartz":{"opttype":"save","jobname":"订单","cronexpression":"0 0 2 * * ?","bizcode":"1"}}'
    assert body == expected.encode()


def test_rows_are_grouped_by_code_in_the_order_given():
    first, second, third = (a_row("1", jobinfoid=job_id) for job_id in "abc")
    assert [row.job_id for row in rows(first, a_row("2"), second, third)["1"]] == ["a", "b", "c"]


def test_the_active_words_decide_what_is_active():
    other = a_row("1", jobinfoid="92", jobstatus="Enable")
    assert [row.active for row in rows(a_row("1"), other)["1"]] == [True, False]


def test_extra_keys_are_tolerated():
    assert rows(a_row("1", owner={"x": [1.5, None]}))["1"][0] is not None


@pytest.mark.parametrize("digits", ["1140537018430918657", "9007199254740993", "0", "-5", "1" * 5000])
def test_ids_that_are_whole_numbers_are_taken_digit_for_digit(digits):
    row = f'"jobinfoid":{digits},"cronexpression":"x","bizcode":{digits},"jobstatus":"enable"'
    found = wire.listing(wire.envelope(f'{{"resp_data":[{{{row}}}]}}'.encode()).content, asked=(digits,), active=())
    assert [row.job_id for row in found.rows[digits]] == [digits]
    assert type(found.rows[digits][0].job_id) is str


@examples(1)
@given(st.integers())
def test_any_whole_number_is_an_id_of_its_digits(number):
    content = wire.envelope(json.dumps({"resp_data": {"group_job_id": number}}).encode()).content
    assert wire.job_id(content) == str(number)


@pytest.mark.parametrize("written", ["1e18", "1.0", "1140537018430918657.0", "true", "false", "null", "[1]"])
def test_no_other_json_is_an_id(written):
    content = wire.envelope(f'{{"resp_data": {{"group_job_id": {written}}}}}'.encode()).content
    with pytest.raises(wire.MalformedError, match="not an id"):
        wire.job_id(content)


@pytest.mark.parametrize(
    "written, text", [("1", "1"), ("true", "true"), ("false", "false"), ("1.0", "1.0"), ("1e0", "1e0"), ('"1"', "1")]
)
def test_a_status_is_compared_as_its_json_text(written, text):
    body = f'{{"resp_data":[{{"jobinfoid":"9","cronexpression":"x","bizcode":"1","jobstatus":{written}}}]}}'
    found = wire.listing(wire.envelope(body.encode()).content, asked=("1",), active=(text,))
    assert found.rows["1"] == (LiveRow("9", "x", text, True),)


def test_the_same_row_twice_is_one_job():
    found = listing(a_row("1"), a_row("2"), a_row("1"), a_row("1"))
    assert ([len(found.rows[code]) for code in ("1", "2")], found.repeated) == ([1, 1], {"1"})


@pytest.mark.parametrize("name, value", [("cronexpression", "0 0 3 * * ?"), ("jobstatus", "disable")])
def test_one_id_with_two_contents_spoils_its_code(name, value):
    found = listing(a_row("1"), a_row("1", **{name: value}), a_row("2"))
    assert found.spoilt == {"1": f"row 2 has the jobinfoid of another, and another {name}"}
    assert list(found.rows) == ["2"]


def test_a_row_of_null_fields_is_told_apart():
    assert listing(null_row("1"), a_row("2")).null == ("1",)


@pytest.mark.parametrize(
    "row, words",
    [
        pytest.param({"bizcode": "1"}, "row 1 has no jobinfoid", id="only-a-code"),
        pytest.param(a_row("1", jobinfoid=1.14e18), "not an id", id="id-with-exponent"),
        pytest.param(a_row("1", jobinfoid=True), "not an id", id="id-a-boolean"),
        pytest.param(a_row("1", jobinfoid=""), "is empty, not an id", id="id-empty"),
        pytest.param(a_row("1", jobinfoid=None), "is null, not an id", id="id-null"),
        pytest.param(a_row("1", cronexpression=None), "cronexpression of row 1 is null", id="cron-null"),
        pytest.param(a_row("1", cronexpression=5), "is a whole number, not text", id="cron-a-number"),
        pytest.param(a_row("1", jobstatus=["enable"]), "is a list, not text", id="status-a-list"),
        pytest.param({k: v for k, v in a_row("1").items() if k != "jobstatus"}, "missing", id="status-missing"),
        pytest.param(a_row("1", cronexpression="\ud800"), "not valid Unicode", id="half-a-surrogate"),
        pytest.param(a_row("1", jobstatus=None), "is null, not text", id="status-null"),
    ],
)
def test_a_row_of_another_shape_spoils_its_own_code_only(row, words):
    found = listing(a_row("2"), row)
    assert words.replace("row 1", "row 2") in found.spoilt["1"]
    assert (list(found.rows), found.ownerless) == (["2"], None)


@pytest.mark.parametrize(
    "row, words",
    [
        pytest.param("x", "row 2 is text, not an object", id="no-object"),
        pytest.param(None, "row 2 is null, not an object", id="null"),
        pytest.param({k: v for k, v in a_row("1").items() if k != "bizcode"}, "missing", id="code-missing"),
        pytest.param(a_row("1", bizcode=None), "bizcode of row 2 is null, not an id", id="code-null"),
        pytest.param(a_row("1", bizcode=1.0), "a number with a fraction or an exponent", id="code-a-fraction"),
        pytest.param(a_row("1", bizcode=True), "true or false, not an id", id="code-a-boolean"),
        pytest.param(a_row("1", bizcode="\ud800"), "not valid Unicode", id="code-half-a-surrogate"),
    ],
)
def test_nobody_knows_whose_a_row_without_a_code_is(row, words):
    found = listing(a_row("2"), row)
    assert words in found.ownerless
    assert (list(found.rows), found.spoilt) == (["2"], {})


def test_a_row_that_was_not_asked_for_is_a_stray():
    with pytest.raises(wire.StrayRowError, match="code '3'"):
        rows(a_row("3"))


@pytest.mark.parametrize(
    "body, words",
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n", "empty", id="blank"),
        pytest.param(b"\xff{}", "not UTF-8", id="not-utf8"),
        pytest.param(b'{"resp_data": [', "not JSON", id="half-a-document"),
        pytest.param(b"[]", "a list, not an object", id="a-list"),
        pytest.param(b"null", "null, not an object", id="null"),
        pytest.param(b'{"a": 1, "a": 1}', "a key twice", id="duplicate-key"),
        pytest.param(b'{"resp_data": [{"x": NaN}]}', "NaN", id="nan"),
        pytest.param(b'{"resp_data": [{"bizcode": "1", "bizcode" : "2"}]}', "a key twice", id="duplicate-key-in-a-row"),
        pytest.param(b'{"a": {"b": [{"c": 1, "c": 2}]}}', "a key twice", id="duplicate-key-deep-down"),
        pytest.param(b'{"a": -Infinity}', "-Infinity", id="infinity"),
        pytest.param(b'{"a":' * 100_000, "nested too deeply", id="deep-objects"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="deep-lists"),
        pytest.param(b"{} {}", "not JSON", id="two-documents"),
        pytest.param(b'{"resp_data": "\ttab"}', "not JSON", id="control-character"),
    ],
)
def test_a_reply_that_is_no_such_object_is_malformed(body, words):
    with pytest.raises(wire.MalformedError, match=words):
        wire.envelope(body)


def test_a_byte_order_mark_is_tolerated():
    assert wire.envelope(b'\xef\xbb\xbf{"resp_data": []}').content == []


def test_a_number_of_more_digits_than_python_converts_is_only_text():
    assert wire.envelope(b'{"resp_code":' + b"1" * 10_000 + b"}").code == "1" * 10_000


@pytest.mark.parametrize("written", [b'"E1"', b"500", b"5e2"], ids=["text", "whole", "exponent"])
def test_a_resp_code_is_text_however_it_is_written(written):
    assert wire.envelope(b'{"resp_code":' + written + b"}").code == written.decode().strip('"')


@pytest.mark.parametrize("written", [b"{}", b"[1]", b"null"])
def test_a_resp_code_that_is_no_value_is_no_code(written):
    assert wire.envelope(b'{"resp_code":' + written + b"}").code is None


def test_a_saved_job_has_an_id():
    assert wire.job_id({"group_job_id": "77"}) == "77"


@pytest.mark.parametrize("content", [{}, {"group_job_id": ""}, {"group_job_id": None}, [], "77"])
def test_a_save_without_an_id_is_malformed(content):
    with pytest.raises(wire.MalformedError):
        wire.job_id(content)


def history(listing: object) -> object:
    content = wire.envelope(json.dumps({"resp_data": {"quartz_list": listing}}).encode()).content
    return wire.history_page(content, job="9", page=1, page_size=10, successful=("success",))


def test_a_history_row_is_read_as_documented():
    row = {
        "triggerid": "1254440094903963648",
        "jobinfoid": "9",
        "exestarttime": "2020-04-26T15:59:59.652+0000",
        "exedes": "java.net.SocketTimeoutException: timeout",
        "exestatus": "failure",
        "triggerstatus": "success",
        "exetotaltime": 0,
        "dynamicid": "7f3182c1a0264a7bb485b47371c91ff1",
        "triggertime": "2020-04-26T15:59:59.652+0000",
        "updatetime": "2020-04-26T16:00:24.589+0000",
        "runtype": "trigger",
    }
    page = history({"pageSize": 10, "pageIndex": 1, "resultCount": 329, "pageCount": 33, "data": [row]})
    assert (page.index, page.size, page.pages, page.total) == (1, 10, 33, 329)
    (execution,) = page.executions
    assert execution.fired_at == datetime(2020, 4, 26, 15, 59, 59, 652_000, tzinfo=UTC)
    assert execution.updated_at == datetime(2020, 4, 26, 16, 0, 24, 589_000, tzinfo=UTC)
    assert (execution.run_status, execution.succeeded, execution.run_type) == ("failure", False, "trigger")
    assert execution.message == "java.net.SocketTimeoutException: timeout"


def test_what_is_missing_or_null_in_a_history_is_left_open():
    page = history({"data": [{"exestatus": "success", "triggertime": None, "updatetime": ""}]})
    (execution,) = page.executions
    assert (page.index, page.size, page.pages, page.total) == (1, 10, 1, 1)
    assert (execution.job_id, execution.trigger_id, execution.fired_at, execution.updated_at) == ("9", "", None, None)
    assert execution.succeeded


def test_a_history_without_rows_is_empty():
    assert history({"data": None, "resultCount": 0, "pageCount": "0"}).executions == ()


@pytest.mark.parametrize(
    "listing, words",
    [
        pytest.param(None, "no object quartz_list", id="no-list"),
        pytest.param({"data": {}}, "not a list", id="data-an-object"),
        pytest.param({"data": [1]}, "row 1 is a whole number", id="row-a-number"),
        pytest.param({"data": [{"triggertime": "2020-04-26T15:59:59"}]}, "not a time", id="time-without-zone"),
        pytest.param({"data": [{"triggertime": "yesterday"}]}, "not a time", id="no-time"),
        pytest.param({"data": [{"triggertime": "0001-01-01T00:00:00+1200"}]}, "not a time", id="before-all-time"),
        pytest.param({"data": [], "pageCount": -1}, "not a count", id="negative-count"),
        pytest.param({"data": [], "pageCount": "9" * 13}, "not a count", id="huge-count"),
        pytest.param({"data": [], "resultCount": 1.5}, "not a count", id="fractional-count"),
    ],
)
def test_a_history_of_another_shape_is_malformed(listing, words):
    with pytest.raises(wire.MalformedError, match=words):
        history(listing)


def test_a_history_row_of_another_job_is_a_stray():
    with pytest.raises(wire.StrayRowError):
        history({"data": [{"jobinfoid": "10"}]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1", "2", "enable"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["resp_data", "resp_code", "bizcode", "jobinfoid", "cronexpression", "jobstatus", "data"])
            | st.sampled_from(["quartz_list", "group_job_id", "pageIndex", "triggertime"])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@examples(1.5)
@given(JSON)
def test_any_json_is_read_or_refused(document):
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    try:
        content = wire.envelope(body).content
    except wire.MalformedError:
        return
    for read in (
        lambda: wire.listing(content, asked=("1", "2"), active=("enable",)),
        lambda: wire.job_id(content),
        lambda: wire.history_page(content, job="9", page=1, page_size=10, successful=()),
    ):
        try:
            read()
        except (wire.MalformedError, wire.StrayRowError) as error:
            assert str(error)


@examples(1.5)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    try:
        wire.envelope(body)
    except wire.MalformedError as error:
        assert str(error)

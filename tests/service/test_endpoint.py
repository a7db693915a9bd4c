"""Settings: variables, addresses, headers and trusted hosts; refused before anything is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconcile.errors import SettingError
from reconcile.model.workspace import ServiceSettings, UnknownCode, UnknownCodeMode
from reconcile.service.endpoint import endpoint
from reconcile.service.messages import Operation
from tests.service.fakes import an_environment

SECRET = "s3cr3t-value"


def endpoint_of(url="http://service.example:8001", variables=None, **more):
    return endpoint(an_environment(url, **more), variables or {})


def refusal(*arguments, **more):
    with pytest.raises(SettingError) as caught:
        endpoint_of(*arguments, **more)
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    "url, expected",
    [
        ("http://h:8001", "http://h:8001/task/quartz/queryjobstatus"),
        ("https://h/", "https://h/task/quartz/queryjobstatus"),
        ("http://h/a/b//", "http://h/a/b/task/quartz/queryjobstatus"),
        ("http://[::1]:8001", "http://[::1]:8001/task/quartz/queryjobstatus"),
    ],
)
def test_operation_paths_are_appended_to_the_base_path(url, expected):
    assert endpoint_of(url).url(Operation.QUERY) == expected


def test_the_paths_may_be_set():
    paths = ServiceSettings(query_path="/q", job_path="/j")
    found = endpoint_of("http://h", service=paths)
    assert [found.url(operation) for operation in Operation] == ["http://h/q", "http://h/j", "http://h/j"]


def test_variables_are_resolved_in_url_and_headers_and_not_twice():
    variables = {"HOST": "h", "TOKEN": "${HOST}"}
    found = endpoint_of("http://${HOST}:1", variables, headers={"Authorization": "Bearer ${TOKEN}"})
    assert found.url(Operation.QUERY).startswith("http://h:1/")
    assert found.headers["Authorization"] == "Bearer ${HOST}"


@pytest.mark.parametrize("variables, state", [({}, "is not set"), ({"TOKEN": ""}, "is set, but empty")])
def test_a_missing_variable_is_named_with_its_setting(variables, state):
    error = refusal(variables=variables, headers={"X-Token": "${TOKEN}"})
    assert error.message == f"variable TOKEN, which environments.prod.headers.X-Token needs, {state}"
    assert "TOKEN" in refusal("http://${TOKEN}", variables).message


@pytest.mark.parametrize("text", ["${", "${}", "${1}", "${A-B}", "${A"])
def test_a_variable_that_is_none_is_refused(text):
    assert "not closed" in refusal(headers={"X": text}).message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "service:8001",
        "ftp://h",
        "http://",
        "http://h:99999",
        "http://h:0",
        "http://h?a=b",
        "http://h/#a",
        "http://h?",
    ],
)
def test_an_address_that_is_none_is_refused(url):
    assert "environments.prod.url" in refusal(url).message


@pytest.mark.parametrize("url", ["http://h /a", "http://h\r\nX: y", "http://[::1", "http://h\\@evil"])
def test_an_address_with_signs_that_mislead_is_refused(url):
    error = refusal(url)
    assert "environments.prod.url" in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "value, words",
    [
        pytest.param(f"{SECRET}\n", "holds a line break at its end", id="last-line-break"),
        pytest.param(f"{SECRET}\r\nX-Evil: 1", "holds a line break", id="second-header"),
        pytest.param(f"{SECRET}\r", "holds a line break", id="carriage-return"),
        pytest.param(f"{SECRET}\0", "holds a control character", id="nul"),
        pytest.param(f"{SECRET}\x7f", "holds a control character", id="del"),
        pytest.param(f"{SECRET}租", "cannot carry", id="non-latin-1"),
        pytest.param(f" {SECRET}", "begins or ends with white space", id="leading-space"),
    ],
)
def test_a_header_value_that_cannot_be_sent_is_refused_without_showing_it(value, words):
    error = refusal(variables={"TOKEN": value}, headers={"X-Token": "${TOKEN}"})
    assert words in error.message
    assert "environments.prod.headers.X-Token" in error.message
    assert "TOKEN" in error.message


def test_a_header_value_that_is_written_out_is_checked_too():
    assert "holds a line break" in refusal(headers={"X": "a\nb"}).message


def test_latin_1_and_tabs_may_be_sent():
    assert endpoint_of(headers={"X": "é\tü"}).headers["X"] == "é\tü"


@pytest.mark.parametrize("name", ["tecode", "TECODE", "Host", "Content-Length", "Transfer-Encoding", "Connection"])
def test_headers_that_reconcile_sets_cannot_be_set(name):
    assert "set by reconcile itself" in refusal(headers={name: "x"}).message


@pytest.mark.parametrize("name", ["", "a b", "a:b", "租户", "a\nb"])
def test_a_header_name_that_is_none_is_refused(name):
    assert "cannot be the name of a header" in refusal(headers={name: "x"}).message


TRUST = {"RECONCILE_TRUSTED_HOSTS": "good.example, other.example:8001,[::1]", "TOKEN": SECRET}


@pytest.mark.parametrize(
    "url", ["http://good.example:1", "https://GOOD.example", "http://other.example:8001", "http://[::1]:5"]
)
def test_a_trusted_host_is_sent_secrets(url):
    assert endpoint_of(url, TRUST, headers={"X-Token": "${TOKEN}"}).headers["X-Token"] == SECRET


@pytest.mark.parametrize(
    "url",
    ["http://evil.example", "http://good.example.evil.example", "http://other.example", "http://good.example@evil"],
)
def test_another_host_is_not(url):
    error = refusal(url, TRUST, headers={"X-Token": "${TOKEN}"})
    assert "environments.prod.headers.X-Token is made from a variable" in error.message
    assert "RECONCILE_TRUSTED_HOSTS" in error.message


def test_a_secret_in_the_address_is_one_too():
    assert "environments.prod.url" in refusal("http://evil.example/${TOKEN}", TRUST).message
    assert "environments.prod.url" in refusal("http://me:${TOKEN}@evil.example", TRUST).message


def test_no_host_is_trusted_when_the_list_is_empty():
    variables = {"RECONCILE_TRUSTED_HOSTS": "", "TOKEN": SECRET}
    assert "RECONCILE_TRUSTED_HOSTS" in refusal(variables=variables, headers={"X-Token": "${TOKEN}"}).message


def test_without_a_secret_or_without_a_list_any_host_will_do():
    assert endpoint_of("http://evil.example", TRUST, headers={"X": "plain"})
    assert endpoint_of("http://evil.example", {"TOKEN": SECRET}, headers={"X": "${TOKEN}"})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "environments.prod.ca_bundle" in refusal(ca_bundle=str(tmp_path / "no.pem")).message
    assert "environments.prod.ca_bundle" in refusal(ca_bundle="x" * 5000).message
    assert "environments.prod.client_cert" in refusal(client_cert="").message
    assert "variable CURL_CA_BUNDLE" in refusal(variables={"CURL_CA_BUNDLE": "/no/such\0file"}).message


def test_the_environments_ca_bundle_goes_before_the_variables(tmp_path):
    mine, other = tmp_path / "a.pem", tmp_path / "b.pem"
    mine.touch()
    other.touch()
    assert endpoint_of(variables={"REQUESTS_CA_BUNDLE": str(other)}, ca_bundle=str(mine)).ca_bundle == str(mine)
    assert endpoint_of(variables={"REQUESTS_CA_BUNDLE": str(other)}).ca_bundle == str(other)
    assert endpoint_of(variables={"REQUESTS_CA_BUNDLE": ""}).ca_bundle is None


@pytest.mark.parametrize(
    "more, name",
    [
        ({"timeout": timedelta()}, "timeout"),
        ({"batch_size": 0}, "batch_size"),
        ({"rate": 0.0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"service": ServiceSettings(query_path="q")}, "query_path"),
        ({"service": ServiceSettings(job_path="/j?x")}, "job_path"),
    ],
)
def test_numbers_and_paths_out_of_range_are_refused(more, name):
    assert name in refusal(**more).message


@pytest.mark.parametrize("status", ["200", "302", "401", "429", "503", "600", "4xx", "", "٤٠٤"])
def test_a_status_that_may_be_an_outage_cannot_mean_absent(status):
    unknown = UnknownCode(UnknownCodeMode.STATUS, status)
    assert "service.unknown_code" in refusal(service=ServiceSettings(unknown_code=unknown)).message


@pytest.mark.parametrize("status", ["400", "404", "500"])
def test_other_errors_can(status):
    assert endpoint_of(service=ServiceSettings(unknown_code=UnknownCode(UnknownCodeMode.STATUS, status)))


def test_what_is_made_of_variables_is_secret_and_what_is_shown_is_not():
    variables = {"TOKEN": SECRET, "HOST": "h.example", "BASE": "hidden-base", "LOGIN": "me"}
    found = endpoint_of(
        "http://${LOGIN}:pa%2Fss@${HOST}/${BASE}", variables, headers={"X-A": "Bearer ${TOKEN}", "X-B": "b"}
    )
    assert {SECRET, f"Bearer {SECRET}", "hidden-base", "pa%2Fss", "pa/ss", "me:pa/ss"} <= set(found.secrets)
    assert "h.example" not in found.secrets
    assert found.shown_url(Operation.QUERY) == "http://h.example/***/task/quartz/queryjobstatus"


def test_a_token_that_is_written_out_is_a_secret_too():
    assert "abcdef" in endpoint_of(headers={"Authorization": "Bearer abcdef", "X-Env": "prod"}).secrets
    assert "prod" not in endpoint_of(headers={"X-Env": "prod"}).secrets


def test_a_connection_does_not_show_its_secrets():
    variables = {"TOKEN": SECRET, "HTTP_PROXY": f"http://a:{SECRET}@p"}
    found = endpoint_of(f"http://a:{SECRET}@h", variables, headers={"X": "${TOKEN}"})
    assert SECRET not in repr(found)


def test_a_password_that_is_written_out_is_not_shown_in_a_refusal():
    assert "//***@h" in refusal(f"http://me:{SECRET}@h:0").message

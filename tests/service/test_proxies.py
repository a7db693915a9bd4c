"""Proxies: taken from the variables that were passed in."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from reconcile.errors import SettingError
from reconcile.service.proxies import proxy_for

PROXY = "http://proxy:3128"


def proxy(url, **variables):
    return proxy_for(urlsplit(url), variables)


@pytest.mark.parametrize(
    "url, variables, expected",
    [
        pytest.param("http://h", {}, None, id="none"),
        pytest.param("http://h", {"HTTP_PROXY": PROXY}, PROXY, id="http"),
        pytest.param("https://h", {"HTTP_PROXY": PROXY}, None, id="http-is-not-https"),
        pytest.param("https://h", {"HTTPS_PROXY": PROXY}, PROXY, id="https"),
        pytest.param("https://h", {"ALL_PROXY": PROXY}, PROXY, id="all"),
        pytest.param("http://h", {"HTTP_PROXY": "", "ALL_PROXY": PROXY}, PROXY, id="empty-is-unset"),
        pytest.param("http://h", {"http_proxy": PROXY, "HTTP_PROXY": "http://x"}, PROXY, id="lower-case-wins"),
        pytest.param("http://h", {"HTTP_PROXY": "proxy:3128"}, PROXY, id="without-scheme"),
    ],
)
def test_the_variable_of_the_scheme_applies_and_then_the_one_for_all(url, variables, expected):
    assert proxy(url, **variables) == expected


@pytest.mark.parametrize(
    "url, no_proxy, exempt",
    [
        ("http://a.example", "*", True),
        ("http://a.example", "a.example", True),
        ("http://A.example.", "a.EXAMPLE", True),
        ("http://a.example", "b.example, example", True),
        ("http://a.example", ".example", True),
        ("http://a.example", "*.example", True),
        ("http://a.example", "ample", False),
        ("http://a.example", "", False),
        ("http://a.example", ",", False),
        ("http://a.example:8001", "a.example:8001", True),
        ("http://a.example", "a.example:80", True),
        ("http://a.example", "a.example:8001", False),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://11.1.2.3", "10.0.0.0/8", False),
        ("http://10.1.2.3:5", "10.1.2.3", True),
        ("http://10.1.2.3:5", "10.1.2.3:5", True),
        ("http://[::1]:5", "::1", True),
        ("http://[::1]:5", "[::1]:5", True),
        ("http://[::1]:5", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_exempts_hosts_domains_and_networks(url, no_proxy, exempt):
    assert (proxy(url, HTTP_PROXY=PROXY, NO_PROXY=no_proxy) is None) is exempt


@pytest.mark.parametrize(
    "value", ["socks5://p:1", "http://", "http://p:99999", "http://p\r\nx", "http://p:0", "租://x"]
)
def test_what_is_no_http_proxy_is_refused_by_its_name(value):
    with pytest.raises(SettingError, match="variable HTTP_PROXY") as caught:
        proxy("http://h", HTTP_PROXY=value)
    assert value not in caught.value.message

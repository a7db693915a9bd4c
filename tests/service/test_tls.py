"""TLS: a service is believed by the certificates that the environment names, and by no other."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess
import threading

import pytest

from reconcile.service.messages import Failure, NoReply, Reply
from tests.service.fakes import http_reply, raw_server, read_request
from tests.service.test_transport import QUERY, a_transport, abort_when

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that signs itself, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=service -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", key, "-out", chain], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    return both


@contextlib.contextmanager
def tls_server(certificate, *, asks_for_one=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if asks_for_one:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)

    def handle(connection):
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            read_request(wrapped)
            wrapped.sendall(http_reply(b"{}"))
            wrapped.recv(1)

    with raw_server(handle) as url:
        yield url.replace("http:", "https:")


def test_a_certificate_of_the_ca_bundle_is_believed(certificate):
    with tls_server(certificate) as url, a_transport(url, ca_bundle=str(certificate)) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_ca_bundle_may_come_from_a_variable_that_was_passed_in(certificate, name):
    with tls_server(certificate) as url, a_transport(url, variables={name: str(certificate)}) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")


def test_another_certificate_is_refused_and_nothing_is_sent(certificate):
    with tls_server(certificate) as url, a_transport(url) as transport:
        result = transport.send(QUERY)
    assert isinstance(result, NoReply)
    assert (result.failure, result.sent) == (Failure.CERTIFICATE, False)
    assert "self" in result.detail


def test_a_certificate_for_another_host_is_refused(certificate):
    with tls_server(certificate) as url:
        address = url.replace("127.0.0.1", "localhost")
        with a_transport(address, ca_bundle=str(certificate)) as transport:
            result = transport.send(QUERY)
    assert isinstance(result, NoReply)
    assert (result.failure, result.sent) == (Failure.CERTIFICATE, False)


def test_a_client_certificate_is_shown(certificate):
    files = {"ca_bundle": str(certificate), "client_cert": str(certificate)}
    with tls_server(certificate, asks_for_one=True) as url, a_transport(url, **files) as transport:
        assert transport.send(QUERY) == Reply(200, b"{}")


def test_abort_cuts_a_call_under_tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked, over = threading.Event(), threading.Event()

    def handle(connection):
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            read_request(wrapped)
            asked.set()
            over.wait(60)

    with raw_server(handle) as url:
        address = url.replace("http:", "https:")
        with a_transport(address, ca_bundle=str(certificate)) as transport:
            with abort_when(asked, transport):
                result = transport.send(QUERY)
            over.set()
    assert isinstance(result, NoReply)
    assert result.sent

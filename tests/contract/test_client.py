"""The client against the exchanges: it sends exactly these bytes, and reads the replies as they say."""

from __future__ import annotations

import dataclasses
import threading
from datetime import datetime

import pytest

from reconcile.model.keys import Key
from reconcile.model.workspace import Environment
from reconcile.ports import Save
from reconcile.service import Client, ServiceReader, ServiceWriter, open_client
from tests.contract.exchanges import Exchange, exchanges
from tests.service.fakes import FakeClock, http_reply, raw_server, read_request


def ask(client: Client, exchange: Exchange) -> object:
    """Do what the exchange is given, and return what came of it in the words of its `means`."""
    given = exchange.given
    if exchange.operation == "query":
        live = ServiceReader(client).query([Key(exchange.tenant, code) for code in given["codes"]])
        return {key.code: [dataclasses.asdict(row) for row in rows] for key, rows in live.items()}
    if exchange.operation == "history":
        page = ServiceReader(client).history(exchange.tenant, given["job_id"], page=given["page"])
        return dataclasses.asdict(
            page, dict_factory=lambda pairs: {k: v.isoformat() if isinstance(v, datetime) else v for k, v in pairs}
        )
    save = Save(Key(exchange.tenant, given["code"]), given["name"], given["cron"])
    (answer,) = ServiceWriter(client).save([save]).values()
    return {"kind": answer.kind, "job_id": answer.job_id}


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda exchange: exchange.name)
def test_the_client_sends_these_bytes_and_reads_the_reply(exchange):
    seen = []

    def handle(connection):
        seen.append(read_request(connection))
        connection.sendall(http_reply(exchange.reply.encode(), status=f"{exchange.status} Status"))

    with raw_server(handle) as url:
        environment = Environment("prod", url)
        with open_client(environment, variables={}, clock=FakeClock(), stop=threading.Event()) as client:
            meant = ask(client, exchange)
    if exchange.operation == "history":
        meant["executions"] = list(meant["executions"])
    assert meant == exchange.means
    (request,) = seen
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == exchange.request.encode()
    lines = head.decode().split("\r\n")
    assert lines[0] == f"{exchange.method} {exchange.path} HTTP/1.1"
    assert f"tecode: {exchange.tenant}" in lines


def test_the_services_own_spelling_is_kept():
    (history,) = (exchange for exchange in exchanges() if exchange.operation == "history")
    assert '"opttype":"quaryjournal"' in history.request

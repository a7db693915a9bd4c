"""The floor under plan and apply: the same HTTP calls, by the same library and as many threads, and nothing else.

A plan cannot be faster than its queries, nor an apply than its saves; what the product adds is measured against these.
Bodies come with their tenants, ready to be sent, so that not even JSON is written here::

    floor = bare_queries(url + "/task/quartz/queryjobstatus", query_bodies(keys, 100), 32)
    print(floor.seconds, floor.cpu_seconds, floor.requests)
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import requests

Body = tuple[str, bytes]
"""A tenant, and the bytes to send for it."""


@dataclass(frozen=True)
class Floor:
    """What the bare calls took: wall time, CPU time of this process, calls, and bytes of reply."""

    seconds: float
    cpu_seconds: float
    requests: int
    bytes_received: int


def query_bodies(keys: Iterable[tuple[str, str]], batch_size: int) -> list[Body]:
    """Return the queries for *keys* (tenant and code, grouped by tenant)."""
    bodies = []
    for tenant, group in groupby(keys, key=lambda key: key[0]):
        codes = [code for _, code in group]
        for start in range(0, len(codes), batch_size):
            asked = ",".join(codes[start : start + batch_size])
            bodies.append((tenant, json.dumps({"codes": asked, "jobtype": ""}).encode()))
    return bodies


def save_bodies(saves: Iterable[tuple[str, str, str, str]]) -> list[Body]:
    """Return the saves for tenants, codes, names and crons."""
    return [
        (
            tenant,
            json.dumps(
                {"xw_quartz": {"opttype": "save", "jobname": name, "cronexpression": cron, "bizcode": code}},
                ensure_ascii=False,
            ).encode(),
        )
        for tenant, code, name, cron in saves
    ]


def bare_queries(url: str, bodies: Sequence[Body], concurrency: int) -> Floor:
    """Send every body to *url*, the whole address of the query operation, *concurrency* at a time."""
    return _calls(url, bodies, concurrency)


def bare_saves(url: str, bodies: Sequence[Body], concurrency: int) -> Floor:
    """Send every body to *url*, the whole address of the job operation, *concurrency* at a time."""
    return _calls(url, bodies, concurrency)


def _calls(url: str, bodies: Sequence[Body], concurrency: int) -> Floor:
    waiting = iter(bodies)
    received: list[int] = []
    failures: list[BaseException] = []

    def work() -> None:
        with requests.Session() as session:
            session.trust_env = False
            # An iterator over a sequence hands out each body once, whichever thread asks.
            for tenant, body in waiting:
                headers = {"tecode": tenant, "Content-Type": "application/json"}
                try:
                    reply = session.post(url, data=body, headers=headers, timeout=30)
                    reply.raise_for_status()
                except requests.RequestException as error:
                    failures.append(error)
                    return
                received.append(len(reply.content))

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    began, cpu_began = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    floor = Floor(time.perf_counter() - began, time.process_time() - cpu_began, len(received), sum(received))
    if failures:
        raise failures[0]
    return floor

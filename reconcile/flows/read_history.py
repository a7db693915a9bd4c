"""Histories: what a key's jobs did."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.flows.observe import observe
from reconcile.model.execution import PAGE_SIZE, HistoryPage
from reconcile.model.keys import Key
from reconcile.model.live import Live
from reconcile.ports import Reader


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """The live side of *key*, and one page of the history of each of its jobs, by job id."""

    key: Key
    live: Live
    pages: dict[str, HistoryPage]


def read_history(reader: Reader, key: Key, *, page: int = 1, page_size: int = PAGE_SIZE) -> KeyHistory:
    """Return what the jobs of *key* did, newest first: the job ids come from a status query.

    Raises:
        ServiceError: a history could not be read.
    """
    live = observe(reader, [key]).live[key]
    rows = live if isinstance(live, tuple) else ()
    pages = {row.job_id: reader.history(key.tenant, row.job_id, page=page, page_size=page_size) for row in rows}
    return KeyHistory(key, live, pages)

"""Histories: what a key's jobs did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def read_history(
    reader: Reader,
    key: Key,
    *,
    known_ids: Callable[[], Sequence[str]] = tuple,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> KeyHistory:
    """Return what the jobs of *key* did, newest first: the job ids come from a status query.

    Where no job is live, they are *known_ids*, those that its jobs had.

    Raises:
        ServiceError: a history could not be read.
    """
    live = observe(reader, [key]).live[key]
    rows = live if isinstance(live, tuple) else ()
    ids = known_ids() if live == () else [row.job_id for row in rows]
    pages = {one: reader.history(key.tenant, one, page=page, page_size=page_size) for one in ids}
    return KeyHistory(key, live, pages)

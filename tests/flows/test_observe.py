"""Observing: absent only when that is sure."""

from __future__ import annotations

import pytest

from reconcile.flows.observe import CONFIRMATION_BATCH, observe
from reconcile.flows.read_history import read_history
from reconcile.model.live import Unreadable
from tests.builders import HOURLY, key, row
from tests.flows.fakes import UNREAD, FakeService

KEYS = [key(str(number)) for number in range(6)]


def test_rows_are_returned_as_read():
    service = FakeService({KEYS[0]: (row(),), KEYS[1]: (row(HOURLY), row())})
    live = observe(service, KEYS[:2]).live
    assert live == service.rows
    assert len(service.queries) == 1


def test_a_missing_code_is_absent_only_after_a_second_and_shorter_query():
    service = FakeService({KEYS[0]: (row(),)})
    observation = observe(service, KEYS[:2])
    assert observation.live[KEYS[1]] == ()
    assert observation.findings == ()
    assert service.queries[1] == ([KEYS[1]], CONFIRMATION_BATCH)


def test_a_failed_confirmation_is_unreadable_and_not_absent():
    service = FakeService({})
    seen = []

    def second_fails(_, rows):
        seen.append(rows)
        return UNREAD if len(seen) > 1 else rows

    service.on_query = second_fails
    assert observe(service, KEYS[:1]).live[KEYS[0]] == UNREAD


def test_a_service_that_cuts_lists_has_no_absent_codes():
    service = FakeService({one: (row(),) for one in KEYS[:5]}, cuts_at=2)
    observation = observe(service, KEYS)
    assert all(observation.live[one] == (row(),) for one in KEYS[:5])
    missing = observation.live[KEYS[5]]
    assert isinstance(missing, Unreadable)
    assert missing.rule == "batch-truncated"
    assert "batch_size" in (missing.hint or "")


def test_cut_lists_are_a_finding_that_says_how_many():
    service = FakeService({one: (row(),) for one in KEYS[:5]}, cuts_at=2)
    (finding,) = observe(service, KEYS).findings
    assert finding.rule == "batch-truncated"
    assert finding.message.startswith("3 of the codes")


def test_progress_counts_each_key_once():
    done = []
    observe(FakeService({}), KEYS, progress=done.append)
    assert sum(done) == len(KEYS)


@pytest.mark.parametrize(
    "rows, jobs",
    [
        pytest.param((), [], id="absent"),
        pytest.param((row(job_id="7"),), ["7"], id="one-job"),
        pytest.param((row(job_id="7"), row(job_id="8")), ["7", "8"], id="duplicate"),
    ],
)
def test_history_is_read_for_each_live_job(rows, jobs):
    found = read_history(FakeService({KEYS[0]: rows}), KEYS[0], page=2, page_size=5)
    assert list(found.pages) == jobs
    assert all(page == ("acme", job, 2, 5) for job, page in found.pages.items())


def test_history_of_an_unreadable_key_says_so():
    service = FakeService({})
    service.on_query = lambda *_: UNREAD
    assert read_history(service, KEYS[0]).live == UNREAD

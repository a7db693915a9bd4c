"""Holder and waiter count a lease, each by its own clock: the holder stops before any waiter may take over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconcile.ledger.lease import LEASE, Lease, Mark, Watch

FIRST, RENEWED = Mark("a", 0), Mark("a", 1)


def test_a_lock_that_was_never_seen_is_not_overdue():
    assert Watch().overdue(LEASE, at=1_000_000) is None


def test_a_lock_is_overdue_once_its_mark_has_not_changed_for_the_whole_lease():
    watch = Watch().seeing(FIRST, at=100).seeing(FIRST, at=140)
    assert watch.overdue(LEASE, at=159.9) is None
    assert watch.overdue(LEASE, at=160) == FIRST


def test_a_renewal_that_is_seen_begins_the_lease_anew():
    watch = Watch().seeing(FIRST, at=100).seeing(RENEWED, at=159)
    assert watch.overdue(LEASE, at=218) is None
    assert watch.overdue(LEASE, at=219) == RENEWED


def test_another_holding_begins_the_lease_anew_though_its_counter_is_the_same():
    watch = Watch().seeing(FIRST, at=100).seeing(Mark("b", 0), at=159)
    assert watch.overdue(LEASE, at=160) is None


@given(
    began=st.floats(0, 1e6),
    answered=st.floats(0, 120),
    seen=st.floats(0, 120),
    offset=st.floats(-1e6, 1e6),
    lease=st.builds(Lease, st.floats(1, 600), st.just(1.0), st.floats(0.01, 1)),
)
def test_whatever_the_clocks_say_a_holder_stops_before_a_waiter_takes_over(began, answered, seen, offset, lease):
    """A renewal begins, is done *answered* later, and is seen *seen* after that, by a clock that is *offset* ahead."""
    first_seen = began + answered + seen + offset
    watch = Watch().seeing(FIRST, at=first_seen)
    last_save = began + lease.saving_seconds
    assert watch.overdue(lease, at=last_save + offset) is None

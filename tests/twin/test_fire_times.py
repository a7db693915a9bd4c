"""The fires that a twin works out in one go are those that the cron engine finds one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconcile.cron import fires, next_fire, parse
from reconcile.twin.clock import to_ms
from reconcile.twin.fire_times import FireTimes
from tests.cron.strategies import INSTANTS, ZONES, expressions
from tests.examples import examples

SECONDS = st.sampled_from(["0", "30", "10/20", "59"])


@examples(1.5)
@given(text=expressions(seconds=SECONDS), after=INSTANTS, zone=st.sampled_from(ZONES), hours=st.integers(1, 24 * 9))
def test_a_walk_over_days_is_a_walk_from_fire_to_fire(text, after, zone, hours):
    expression, start = parse(text), after.astimezone(zone)
    first = next_fire(expression, start)
    if first is not None:
        until = first + timedelta(hours=hours)
        walked = FireTimes(zone).fires_ms(text, to_ms(first), to_ms(until))
        assert walked == [to_ms(fire) for fire in fires(expression, start, until)]


def test_the_days_around_a_change_of_clocks_are_walked_as_quartz_walks_them():
    zone = ZONES[1]
    expression = parse("0 0/30 * * * ?")
    for day in ("2026-03-07T12:00:00-05:00", "2026-10-31T12:00:00-04:00"):
        start = datetime.fromisoformat(day).astimezone(zone)
        first = next_fire(expression, start)
        until = start + timedelta(days=2)
        walked = FireTimes(zone).fires_ms("0 0/30 * * * ?", to_ms(first), to_ms(until))
        assert walked == [to_ms(fire) for fire in fires(expression, start, until)]

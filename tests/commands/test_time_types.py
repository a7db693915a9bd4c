"""Durations on the command line."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest

from reconcile.commands.save_options import Soak
from reconcile.commands.time_types import Duration
from reconcile.flows.pacing import SoakUntil

BAD = ["", "10", "soon", "nan", "infs", "1e9s", "٣s", "-5m", "5 m", "1h30m"]
TOO_LONG = ["366d", "8761h", "99999999999999h", "9" * 400 + "s", "31536001s"]


@pytest.mark.parametrize("kind", [Duration(), Soak()], ids=["duration", "soak"])
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_duration_is_refused_with_an_example(kind, text):
    with pytest.raises(click.BadParameter, match=r"such as 5m|write 20ms, 10s"):
        kind.convert(text, None, None)


@pytest.mark.parametrize("kind", [Duration(), Soak()], ids=["duration", "soak"])
@pytest.mark.parametrize("text", TOO_LONG)
def test_no_duration_is_longer_than_a_year(kind, text):
    with pytest.raises(click.BadParameter, match="is too long: 365d is the longest duration"):
        kind.convert(text, None, None)


def test_a_year_is_taken():
    year = timedelta(days=365)
    assert (Duration().convert("365d", None, None), Soak().convert("365d", None, None)) == (year.total_seconds(), year)
    assert Soak().convert("next-fire", None, None) is SoakUntil.NEXT_FIRE


def test_a_shift_is_bounded_on_both_sides():
    shift = Duration(may_be_negative=True)
    assert shift.convert("-10m", None, None) == -600
    with pytest.raises(click.BadParameter, match="too long"):
        shift.convert("-366d", None, None)


def test_no_time_is_refused_where_it_makes_no_sense():
    assert Duration().convert("0s", None, None) == 0
    with pytest.raises(click.BadParameter, match="no time at all"):
        Duration(may_be_zero=False).convert("0s", None, None)

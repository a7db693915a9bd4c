"""What replies say of the service's clock: only what is certain, and only of the service's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconcile.service.messages import Failure, Flaw, NoReply, Reply
from reconcile.service.skew_watch import SkewWatch, told_instant

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
DATA = b'{"resp_data": []}'


def date_of(at):
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def reply(ahead=timedelta(), **more):
    return Reply(**{"status": 200, "body": DATA, "date": date_of(NOON + ahead), **more})


def watched(*results, took=timedelta()):
    watch = SkewWatch()
    for result in results:
        watch.note(result, began=NOON - took, ended=NOON)
    return watch


@pytest.mark.parametrize(
    "seconds, took, is_said",
    [
        pytest.param(0, 0, False, id="equal"),
        pytest.param(60, 0, False, id="a-minute-ahead"),
        pytest.param(61, 0, True, id="more-than-a-minute-ahead"),
        pytest.param(-61, 0, False, id="a-minute-behind-for-a-date-drops-fractions"),
        pytest.param(-62, 0, True, id="more-than-a-minute-behind"),
        pytest.param(61, 30, True, id="ahead-however-long-it-took"),
        pytest.param(-70, 30, False, id="perhaps-behind-for-it-took-long"),
        pytest.param(-100, 30, True, id="certainly-behind-though-it-took-long"),
    ],
)
def test_skew_is_said_where_it_is_certain(seconds, took, is_said):
    watch = watched(reply(timedelta(seconds=seconds)), took=timedelta(seconds=took))
    assert (watch.skew() is not None, len(watch.take())) == (is_said, int(is_said))


def test_it_is_said_once_with_both_times_and_which_clock_is_ahead():
    watch = watched(reply(timedelta(minutes=10)))
    (finding,) = watch.take()
    assert finding.rule == "clock-skew"
    assert finding.message == (
        "the clock of the service is ahead of this runner's by 600 to 601 s: the service said 2026-11-29T12:10:00Z, "
        "this runner 2026-11-29T12:00:00Z"
    )
    assert watch.take() == ()
    (behind,) = watched(reply(timedelta(minutes=-10))).take()
    assert "the clock of this runner is ahead of the service's by 599 to 600 s" in behind.message


def test_the_most_certain_reply_of_a_run_counts():
    watch = SkewWatch()
    watch.note(reply(timedelta(minutes=10)), began=NOON - timedelta(seconds=40), ended=NOON)
    watch.note(reply(timedelta(minutes=10)), began=NOON, ended=NOON)
    watch.note(reply(timedelta(minutes=11)), began=NOON - timedelta(seconds=5), ended=NOON)
    assert watch.skew().least == timedelta(minutes=10)
    watch.note(reply(), began=NOON - timedelta(seconds=40), ended=NOON)
    assert watch.skew() is not None


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(reply(timedelta(hours=1), status=502), id="an-error-page"),
        pytest.param(reply(timedelta(hours=1), status=302), id="a-redirect"),
        pytest.param(reply(timedelta(hours=1), body=b"<html>"), id="a-page-of-a-proxy"),
        pytest.param(reply(timedelta(hours=1), flaw=Flaw.TOO_LARGE), id="too-large"),
        pytest.param(reply(date=None), id="no-date"),
        pytest.param(reply(date="Sun, 99 Nov 2026 12:00:00 GMT"), id="a-broken-date"),
        pytest.param(NoReply(Failure.TIMEOUT, "timeout", sent=True), id="no-reply"),
    ],
)
def test_what_is_no_reply_of_the_service_with_a_date_says_nothing(result):
    assert watched(result).skew() is None


def test_where_the_runners_own_clock_was_set_back_meanwhile_nothing_is_known():
    watch = SkewWatch()
    watch.note(reply(timedelta(hours=1)), began=NOON + timedelta(seconds=1), ended=NOON)
    assert watch.skew() is None


@pytest.mark.parametrize(
    "date",
    [
        "",
        "soon",
        "Sun, 29 Nov 2026 09:00:00",
        "Sun, 29 Nov 2026 09:00:00 +0800",
        "Sun, 29 Nov 0999 09:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sun, 29 Nov 99999999999 09:00:00 GMT",
        "GMT",
        "\0 GMT",
    ],
)
def test_a_date_that_is_not_as_http_writes_it_is_none(date):
    assert told_instant(date) is None

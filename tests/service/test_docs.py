"""docs/service.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconcile.model.rules import ReplyRule
from reconcile.model.workspace import ServiceSettings, UnknownCodeMode
from reconcile.service import circuit_breaker, client, endpoint, reader, retries
from reconcile.service.diagnostics import MAY_MEAN_UNKNOWN
from reconcile.service.dispatcher import GRACE_SECONDS
from reconcile.service.query_answer import SPLITTING
from reconcile.service.reported_errors import ROLES
from reconcile.service.transport import REPLY_LIMIT

PAGE = Path(__file__).parents[2].joinpath("docs/service.md").read_text("utf-8")
WORDS = " ".join(PAGE.split())


def test_the_table_of_ids_is_the_clients():
    table = PAGE.partition("| id | when | what to do |\n|---|---|---|\n")[2]
    assert re.findall(r"\| `([a-z-]+)` \| (.+) \| .+ \|\n", table) == [(rule, rule.meaning) for rule in ReplyRule]


def test_every_mode_of_unknown_code_is_there():
    for mode in UnknownCodeMode:
        assert re.search(rf"\| `\{{?{mode}\b", PAGE)


def test_every_member_that_may_say_an_error_is_there():
    table = PAGE.partition("| member | it is not an error when it is |")[2].partition("\n\n")[0]
    named = re.findall("`([a-z_]+)`", " ".join(row.split(" | ")[0] for row in table.splitlines()))
    assert named == list(ROLES)


def test_the_codes_that_are_no_error_are_those_of_the_model():
    first, *others = (f"`{code}`" for code in ServiceSettings().success_codes)
    assert f"`service.success_codes` are texts, {first}, {others[0]} and {others[1]} by default" in WORDS


@pytest.mark.parametrize("setting", ["unknown_code: null-data", "success_codes: [", "active_status: [", "batch_size"])
def test_the_table_of_other_answers_names_the_setting(setting):
    table = PAGE.partition("| your service answers | set |")[2].partition("\n\n")[0]
    assert setting in table


def test_only_the_statuses_that_are_hinted_are_said_to_be():
    assert f"Only the statuses {' and '.join(map(str, sorted(MAY_MEAN_UNKNOWN)))} are hinted" in WORDS


def test_no_status_that_may_be_an_outage_is_left_out():
    assert f"({', '.join(map(str, sorted(endpoint.OUTAGES)))})" in WORDS


@pytest.mark.parametrize(
    "words",
    [
        f"a run starts with {retries.RUN.reserve} and each answered call adds half of one, up to {retries.RUN.ceiling}",
        f"({retries.TENANT.reserve}, a half, {retries.TENANT.ceiling})",
        f"`Retry-After` is waited for, up to {retries.LONGEST_PAUSE_SECONDS:g} seconds",
        f"When {reader.ALONE_ENOUGH} codes were refused one by one",
        "answered with 400, 413, 414 or 422",
        "at most three times, after a random pause that grows from half a second to eight",
        "After four batches of a tenant given up in a row",
        "Calls that are open get three seconds",
        "never takes longer than three times this",
    ],
)
def test_the_page_says(words):
    assert words in WORDS


def test_the_words_that_are_written_out_are_the_numbers_of_the_code():
    assert sorted(SPLITTING) == [400, 413, 414, 422]
    assert (retries.ATTEMPTS, retries.BASE_PAUSE_SECONDS, retries.LONGEST_BACK_OFF_SECONDS) == (4, 0.5, 8.0)
    assert (retries.RUN.earned, retries.TENANT.earned) == (0.5, 0.5)
    assert (circuit_breaker.TENANT_LOST_AFTER, GRACE_SECONDS, client.BOUND_TIMES_TIMEOUT) == (4, 3.0, 3)
    assert REPLY_LIMIT == 16 * 1024 * 1024

"""Applies over a twin with every fault that it knows: no wrong schedule, whatever the faults, and soon all is right.

On a service that updates, each fault alone meets 5 % of the requests and converges within three runs, and so do all
together (5 % of 2,000 changes' requests), and 100 % of lost replies. Where a save is refused by chance, and with all
faults at 5 % each (a third of all requests), more runs are allowed: a refusal is not tried again within a run. On a
service that adds jobs only the canary is doubled, and what is doubled is told.

    pytest -rP -m slow tests/journeys/test_faults.py      prints the table: saves per key
"""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from reconcile.flows.pacing import SoakUntil
from reconcile.model.outcome import Result
from reconcile.model.verdicts import Action
from reconcile.model.workspace import SaveMode
from reconcile.twin.habits import SHARES
from tests.journeys.faults import PATIENT, bench, converge, doubled, reported, row_of_table

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Keep the server from logging each connection that the twin breaks off."""
    caplog.set_level(logging.CRITICAL, "uvicorn.error")


# A refusal that looks like a gateway's: the client cannot know whether the save was done. `envelope` is the other kind.
STATUS = {"errors": "status"}
TOGETHER = {name: 0.05 / len(SHARES) for name in SHARES}


@pytest.mark.parametrize("fault", SHARES)
def test_each_fault_alone_converges_within_three_runs(fault):
    with bench(2000, **{fault: 0.05}, **STATUS) as one:
        runs, _ = converge(one, at_most=3)
        print(row_of_table(f"{fault} 5 %", one, runs))


@pytest.mark.parametrize(
    "changes, runs, flags",
    [
        pytest.param(2000, 3, {**TOGETHER, **STATUS}, id="all-together-5-percent"),
        pytest.param(100, 6, {**dict.fromkeys(SHARES, 0.05), **STATUS}, id="all-together-5-percent-each"),
        pytest.param(200, 6, TOGETHER, id="all-together-5-percent-and-saves-refused"),
        pytest.param(2000, 3, {"fail_after": 1, "operations": ["save"]}, id="every-reply-to-a-save-lost"),
        pytest.param(2000, 3, {"half_body": 1, "operations": ["save"]}, id="every-reply-to-a-save-broken-off"),
        pytest.param(400, 3, {"html": 1, "operations": ["save"]}, id="every-save-answered-with-a-page"),
        pytest.param(400, 3, {"reset": 1, "operations": ["save"]}, id="every-save-reset"),
        pytest.param(400, 3, {"late_work": 1, "operations": ["save"]}, id="every-save-late"),
        pytest.param(40, 3, {"slow": 1, "operations": ["save"]}, id="every-save-slower-than-the-time-out"),
    ],
)
def test_faults_together_and_lost_replies_converge(changes, runs, flags, request):
    with bench(changes, **flags) as one:
        ended, _ = converge(one, at_most=runs)
        print(row_of_table(request.node.callspec.id, one, ended))


@pytest.mark.parametrize("fault", [name for name in SHARES if name not in ("slow", "fail_before")])
def test_a_service_that_says_it_upserts_converges_too(fault):
    with bench(100, save=SaveMode.UPSERT, **{fault: 0.3}, operations=["save"]) as one:
        ended, _ = converge(one, at_most=6)
        print(row_of_table(f"{fault} 30 % of saves, upsert", one, ended))


@pytest.mark.parametrize("save", [SaveMode.UNKNOWN, SaveMode.UPSERT])
@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("fault", [None, *SHARES])
def test_on_a_service_that_adds_jobs_only_the_canary_is_doubled_and_that_is_told(fault, share, save):
    flags = {fault: share, "operations": ["save"]} if fault else {}
    with bench(24, save=save, **flags, **STATUS) as one:
        one.twin.behave(save="append")
        run = one.run()
        twice = doubled(one)
        assert len(twice) <= 1
        assert twice == reported(run)
        assert all(
            outcome.result in (Result.REFUSED, Result.SKIPPED)
            for outcome in run.outcomes
            if twice and outcome.key not in twice and outcome.change.action is not Action.CREATE
        )
        if twice:
            assert {finding.rule for finding in run.findings} & {"save-appends", "landed-late"}
        print(row_of_table(f"{fault} {share:.0%} of saves, append", one, [run]))


def test_the_canaries_soak_until_the_twin_has_fired_them():
    with bench(8) as one:
        one.wanted = {key: replace(want, cron="0/2 * * * * ?") for key, want in one.wanted.items()}
        run = one.run(replace(PATIENT, soak=SoakUntil.NEXT_FIRE))
        assert (run.exit_code, run.findings) == (0, ())
        assert all(job["fires"] for job in one.twin.jobs("acme") if job["code"] in ("00000", "00004"))


def test_a_save_that_lands_after_its_last_read_back_is_found_and_told():
    with bench(24, late_work=1, operations=["save"]) as one:
        one.twin.behave(save="append", late_by=2.0)
        run = one.run(PATIENT)
        twice = doubled(one)
        assert len(twice) == 1
        assert twice == reported(run)
        # On a machine that is very slow the save lands before its last read-back after all.
        assert {finding.rule for finding in run.findings} <= {"landed-late", "save-appends"}
        assert run.count(Result.REFUSED) == 11
        print(row_of_table("late_work beyond the read-backs, append", one, [run]))

"""Short ways to plan and apply over a fake service."""

from __future__ import annotations

from reconcile.engine.plan import make_plan
from reconcile.flows.apply import apply
from reconcile.model.workspace import Limits, ServiceSettings
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, desired, row, schedule
from tests.flows.fakes import ports

LOST = SaveAnswer(AnswerKind.LOST, "no reply within 10 s")


def planned(service, *schedules, **more):
    wanted = desired(*schedules)
    return make_plan("prod", wanted, {one: service.rows.get(one, ()) for one in wanted}, limits=Limits(), **more)


def run(plan, service, *, limits=Limits(), settings=ServiceSettings(), wave_size=100, **more):
    made = ports(service, ledger=more.pop("ledger", None), stop=more.pop("stop", None))
    return apply(plan, made, limits=limits, service=settings, wave_size=wave_size, **more)


def creates(count):
    return [schedule(f"c{number:02}") for number in range(count)]


def updates(service, count):
    made = [schedule(f"u{number:02}") for number in range(count)]
    service.rows.update({one.key: (row(HOURLY),) for one in made})
    return made


def results(run):
    return {outcome.key.code: (outcome.result, outcome.reason) for outcome in run.outcomes}

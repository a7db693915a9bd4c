"""Short ways to plan and apply over a fake service."""

from __future__ import annotations

from dataclasses import replace

from reconcile.engine.diff import Sides
from reconcile.engine.guard import Judging
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import INCLUDE_RENAMES, Allowances
from reconcile.flows.apply_plan import apply_plan
from reconcile.flows.pacing import Pacing
from reconcile.model.change import Change
from reconcile.model.last_applied import Applied
from reconcile.model.workspace import Limits, ServiceSettings
from reconcile.ports import AnswerKind, SaveAnswer
from tests.builders import HOURLY, NIGHTLY, desired, row, schedule
from tests.flows.fakes import ports

LOST = SaveAnswer(AnswerKind.LOST, "no reply within 10 s")


def planned(service, *schedules, allowances=Allowances()):
    wanted = desired(*schedules)
    sides = Sides(wanted, {one: service.rows.get(one, ()) for one in wanted})
    return make_plan("prod", sides, judging=Judging(allowances=allowances))


def run(plan, service, *, limits=Limits(), settings=ServiceSettings(), wave_size=100, pacing=Pacing(), **more):
    told = {name: more.pop(name) for name in ("on_outcome", "on_correction") if name in more}
    made = ports(service, **{name: more.pop(name, None) for name in ("ledger", "clock", "stop")}, **told)
    return apply_plan(
        plan, made, situation=Situation(limits, settings), pacing=replace(pacing, wave_size=wave_size), **more
    )


def creates(count):
    return [schedule(f"c{number:02}") for number in range(count)]


def updates(service, count):
    made = [schedule(f"u{number:02}") for number in range(count)]
    service.rows.update({one.key: (row(HOURLY),) for one in made})
    return made


def results(run):
    return {outcome.key.code: (outcome.result, outcome.reason) for outcome in run.outcomes}


def lost_but_done(fake, save):
    fake.land(save)
    return LOST


def renamed(code):
    """A change of nothing but the name."""
    return Change(schedule(code), Applied(NIGHTLY, "another name"), (row(),))


def applied(service, change, made=None, **more):
    """Apply *change* alone."""
    plan = replace(planned(service), changes=(change,))
    made = made or ports(service)
    return apply_plan(plan, made, situation=Situation(), allowances=Allowances({INCLUDE_RENAMES: True}), **more)

"""From what is declared and remembered to a plan: reading, settling what an earlier run left open, judging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconcile.commands.declarations import Declared
from reconcile.commands.invocation import Invocation
from reconcile.commands.remembered import Memory, Settling
from reconcile.commands.service import observed
from reconcile.engine.judges import Situation
from reconcile.engine.overrides import Allowances
from reconcile.engine.plan import make_plan
from reconcile.model.keys import Key
from reconcile.model.plan import Plan
from reconcile.model.schedule import Schedule
from reconcile.model.states import Live
from reconcile.service.reader import ServiceReader


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan, and what it was made from; *settling* is yet to be recorded. *declared* is all that is, unselected."""

    plan: Plan
    live: Mapping[Key, Live]
    memory: Memory
    situation: Situation
    settling: Settling
    declared: Mapping[Key, Schedule]


def reviewed(
    invocation: Invocation, wanted: Declared, reader: ServiceReader, memory: Memory, allowances: Allowances
) -> Reviewed:
    """Return the plan that makes what *reader* shows equal to what is wanted, and what it was made from.

    Its findings hold what was noted of the replies.
    """
    observation = observed(invocation, reader, memory.keys(wanted.desired))
    memory, settling = memory.after_reading(observation.live)
    situation = memory.situation(invocation, wanted.workspace, wanted.environment)
    plan = make_plan(
        wanted.environment.name,
        wanted.desired,
        observation.live,
        past=memory.past,
        situation=situation,
        allowances=allowances,
        now=invocation.begun_at,
        selection=invocation.options.selection,
        findings=(*wanted.findings, *memory.findings, *observation.findings, *reader.take_notes()),
    )
    return Reviewed(plan, observation.live, memory, situation, settling, wanted.everything)

"""Observed: the declarations, the memory of earlier applies, and a reader of the service. It cannot save."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconcile.engine.diff import Sides
from reconcile.engine.find_drift import find_drift
from reconcile.engine.guard import Judging, refusals
from reconcile.engine.judges import Situation
from reconcile.engine.make_plan import make_plan
from reconcile.engine.overrides import Allowances
from reconcile.flows.observe import Observation, observe
from reconcile.model.clock_skew import ClockSkew
from reconcile.model.drift import Drift
from reconcile.model.keys import Key
from reconcile.model.live import Live
from reconcile.model.plan import Plan
from reconcile.service.reader import ServiceReader
from reconcile.session.connect import connect
from reconcile.session.declared import Declared
from reconcile.session.drift_notes import with_first_seen
from reconcile.session.memory import Memory, read_memory
from reconcile.session.runtime import Runtime


@dataclass(frozen=True)
class Planned:
    """A plan, what was read for it, and what guards judge it by. *memory* holds the outcomes that reading has shown."""

    plan: Plan
    live: Mapping[Key, Live]
    memory: Memory
    situation: Situation
    allowances: Allowances
    skew: ClockSkew | None = None

    def judged(self, now: datetime) -> Plan:
        """Return the plan with what refuses it at *now*: the lock was waited for since, and so was a person. A saved
        plan holds what refused it when it was made."""
        found = refusals(self.plan, Judging(self.situation, self.allowances, now, self.skew))
        return replace(self.plan, refusals=found)


@dataclass(frozen=True)
class Observed:
    """The declared, and the two sources that it is compared with."""

    declared: Declared
    memory: Memory
    reader: ServiceReader

    def plan(self, allowances: Allowances) -> Planned:
        """Return the plan that makes live equal to what is desired; its findings hold what was noted of the replies."""
        observation, memory = self._read()
        situation = memory.situation(self.declared)
        plan = make_plan(
            self.declared.environment.name,
            Sides(self.declared.desired, observation.live, memory.last_applied),
            judging=Judging(situation, allowances, self.declared.runtime.begun_at, self.reader.skew()),
            selection=self.declared.runtime.options.selection,
            findings=(*self.declared.findings, *memory.findings, *observation.findings),
        )
        return Planned(plan, observation.live, memory, situation, allowances, self.reader.skew())

    def take(self, plan: Plan, allowances: Allowances) -> Planned:
        """Return *plan*, which was saved earlier, as planned now.

        Only what an earlier run left in doubt is read: the rest is read again by the waves, just before each save.
        """
        live = read_live(self.declared.runtime, self.reader, sorted(self.memory.in_doubt)).live
        memory = self.memory.after_reading(live)
        return Planned(plan, live, memory, memory.situation(self.declared), allowances, self.reader.skew())

    def drift(self, *, is_strict: bool) -> Drift:
        """Return what live does otherwise than declared; with *is_strict* also what no file declares any more.

        What moved is noted, best effort: where the ledger is, since when.
        """
        observation, memory = self._read()
        drift = find_drift(
            self.declared.environment.name,
            Sides(self.declared.desired, observation.live, memory.last_applied),
            holds=memory.holds,
            is_strict=is_strict,
            findings=(*self.declared.findings, *memory.findings, *observation.findings),
        )
        asked = self.declared.desired.keys() | memory.last_applied.removed.keys()
        notes = memory.drift_notes
        return drift if notes is None else with_first_seen(drift, notes, self.declared, asked=asked)

    def _read(self) -> tuple[Observation, Memory]:
        """Return the live side, with what was noted of the replies, and the memory after reading it."""
        observation = read_live(self.declared.runtime, self.reader, self.memory.keys(self.declared.desired))
        findings = (*observation.findings, *self.reader.take_findings())
        memory = self.memory.after_reading(observation.live)
        return replace(observation, findings=findings), memory.with_doubts(self.declared, observation.live)


@contextlib.contextmanager
def observed(declared: Declared, *, base: str | None) -> Iterator[Observed]:
    """Observe while the block runs; *base* is a revision that may have declared more. A ledger that cannot be read is a
    finding.

    Raises:
        SettingError: a setting of the service is wrong, or names a variable that is missing.
        ReconcileError: git cannot say what was applied.
    """
    memory = read_memory(declared, base=base)
    with connect(declared.runtime, declared.environment) as client:
        yield Observed(declared, memory, ServiceReader(client))


def read_live(runtime: Runtime, reader: ServiceReader, keys: Collection[Key]) -> Observation:
    """Return the live side of *keys*, with progress."""
    with runtime.progress("Reading the service", len(keys)) as progress:
        return observe(reader, keys, progress=progress)

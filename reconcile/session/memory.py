"""The memory of earlier applies: what the ledger knows, and what it takes over from an older reconcile."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconcile.declare import WORKSPACE_FILE
from reconcile.engine.find_last_applied import FIRST, FROM_LEDGER, settled_changes
from reconcile.engine.judge_freezes import freezes_of
from reconcile.engine.judges import Situation
from reconcile.engine.note_drift import DriftNotes
from reconcile.engine.orphans import removed
from reconcile.engine.workspace_guards import WorkspaceGuards, guard_findings, lifted_protection
from reconcile.errors import LedgerError, LedgerGoneError, SettingError
from reconcile.git.refs import known_commit
from reconcile.model.change import Change
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import (
    NO_LAST_APPLIED,
    NO_ORPHANS,
    ORPHANS_OF_BASE,
    Applied,
    LastApplied,
    LastAppliedSource,
)
from reconcile.model.ledger_records import ChangeRecord, Hold, Settled
from reconcile.model.live import Live
from reconcile.model.reading import reading_of
from reconcile.model.rules import LedgerRule
from reconcile.model.schedule import Schedule
from reconcile.session.declared import Declared
from reconcile.session.known_elsewhere import known_elsewhere
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.removed_keys import with_doubts
from reconcile.session.seen_ledger import behind
from reconcile.session.taken_over import last_applied_of_old_ref

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run knows of earlier applies.

    *holds* are those of rollbacks, *foreign* the keys of other workspaces, each with its owner.
    *open_changes* are saves whose outcome is unknown, with their run id; *doubled* are keys that a save of ours added a
    job to. *settled_changes* are the outcomes of open changes that reading has shown, by run and key, *settled_applied*
    is last applied after them: a run that saves has yet to record both.

    *drift_notes* are what drift checks noted, for a command that saves nothing; a ledger in Git has them elsewhere.
    None: no ledger is kept or readable, or no run has begun it.
    """

    last_applied: LastApplied = NO_LAST_APPLIED
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    foreign: Mapping[Key, str] = field(default_factory=dict)
    open_changes: tuple[tuple[str, ChangeRecord], ...] = ()
    doubled: frozenset[Key] = frozenset()
    settled_changes: Mapping[tuple[str, Key], Settled] = field(default_factory=dict)
    settled_applied: Mapping[Key, Applied] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    drift_notes: DriftNotes | None = None

    @property
    def in_doubt(self) -> frozenset[Key]:
        """Return the keys of open changes, and those that a save of ours doubled."""
        return self.doubled.union(record.key for _, record in self.open_changes)

    def keys(self, desired: Mapping[Key, Schedule]) -> Collection[Key]:
        """Return the keys to read: those of *desired*, those that are no longer declared, and those in doubt."""
        return sorted({*desired, *self.last_applied.removed, *self.in_doubt})

    def without_removed(self) -> Memory:
        """Return this memory without the keys that are no longer declared."""
        return replace(self, last_applied=replace(self.last_applied, removed={}))

    def after_reading(self, live: Mapping[Key, Live]) -> Memory:
        """Return this memory, with the outcomes of the open changes that *live* shows."""
        settled, applied = settled_changes(self.open_changes, live)
        applied = {key: one for key, one in applied.items() if key not in self.foreign}
        last_applied = self.last_applied
        last_applied = replace(last_applied, by_key={**last_applied.by_key, **applied}) if applied else last_applied
        doubled = frozenset(key for key in self.doubled if isinstance(rows := live.get(key), tuple) and len(rows) > 1)
        return replace(
            self, last_applied=last_applied, doubled=doubled, settled_changes=settled, settled_applied=applied
        )

    def with_doubts(self, declared: Declared, live: Mapping[Key, Live]) -> Memory:
        """Return this memory, in which the orphans that *live* has say why they do not count as removed, if so.

        Raises:
            ReconcileError: git cannot say which files it ignores.
        """
        gone = self.last_applied.removed
        asked = [key for key, one in gone.items() if not Change(one, None, live.get(key, ())).is_live_as_desired]
        return replace(self, last_applied=replace(self.last_applied, removed=with_doubts(declared, gone, asked)))

    def situation(self, declared: Declared) -> Situation:
        """Return what guards judge by in this run."""
        workspace, environment = declared.checkout.workspace, declared.environment
        begun_at = declared.runtime.begun_at
        return Situation(
            limits=workspace.limits,
            service=environment.service,
            on_drift=workspace.on_drift,
            freezes=freezes_of(workspace.freezes, environment),
            zone=environment.timezone,
            reading=reading_of(environment, begun_at),
            holds=self.holds,
            foreign=self.foreign,
            doubled=self.doubled,
        )


def read_memory(declared: Declared, *, base: str | None) -> Memory:
    """Return the memory of a command that saves nothing: a ledger that cannot be read is only a finding.

    Raises:
        ReconcileError: what the old ref names cannot be taken over, or there is no revision *base*.
    """
    try:
        home = locate_ledger(declared.checkout, declared.environment)
        if home.address is not None:
            home.refuse_to_begin()  # where a pipeline has no ledger, an apply would begin none
        with home.if_exists() as ledger:
            memory = remember(declared, ledger, base=base)
            told = (*behind(home, ledger), *known_elsewhere(declared, home, ledger))
            return replace(memory, findings=(*memory.findings, *told), drift_notes=_drift_notes(declared, ledger))
    except (LedgerError, SettingError) as error:
        memory = _remembered(declared, Memory(), base)
        rule = LedgerRule.LEDGER_GONE if isinstance(error, LedgerGoneError) else LedgerRule.LEDGER_UNREADABLE
        found: tuple[Finding, ...] = (Finding(rule, error.message, hint=error.hint),)
        if isinstance(error, LedgerGoneError):
            home = replace(locate_ledger(declared.checkout, declared.environment), lineage=None)
            found = known_elsewhere(declared, home, None) or found
        return replace(memory, findings=(*memory.findings, *found))


def _drift_notes(declared: Declared, ledger: SqlLedger | None) -> DriftNotes | None:
    try:
        return None if ledger is None or ledger.lineage() is None else ledger.drift_notes()
    except LedgerError as error:  # nothing else depends on them
        declared.runtime.log("info", f"what drift checks noted cannot be read: {error.message}")
        return None


def remember(declared: Declared, ledger: SqlLedger | None, *, base: str | None) -> Memory:
    """Return what *ledger* knows (None: there is none yet, or none is kept), and what the revision *base* declared.

    Where a ledger is kept, and knows no last applied, that of the old ref counts.

    Raises:
        LedgerError: the ledger cannot be read.
        SettingError: there is no revision *base* here.
        ReconcileError: git cannot say which commit this is, or what the old ref names cannot be taken over.
    """
    declared.checkout.require_git()
    memory = Memory()
    if ledger is not None:
        recorded = ledger.last_applied()
        last_applied = LastApplied(LastAppliedSource.LEDGER, recorded, {}, (FROM_LEDGER,))
        if not recorded:
            last_applied = replace(NO_LAST_APPLIED, assumptions=(FIRST,))
        memory = Memory(
            last_applied,
            ledger.holds(),
            ledger.foreign_keys(),
            ledger.open_changes(),
            ledger.doubled(),
            findings=_guards_since(declared, ledger.guards(), recorded),
        )
    home = locate_ledger(declared.checkout, declared.environment)
    if home.address is not None and not memory.last_applied.by_key:
        taken = last_applied_of_old_ref(declared, home, ledger, foreign=memory.foreign)
        memory = memory if taken is None else replace(memory, last_applied=taken)
    return _remembered(declared, memory, base)


def _remembered(declared: Declared, memory: Memory, base: str | None) -> Memory:
    """Return *memory* with what is no longer declared of what was applied, or was declared at the revision *base*."""
    declared.checkout.require_git()
    earlier: Mapping[Key, Schedule] = {}
    last_applied = memory.last_applied
    if base is not None:
        commit = known_commit(declared.checkout.repository, base)
        earlier = declared.checkout.declared_at(declared.environment.name, commit) or {}
        told = tuple(one.replace(NO_ORPHANS, ORPHANS_OF_BASE) for one in last_applied.assumptions)
        last_applied = replace(last_applied, assumptions=told)
    gone = removed(
        applied={key: applied for key, applied in last_applied.by_key.items() if key not in memory.foreign},
        earlier={key: schedule for key, schedule in earlier.items() if key not in memory.foreign},
        declared=declared.everything,
        selection=declared.runtime.options.selection,
        tenants=declared.environment.tenants,
    )
    return replace(memory, last_applied=replace(last_applied, removed=gone))


def _guards_since(
    declared: Declared, before: WorkspaceGuards | None, applied: Mapping[Key, Applied]
) -> tuple[Finding, ...]:
    """Return what says that the guards are others than when everything was last applied."""
    unprotected = lifted_protection(applied, declared.everything)
    return guard_findings(before, declared.guards, unprotected, file=declared.checkout.name(WORKSPACE_FILE))

"""The memory of earlier applies: each key is read from the ledger, else from the ref of last applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconcile.declare import WORKSPACE_FILE
from reconcile.engine.find_last_applied import applied_at, joined, settled_changes, without_never_live
from reconcile.engine.judge_freezes import freezes_of
from reconcile.engine.judges import Situation
from reconcile.engine.orphans import removed
from reconcile.engine.workspace_guards import WorkspaceGuards, guard_findings, lifted_protection
from reconcile.errors import LedgerError, LedgerGoneError, SettingError
from reconcile.git.refs import applied_commit, applied_ref, fetch_applied, known_commit
from reconcile.model.change import Change
from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import NO_LAST_APPLIED, Applied, LastApplied, LastAppliedSource
from reconcile.model.ledger_records import ChangeRecord, Hold, Settled
from reconcile.model.live import Live
from reconcile.model.reading import reading_of
from reconcile.model.rules import LedgerRule
from reconcile.model.schedule import Schedule
from reconcile.session.command_line import Sources
from reconcile.session.declared import Declared
from reconcile.session.ledger_home import locate_ledger
from reconcile.session.removed_keys import with_doubts

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


@dataclass(frozen=True, slots=True)
class AppliedRef:
    """The commit that the ref of last applied names: in this repository, and at the remote that it was fetched from.

    *commit* is None where there is no ref; *at_remote* also where nothing was fetched.
    """

    commit: str | None = None
    at_remote: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run knows of earlier applies.

    *holds* are those of rollbacks, *foreign* the keys of other workspaces, each with its owner.
    *open_changes* are saves whose outcome is unknown, with their run id; *doubled* are keys that a save of ours added a
    job to. *settled_changes* are the outcomes of open changes that reading has shown, by run and key, *settled_applied*
    is last applied after them: a run that saves has yet to record both.
    """

    last_applied: LastApplied = NO_LAST_APPLIED
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    foreign: Mapping[Key, str] = field(default_factory=dict)
    open_changes: tuple[tuple[str, ChangeRecord], ...] = ()
    doubled: frozenset[Key] = frozenset()
    settled_changes: Mapping[tuple[str, Key], Settled] = field(default_factory=dict)
    settled_applied: Mapping[Key, Applied] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

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
        last_applied = without_never_live(self.last_applied, live)
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


def read_applied_ref(declared: Declared, remote: str | None) -> AppliedRef:
    """Return what the ref of last applied names, after it was fetched from *remote*; None: nothing is fetched.

    What is fetched replaces the ref of this repository.

    Raises:
        ReconcileError: git cannot fetch or say it.
    """
    repository, environment = declared.checkout.repository, declared.environment.name
    at_remote = None if remote is None else fetch_applied(repository, environment, remote)
    return AppliedRef(applied_commit(repository, environment), at_remote)


def read_memory(declared: Declared, sources: Sources) -> Memory:
    """Return the memory of a command that saves nothing: a ledger that cannot be read is only a finding.

    Raises:
        ReconcileError: git cannot fetch or say what was applied, or a revision that an option names does not exist.
    """
    ref = AppliedRef() if sources.applied_rev is not None else read_applied_ref(declared, sources.fetch_applied)
    try:
        with locate_ledger(declared.checkout, declared.environment).if_exists() as ledger:
            return remember(declared, ledger, sources, ref)
    except (LedgerError, SettingError) as error:
        memory = remember(declared, None, sources, ref)
        rule = LedgerRule.LEDGER_GONE if isinstance(error, LedgerGoneError) else LedgerRule.LEDGER_UNREADABLE
        found = Finding(rule, error.message, hint=error.hint)
        return replace(memory, findings=(*memory.findings, found))


def remember(declared: Declared, ledger: SqlLedger | None, sources: Sources, ref: AppliedRef) -> Memory:
    """Return what *ledger* knows, and what *ref* says of the keys that the ledger lacks.

    A revision that an option names replaces both.

    Raises:
        LedgerError: the ledger cannot be read.
        SettingError: a revision that an option names does not exist here.
        ReconcileError: git cannot say which commit this is.
    """
    declared.checkout.require_git()
    earlier: Mapping[Key, Schedule] = {}
    if sources.base is not None:
        commit = known_commit(declared.checkout.repository, sources.base)
        earlier = declared.checkout.declared_at(declared.environment.name, commit) or {}
    last_applied, place = _from_git(declared, sources, ref, has_ledger=ledger is not None)
    memory = Memory(last_applied)
    if ledger is not None:
        foreign, recorded = ledger.foreign_keys(), ledger.last_applied()
        if sources.applied_rev is None:
            last_applied = joined(recorded, last_applied, place=place, foreign=foreign)
        else:
            last_applied = replace(
                last_applied, only_in_git=last_applied.only_in_git - recorded.keys() - foreign.keys()
            )
        memory = Memory(
            last_applied,
            ledger.holds(),
            foreign,
            ledger.open_changes(),
            ledger.doubled(),
            findings=_guards_since(declared, ledger.guards(), recorded),
        )
    known = {key: applied for key, applied in last_applied.by_key.items() if key not in memory.foreign}
    gone = removed(
        applied=known,
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


def _from_git(declared: Declared, sources: Sources, ref: AppliedRef, *, has_ledger: bool) -> tuple[LastApplied, str]:
    """Return what Git knows of last applied, and the name of the revision that it was read from."""
    checkout, environment = declared.checkout, declared.environment.name
    if sources.applied_rev is not None:
        named, commit = sources.applied_rev, known_commit(checkout.repository, sources.applied_rev)
    elif ref.commit is not None:
        named, commit = applied_ref(environment), ref.commit
    else:
        return NO_LAST_APPLIED, ""
    # Often nothing was merged since: then the files that were read already are those of the commit.
    # Git compares files only for their owner.
    is_ours = commit == checkout.revision and checkout.repository.foreign_owner is None
    is_here = is_ours and not checkout.not_as_committed()
    applied_then = declared.everything if is_here else checkout.declared_at(environment, commit)
    if applied_then is None:
        assumption = f"{named} at {commit[:12]} declares nothing for {environment} in this folder: two-way, no orphans"
        return replace(NO_LAST_APPLIED, assumptions=(assumption if has_ledger else f"{assumption}, no lock",)), ""
    unknown = "job ids are" if has_ledger else "job ids, holds and saves without an end are"
    place = f"{named} at {commit[:12]}"
    assumption = f"last applied comes from Git ({place}): {unknown} not known"
    assumption = assumption if has_ledger else f"{assumption}; no lock"
    applied = applied_at(applied_then.values(), commit)
    return LastApplied(LastAppliedSource.GIT, applied, {}, (assumption,), frozenset(applied)), place

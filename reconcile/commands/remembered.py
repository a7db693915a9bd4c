"""What is remembered of earlier applies, for one run: of each key by the ledger, else by Git, else by nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconcile.commands.declarations import Declared, declared_at
from reconcile.commands.invocation import Invocation
from reconcile.commands.sources import Sources
from reconcile.engine.judges import Situation
from reconcile.engine.moment import freezes_of
from reconcile.engine.orphans import removed
from reconcile.engine.past import NOTHING, Past, applied_from, joined, settled, without_never_there
from reconcile.errors import LedgerError, SettingError
from reconcile.git.refs import applied_commit, applied_ref, fetch_applied, known_commit
from reconcile.git.state import not_as_committed
from reconcile.ledger.address import LedgerAddress, ledger_address
from reconcile.model.finding import Finding, Severity
from reconcile.model.keys import Key
from reconcile.model.ledger import ChangeRecord, Hold, Settled
from reconcile.model.reading import reading_of
from reconcile.model.schedule import Schedule
from reconcile.model.states import Applied, LastAppliedSource, Live
from reconcile.model.workspace import Environment, Workspace
from reconcile.service.clock import SystemClock

if TYPE_CHECKING:
    from reconcile.ledger.book import SqlLedger


@dataclass(frozen=True, slots=True)
class Settling:
    """What became of saves that nobody saw the end of, by run and key, and what is last applied thereby."""

    became: Mapping[tuple[str, Key], Settled]
    applied: Mapping[Key, Applied]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered: last applied, holds of rollbacks, keys of other workspaces, each with its owner, saves of
    which nobody knows the end, each with its run's id, and keys that a save of ours doubled."""

    past: Past = NOTHING
    holds: Mapping[Key, Hold] = field(default_factory=dict)
    foreign: Mapping[Key, str] = field(default_factory=dict)
    open_changes: tuple[tuple[str, ChangeRecord], ...] = ()
    doubled: frozenset[Key] = frozenset()
    findings: tuple[Finding, ...] = ()

    def keys(self, desired: Mapping[Key, Schedule]) -> Collection[Key]:
        """Return the keys to read: what is wanted, what is no longer declared, and what there is doubt about."""
        return sorted({*desired, *self.past.removed, *self.in_doubt})

    @property
    def in_doubt(self) -> frozenset[Key]:
        """Return the keys of saves that nobody saw the end of, and those that a save of ours doubled."""
        return self.doubled.union(record.key for _, record in self.open_changes)

    def after_reading(self, live: Mapping[Key, Live]) -> tuple[Memory, Settling]:
        """Return what is remembered once *live* has settled open saves, and that settling, which is to be recorded."""
        became, applied = settled(self.open_changes, live)
        past = without_never_there(self.past, live)
        past = replace(past, applied={**past.applied, **applied}) if applied else past
        doubled = frozenset(key for key in self.doubled if isinstance(rows := live.get(key), tuple) and len(rows) > 1)
        return replace(self, past=past, doubled=doubled), Settling(became, applied)

    def situation(self, invocation: Invocation, workspace: Workspace, environment: Environment) -> Situation:
        """Return what guards judge by in this run."""
        return Situation(
            limits=workspace.limits,
            service=environment.service,
            on_drift=workspace.on_drift,
            freezes=freezes_of(workspace.freezes, environment),
            zone=environment.timezone,
            reading=reading_of(environment, invocation.begun_at),
            holds=self.holds,
            foreign=self.foreign,
            doubled=self.doubled,
        )


def address_of(invocation: Invocation, workspace: Workspace, environment: Environment) -> LedgerAddress | None:
    """Return where the ledger of *environment* is; None: the workspace says `none`.

    Raises:
        SettingError: the setting is wrong, or a variable that it names is not set.
    """
    named, setting = "ledger", workspace.ledger
    if environment.ledger is not None:
        named, setting = f"environments.{environment.name}.ledger", environment.ledger
    address = ledger_address(setting, invocation.directory, invocation.environ, named=named)
    if address is not None:
        invocation.hiders.append(address.hide)
    return address


def ledger_at(
    address: LedgerAddress, invocation: Invocation, workspace: Workspace, environment: Environment, *, create: bool
) -> SqlLedger | None:
    """Return the ledger at *address*; None: there is none yet, and it is not to be made.

    Raises:
        LedgerError: it cannot be opened.
    """
    if not address.exists and not create:
        return None
    # Here, so that a run without a ledger does not pay for its library.
    from reconcile.ledger.opening import open_ledger

    clock = SystemClock(invocation.stop)
    return open_ledger(address, workspace=workspace.id, environment=environment.name, clock=clock, create=create)


def read_memory(invocation: Invocation, wanted: Declared, where: Sources) -> Memory:
    """Return what is remembered, for a command that saves nothing: a ledger that cannot be read is only a finding."""
    try:
        address = address_of(invocation, wanted.workspace, wanted.environment)
        ledger = None
        if address is not None:
            ledger = ledger_at(address, invocation, wanted.workspace, wanted.environment, create=False)
        if ledger is None:
            return remembered(invocation, wanted, None, where)
        with ledger:
            return remembered(invocation, wanted, ledger, where)
    except (LedgerError, SettingError) as error:
        memory = remembered(invocation, wanted, None, where)
        found = Finding("ledger-unreadable", Severity.WARNING, error.message, hint=error.hint)
        return replace(memory, findings=(*memory.findings, found))


def remembered(invocation: Invocation, wanted: Declared, ledger: SqlLedger | None, where: Sources) -> Memory:
    """Return what *ledger* remembers, and of keys that it does not know what Git does; a revision that an option names
    goes before both.

    Raises:
        LedgerError: the ledger cannot be read.
        SettingError: a revision that an option names does not exist here.
    """
    environment = wanted.environment.name
    earlier: Mapping[Key, Schedule] = {}
    if where.base is not None:
        earlier = declared_at(invocation, environment, known_commit(invocation.repository, where.base)) or {}
    past, place = _from_git(invocation, wanted, where, has_ledger=ledger is not None)
    memory = Memory(past)
    if ledger is not None:
        foreign, recorded = ledger.foreign_keys(), ledger.last_applied()
        if where.applied_rev is None:
            past = joined(recorded, past, place=place, foreign=foreign)
        else:
            past = replace(past, noted=past.noted - recorded.keys() - foreign.keys())
        memory = Memory(past, ledger.holds(), foreign, ledger.open_changes(), ledger.doubled())
    known = {key: applied for key, applied in past.applied.items() if key not in memory.foreign}
    gone = removed(
        applied=known,
        earlier={key: schedule for key, schedule in earlier.items() if key not in memory.foreign},
        declared=wanted.everything,
        selection=invocation.options.selection,
        tenants=wanted.environment.tenants,
    )
    return replace(memory, past=replace(past, removed=gone))


def noted_commits(invocation: Invocation, environment: str, where: Sources) -> tuple[str | None, str | None]:
    """Return the commits that Git notes as last applied to *environment*: here, and at the remote to fetch from.

    What is fetched goes before what was noted here. The second is None, too, where nothing is to be fetched.

    Raises:
        ReconcileError: git cannot fetch or say it.
    """
    there = None if where.fetch is None else fetch_applied(invocation.repository, environment, where.fetch)
    return applied_commit(invocation.repository, environment), there


def _from_git(invocation: Invocation, wanted: Declared, where: Sources, *, has_ledger: bool) -> tuple[Past, str]:
    """Return what Git knows of last applied, and where it stands there."""
    environment = wanted.environment.name
    if where.applied_rev is not None:
        named, commit = where.applied_rev, known_commit(invocation.repository, where.applied_rev)
    else:
        found, _ = noted_commits(invocation, environment, where)
        if found is None:
            return NOTHING, ""
        named, commit = applied_ref(environment), found
    # Most nights nothing was merged since: what was read already need not be read out of Git again.
    # Git compares the files only for their owner.
    is_ours = commit == invocation.revision and invocation.repository.stranger is None
    is_here = is_ours and not not_as_committed(invocation.repository)
    declared = wanted.everything if is_here else declared_at(invocation, environment, commit)
    if declared is None:
        said = f"{named} at {commit[:12]} declares nothing for {environment} in this folder: two-way, no orphans"
        return replace(NOTHING, assumptions=(said if has_ledger else f"{said}, no lock",)), ""
    unknown = "job ids are" if has_ledger else "job ids, holds and saves without an end are"
    place = f"{named} at {commit[:12]}"
    said = f"last applied comes from Git ({place}): {unknown} not known"
    said = said if has_ledger else f"{said}; no lock"
    applied = applied_from(declared.values(), commit)
    return Past(LastAppliedSource.GIT, applied, {}, (said,), frozenset(applied)), place

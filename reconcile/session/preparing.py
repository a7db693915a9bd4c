"""Preparing: what a run that will save plans from. The ledger is read; nothing here can save.

A plan is prepared under the lock. Where a person is asked, it is prepared before that too, without the lock: no other
run waits for the answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconcile.model.finding import Finding
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied
from reconcile.model.ledger_records import Hold, RunKind
from reconcile.model.schedule import Schedule
from reconcile.service.client import Client
from reconcile.service.reader import ServiceReader
from reconcile.session.command_line import SaveOptions
from reconcile.session.connect import connect
from reconcile.session.declared import Declared
from reconcile.session.identity import RunIdentity, identify
from reconcile.session.known_elsewhere import refuse_known_elsewhere, renamed_if_known_elsewhere
from reconcile.session.ledger_home import LedgerHome, ledger_required, locate_ledger
from reconcile.session.live_commit import commit_order, find_live_commits
from reconcile.session.memory import remember
from reconcile.session.observed import Observed, Planned
from reconcile.session.seen_ledger import refuse_behind

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger


@dataclass(frozen=True, slots=True)
class RunPurpose:
    """What a run is for, and what it records because of that.

    *in_sync* are the keys that the ledger learns to be as declared, *holds* are recorded before the first save,
    *findings* are added to those of the run. *plan_made_at* is the time of a saved plan, *of_run* the run that is
    rolled back.
    """

    kind: RunKind
    in_sync: Mapping[Key, Applied] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    findings: tuple[Finding, ...] = ()
    plan_made_at: str | None = None
    of_run: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run is about to do, and what it does that for."""

    planned: Planned
    purpose: RunPurpose


@dataclass(frozen=True)
class Preparing:
    """A run that plans. *ledger* is None where none is kept, or where there is none yet."""

    declared: Declared
    identity: RunIdentity
    client: Client
    ledger: SqlLedger | None

    def observed(self, *, base: str | None = None) -> Observed:
        """Return what is observed now; *base* is a revision that may have declared more.

        Raises:
            RefusedError: the ledger cannot be read.
            SettingError: there is no revision *base* here.
            ReconcileError: what the old ref names cannot be taken over.
        """
        with ledger_required():
            memory = remember(self.declared, self.ledger, base=base)
        return Observed(self.declared, memory, ServiceReader(self.client))

    def observed_back_to(self, before: Mapping[Key, Schedule]) -> Observed:
        """Return what is observed now, with *before*, what was live before a run, as desired.

        Keys that are no longer declared are left out. Raises what `observed` raises.
        """
        observed = self.observed()
        declared = replace(self.declared, desired=before)
        return replace(observed, declared=declared, memory=observed.memory.without_removed())

    def ordered(self, planned: Planned) -> Planned:
        """Return *planned*, judged also by how the commit to be applied stands to the live one.

        Raises:
            RefusedError: the ledger cannot be read.
        """
        with ledger_required():
            live = find_live_commits(self.declared, planned.memory, self.ledger)
        order = commit_order(self.declared, planned.memory, live)
        return replace(planned, situation=replace(planned.situation, order=order))


@contextlib.contextmanager
def preparing(declared: Declared, options: SaveOptions) -> Iterator[Preparing]:
    """Plan without the lock while the block runs. A ledger that does not exist yet is not made.

    Raises:
        RefusedError: the ledger cannot be opened.
        SettingError: a setting of the service or the ledger is wrong, or names a variable that is missing.
    """
    identity = identify(declared.checkout, options.actor)
    with connect(declared.runtime, declared.environment) as client, contextlib.ExitStack() as stack:
        home, ledger = kept_home(declared), None
        if home is not None:
            # Only an error that is raised before the block is about the ledger as a whole.
            with ledger_required(), renamed_if_known_elsewhere(declared, home):
                home.refuse_to_begin()
                ledger = stack.enter_context(home.if_exists())
                refuse_behind(home, ledger)
                refuse_known_elsewhere(declared, home, ledger)
        yield Preparing(declared, identity, client, ledger)


def kept_home(declared: Declared) -> LedgerHome | None:
    """Return where the ledger of the run is kept; None: with `ledger: none` there is none."""
    home = locate_ledger(declared.checkout, declared.environment)
    return None if home.address is None else home

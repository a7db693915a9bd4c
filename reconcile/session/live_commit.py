"""The live commit of an environment, and how the commit that is to be applied stands to it. Only `apply` asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconcile.engine.judge_order import decisive, declared_otherwise, live_commits
from reconcile.engine.make_plan import desired_digest
from reconcile.errors import ReconcileError
from reconcile.git.ancestry import described, find_ancestry
from reconcile.model.commit_order import CommitOrder, Standing
from reconcile.model.ledger_records import RunRecord, Settled
from reconcile.session.declared import Checkout, Declared
from reconcile.session.memory import Memory

if TYPE_CHECKING:
    from reconcile.ledger.sql_ledger import SqlLedger

# The last runs of a ledger in Git are at hand; those before them are a fetch away.
_FEW_RUNS, _MOST_RUNS = 10, 50


@dataclass(frozen=True, slots=True)
class LiveCommits:
    """The commits that count as the live one, the newest run's first, and the digest of what that run applied."""

    ids: tuple[str, ...] = ()
    digest: str | None = None


def find_live_commits(declared: Declared, memory: Memory, ledger: SqlLedger | None) -> LiveCommits:
    """Return the live commit as *ledger* knows it: that of its runs, else the one that last applied was taken over at.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    runs = () if ledger is None else _applying_runs(ledger, _in_doubt(memory), declared.digest)
    if runs:
        return LiveCommits(live_commits(runs), runs[0].start.desired_digest)
    taken_over = {one.revision for one in memory.last_applied.by_key.values() if one.run is None and one.revision}
    return LiveCommits(tuple(sorted(taken_over)))


def commit_order(declared: Declared, memory: Memory, live: LiveCommits) -> CommitOrder | None:
    """Return how the commit that is to be applied stands to the live one; None where nothing is to be judged.

    Equal commits have no order, and neither have commits that declare the same. Outside Git there is no commit.
    """
    checkout = declared.checkout
    here = checkout.revision
    if here is None or not live.ids or here in live.ids or live.digest == declared.digest:
        return None
    ancestry = find_ancestry(checkout.repository, here, live.ids)
    commit, standing = decisive(ancestry.standings)
    if standing is Standing.NEWER or _declares_the_same(declared, commit, standing):
        return None
    return CommitOrder(
        standing,
        described(checkout.repository, here),
        described(checkout.repository, commit),
        declared_otherwise(declared.desired, memory.last_applied),
        ancestry.why,
        ancestry.remedy,
    )


def _applying_runs(ledger: SqlLedger, in_doubt: Sequence[str], digest: str) -> tuple[RunRecord, ...]:
    """Return the last runs that applied a commit: many only where the last few applied the same, and not *digest*."""
    few = ledger.applying_runs(most=_FEW_RUNS, besides=in_doubt)
    applied = {run.start.desired_digest for run in few}
    if len(few) < _FEW_RUNS or len(applied) > 1 or applied == {digest}:
        return few
    return ledger.applying_runs(most=_MOST_RUNS, besides=in_doubt)


def _in_doubt(memory: Memory) -> Sequence[str]:
    """Return the runs that were killed in a save which is live by now, as reading has shown, or may be."""
    settled = memory.settled_changes
    maybe_live = (None, Settled.AS_DESIRED)
    return sorted({run for run, record in memory.open_changes if settled.get((run, record.key)) in maybe_live})


def _declares_the_same(declared: Declared, commit: str, standing: Standing) -> bool:
    """Return whether *commit* declares all that is declared now, and nothing else."""
    if standing is Standing.UNKNOWN:
        return False
    environment = declared.environment.name
    then = _digest_at(declared.checkout, environment, commit)
    return then is not None and then == desired_digest(environment, declared.everything)


def _digest_at(checkout: Checkout, environment: str, commit: str) -> str | None:
    """Return the digest of all that was declared at *commit*; None where not all of it can be read without errors."""
    try:
        then = checkout.declared_at(environment, commit)
    except ReconcileError:  # its files are not here and cannot be fetched, or one is from another time
        return None
    return None if then is None else desired_digest(environment, then)

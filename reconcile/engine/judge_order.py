"""Judges of the order of commits: does the commit that is to be applied hold the live one?

The *live commit* of an environment is that of the newest run that applied declarations of a commit: an apply that
verified something, or that ended with all as declared. A selection counts, since it made a part of its commit live, and
so do files that differ from their commit: they lie on top of it. Commits that were applied one after another with an
equal `desired_digest` count as one live commit. Else the pipeline of an older commit with the same declarations, which
changes nothing, would let a commit between the two bring back what the newer one took away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from reconcile.engine.judges import Objection, Situation
from reconcile.engine.overrides import ALLOW_OLDER
from reconcile.model.change import same_cron
from reconcile.model.commit_order import CommitOrder, Standing
from reconcile.model.keys import Key
from reconcile.model.last_applied import Applied, LastApplied
from reconcile.model.ledger_records import RunRecord
from reconcile.model.schedule import Schedule
from reconcile.text import counted, listed

_IF_MEANT = f"if this commit is meant, run with {ALLOW_OLDER.option}"


def live_commits(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return the commits that count as the live one, the newest run's first; *runs* applied commits, newest first."""
    same = takewhile(lambda run: run.start.desired_digest == runs[0].start.desired_digest, runs)
    return tuple(dict.fromkeys(run.start.revision for run in same if run.start.revision is not None))


def decisive(standings: Mapping[str, Standing]) -> tuple[str, Standing]:
    """Return which of the commits that count as the live one decides, and how the commit to be applied stands to it.

    *standings* has the commit of the newest run first. To be older than one of them is to go back; to hold one of them
    is to hold what is live.
    """
    ranked = (Standing.OLDER, Standing.NEWER)
    found = ((commit, one) for rank in ranked for commit, one in standings.items() if one is rank)
    return next(found, next(iter(standings.items())))


def declared_otherwise(desired: Mapping[Key, Schedule], last_applied: LastApplied) -> tuple[Key, ...]:
    """Return the keys that are declared otherwise than last applied, or no more, sorted."""
    known = last_applied.by_key
    differing = {key for key, one in desired.items() if key in known and not _is_as_applied(one, known[key])}
    return tuple(sorted(differing | last_applied.removed.keys()))


def older_commit(situation: Situation) -> Iterator[Objection]:
    """Object to a commit that the live one holds."""
    order = situation.order
    if order is not None and order.standing is Standing.OLDER:
        yield Objection(
            f"commit {order.here} is older than {order.live}, which is live; {_going_back(order)}",
            remedy=f"apply the newest commit; git revert goes back by a new one; {_IF_MEANT}",
        )


def not_merged(situation: Situation) -> Iterator[Objection]:
    """Object to a commit that has parted from the live one."""
    order = situation.order
    if order is not None and order.standing is Standing.PARTED:
        yield Objection(
            f"commit {order.here} does not hold {order.live}, which is live, nor the other way round; "
            f"{_going_back(order)}",
            remedy=f"merge the two, and apply the merge; {_IF_MEANT}",
        )


def live_unknown(situation: Situation) -> Iterator[Objection]:
    """Object to a commit of which nothing tells whether it holds the live one."""
    order = situation.order
    if order is not None and order.standing is Standing.UNKNOWN:
        yield Objection(
            f"nothing tells whether commit {order.here} holds {order.live}, which is live ({order.why}); "
            f"{_going_back(order)}",
            remedy=f"{order.remedy}; {_IF_MEANT}",
        )


def _going_back(order: CommitOrder) -> str:
    if not order.differing:
        return "no schedule is declared otherwise than last applied"
    keys = f"{counted(len(order.differing), 'schedule')} ({listed(order.differing)})"
    if order.standing is Standing.OLDER:
        return f"{keys} would go back"
    return f"{keys} would differ from last applied"


def _is_as_applied(schedule: Schedule, applied: Applied) -> bool:
    return schedule.name == applied.name and same_cron(schedule.cron_to_save, applied.cron)

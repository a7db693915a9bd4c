"""Which commit holds which: how a commit stands to others, and what is fetched where this clone cannot say it.

Only git's own "yes" and "no" count. In a shallow clone a "no" says nothing, because the history ends somewhere: it is
deepened first, step by step. A commit that is not here is asked of the remote, by its id. No ref is moved.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconcile.errors import ReconcileError
from reconcile.git.program import CompletedGit
from reconcile.git.refs import commit_of
from reconcile.git.remote import run_on_remote
from reconcile.git.repository import Repository
from reconcile.model.commit_order import Commit, Standing
from reconcile.secrets import safe_line, without_credentials
from reconcile.text import one_line, shown

DEEPENING = ("--deepen=50", "--deepen=500", "--unshallow")
_FETCH = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-auto-maintenance")
_NO_TRACE = "--no-write-fetch-head"
_NOT_THERE = b"not our ref"  # the remote and this git say it at the same time, in any order
_MOST_ENDS = 50
_LONGEST_SUBJECT = 72


@dataclass(frozen=True, slots=True)
class Ancestry:
    """How a commit stands to others, in the order asked. Where that is unknown: *why*, and a *remedy*."""

    standings: Mapping[str, Standing]
    why: str = ""
    remedy: str = ""

    @property
    def is_told(self) -> bool:
        """Return whether more history could tell nothing else: all is known, or that it is older than one of them."""
        found = self.standings.values()
        return Standing.OLDER in found or Standing.UNKNOWN not in found


def find_ancestry(repository: Repository, commit: str, others: Sequence[str]) -> Ancestry:
    """Return how *commit* stands to each of *others*. What this clone lacks is fetched from its remote.

    Never raises for what git says or fails to say: that makes a standing unknown.
    """
    found = Ancestry(dict.fromkeys(others, Standing.UNKNOWN))
    try:
        found = _looked_up(repository, commit, others)
        return found if found.is_told else _fetched(repository, commit, found)
    except ReconcileError as error:
        return replace(found, why=error.message, remedy=error.hint or "try the same with git itself")


def described(repository: Repository, commit: str) -> Commit:
    """Return *commit* with the first line of its message; without, where it is not here or git does not say it."""
    try:
        completed = repository.ask("cat-file", "commit", commit)
    except ReconcileError:  # git did not answer in time: a message does without
        return Commit(commit)
    message = completed.out.partition(b"\n\n")[2].decode("utf-8", "replace").strip()
    return Commit(commit, one_line(safe_line(message.partition("\n")[0]), most=_LONGEST_SUBJECT))


def remote_of(repository: Repository) -> str | None:
    """Return the remote that history comes from: that of the current branch, else `origin`, else the only one."""
    completed = repository.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = os.fsdecode(completed.out.removesuffix(b"\n")) if completed.is_good else ""
    upstream = repository.settings.last(f"branch.{branch}.remote") if branch else None
    if upstream not in (None, "", "."):
        return upstream
    names = [os.fsdecode(name) for name in repository.ask("remote").out.split(b"\n") if name]
    if "origin" in names:
        return "origin"
    return names[0] if len(names) == 1 else None


def _looked_up(repository: Repository, commit: str, others: Sequence[str]) -> Ancestry:
    """Return what this clone says, as it is."""
    is_whole = not _is_shallow(repository)
    return Ancestry({other: _standing(repository, commit, other, is_whole=is_whole) for other in others})


def _standing(repository: Repository, commit: str, other: str, *, is_whole: bool) -> Standing:
    if commit_of(repository, other) is None:
        return Standing.UNKNOWN
    if _holds(repository, commit, other):
        return Standing.NEWER
    if _holds(repository, other, commit):
        return Standing.OLDER
    return Standing.PARTED if is_whole else Standing.UNKNOWN


def _holds(repository: Repository, commit: str, other: str) -> bool:
    """Return whether *other* is an ancestor of *commit*, as far as the history of this clone goes."""
    completed = repository.ask("merge-base", "--is-ancestor", other, commit)
    if completed.code not in (0, 1):
        raise completed.failure(f"whether {commit[:12]} holds {other[:12]} cannot be looked up")
    return completed.is_good


def _is_shallow(repository: Repository) -> bool:
    completed = repository.ask("rev-parse", "--is-shallow-repository")
    if not completed.is_good:
        raise completed.failure("whether this clone is shallow cannot be looked up")
    return completed.out.strip() != b"false"


def _fetched(repository: Repository, commit: str, found: Ancestry) -> Ancestry:
    """Return *found* after what is missing was fetched: no more than it takes to tell."""
    remote, was_shallow = remote_of(repository), _is_shallow(repository)
    named = "REMOTE" if remote is None else shown(without_credentials(remote))
    remedy = f"git fetch --unshallow {named}" if was_shallow else f"git fetch {named}"
    what = "this clone is shallow, and" if was_shallow else "it is not in this repository, and"
    if remote is None:
        return replace(found, why=f"{what} no remote says where its history comes from", remedy=f"try {remedy}")
    for depth in DEEPENING if was_shallow else ("",):
        if depth and not _is_shallow(repository):
            break
        completed = _fetch(repository, remote, commit, found, depth=depth)
        if not completed.is_good and _NOT_THERE in completed.err:
            break
        if not completed.is_good:
            failure = completed.failure(f"{what} {named} does not give what is missing")
            return replace(found, why=failure.message, remedy=f"try {remedy}")
        found = _looked_up(repository, commit, tuple(found.standings))
        if found.is_told:
            return found
    lacks = f"it is neither in this repository nor at {named}"
    ended = f"this clone is shallow, and {named} does not hold more of its history"
    remedy = f"see whether the history at {named} was written anew"
    return replace(found, why=ended if _is_shallow(repository) else lacks, remedy=remedy)


def _fetch(repository: Repository, remote: str, commit: str, found: Ancestry, *, depth: str) -> CompletedGit:
    """Fetch the commits of *found* that are missing; with *depth*, also more of the history that ends here."""
    missing = [other for other in found.standings if commit_of(repository, other) is None]
    options = (*_FETCH, _NO_TRACE, *((depth,) if depth else ()), "--", remote)
    if not depth:
        return run_on_remote(repository, remote, "fetch", *options, *missing)
    ends = _ends(repository, commit, *(other for other in found.standings if other not in missing))
    completed = run_on_remote(repository, remote, "fetch", *options, *ends, *missing)
    if completed.is_good or not missing:
        return completed
    # The remote refuses all where it lacks one: then the history alone.
    return run_on_remote(repository, remote, "fetch", *options, *ends)


def _ends(repository: Repository, *commits: str) -> list[str]:
    """Return the commits at which the histories of *commits* end in this clone: all of them came from the remote."""
    completed = repository.ask("rev-list", "--max-parents=0", f"--max-count={_MOST_ENDS}", *commits)
    if not completed.is_good:
        raise completed.failure("where the history of this clone ends cannot be looked up")
    return os.fsdecode(completed.out).split()

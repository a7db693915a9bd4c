"""Revisions by name, and the refs that say which commit was last applied to which environment.

``refs/reconcile/applied/<environment>`` is moved after a fully verified apply. It is not a branch: clones do not fetch
it, no work is done on it, and it may move backwards (an older commit was applied). So it is pushed with force, but only
if the other repository still holds what this run saw there when it began (`expected`). If two runners apply at the same
time, the second gets an error instead of hiding what the first did. A plain ``+refspec`` would hide it; a push without
force could not move it backwards.
"""

from __future__ import annotations

import os
import re

from reconcile.errors import ReconcileError, SettingError
from reconcile.git.remote import run_on_remote
from reconcile.git.repository import Repository
from reconcile.secrets import without_credentials
from reconcile.text import did_you_mean, shown

APPLIED = "refs/reconcile/applied/"
LEDGER = "refs/reconcile/ledger/"

OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PLAIN = re.compile(r"[0-9A-Za-z_.-]")
# Plain characters that git refuses in the name of a ref.
_NOT_IN_REF = re.compile(r"^\.|(?<=\.)\.|\.$|\.(?=lock$)")
_NOT_HERE = (b"ambiguous", b"promisor")  # the ids of several objects begin with it; a partial clone does not hold it
_MOST_NAMES = 1000
_LONGEST_REVISION = 65_536  # more than any ref or pattern; an argument of a process may have at most twice as much


def commit_of(repository: Repository, rev: str) -> str | None:
    """Return the full id of the commit that *rev* names in *repository*; None when it names none, and outside Git.

    Raises:
        ReconcileError: git cannot say.
    """
    # Git could take it for an option; a revision that begins with `-` can be written in full (refs/heads/-x).
    if not rev or len(rev) > _LONGEST_REVISION or rev.startswith("-") or any(ord(character) < 32 for character in rev):
        return None
    completed = repository.ask("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
    commit = os.fsdecode(completed.out.removesuffix(b"\n"))
    if completed.is_good:
        return commit if OBJECT_ID.fullmatch(commit) else None  # git answers `^main` too, with the `^`
    # Git ends with 1 where a revision does not exist: all else is about the repository.
    is_missing = completed.code == 1 or any(words in completed.err for words in _NOT_HERE)
    if is_missing or repository.is_outside:
        return None
    raise completed.failure(f"the revision {shown(rev)} cannot be looked up")


def known_commit(repository: Repository, rev: str) -> str:
    """Return the full id of the commit that *rev* names.

    Raises:
        SettingError: it names no commit; the hint says what to do.
        ReconcileError: git cannot say.
    """
    commit = commit_of(repository, rev)
    if commit is None:
        raise SettingError(
            f"there is no revision {shown(rev)!r} in this repository", hint=_missing_revision_hint(repository, rev)
        )
    return commit


def _missing_revision_hint(repository: Repository, rev: str) -> str:
    if repository.is_shallow:
        return "this clone is shallow: check out with fetch-depth: 0 (GitLab: GIT_DEPTH: 0), or `git fetch --unshallow`"
    listed = repository.ask("for-each-ref", f"--count={_MOST_NAMES}", "--format=%(refname:short)")
    near = did_you_mean(rev, listed.out.decode("utf-8", "replace").split("\n"))
    return near or "`git fetch` may bring it; `git branch --all` and `git tag` list what is here"


def applied_ref(environment: str) -> str:
    """Return the ref of the commit last applied to *environment*; characters that a ref cannot hold become ``%2E``.

    >>> applied_ref("prod"), applied_ref("a..lock")
    ('refs/reconcile/applied/prod', 'refs/reconcile/applied/a.%2Elock')
    """
    if not environment:
        raise SettingError("an environment needs a name", hint="see `environments` in the workspace")
    return APPLIED + _part(environment)


def ledger_ref(workspace: str, environment: str) -> str:
    """Return the ref that holds the ledger of *environment*: two levels, so that no ref's name begins another's.

    >>> ledger_ref("shop", "prod"), ledger_ref("shop", "a/b")
    ('refs/reconcile/ledger/shop/prod', 'refs/reconcile/ledger/shop/a%2Fb')
    """
    return f"{LEDGER}{_part(workspace)}/{_part(environment)}"


def _part(name: str) -> str:
    """Return *name* as one part of a ref; characters that a ref cannot hold become ``%2E``."""
    spelled = "".join(character if _PLAIN.fullmatch(character) else _escaped(character) for character in name)
    return _NOT_IN_REF.sub("%2E", spelled)


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def applied_commit(repository: Repository, environment: str) -> str | None:
    """Return the commit last applied to *environment*, as this repository knows it; None when there is no ref.

    Raises:
        ReconcileError: the ref cannot be read: a broken ref must not count as no ref.
    """
    ref = applied_ref(environment)
    completed = repository.ask("for-each-ref", "--format=%(objectname)", ref)
    if repository.is_outside:
        return None
    if not completed.is_good or f"broken ref {ref}".encode() in completed.err:
        raise completed.failure("what was last applied cannot be read from Git")
    target = os.fsdecode(completed.out.removesuffix(b"\n"))
    if not target:
        return None
    commit = commit_of(repository, target)
    if commit is None:
        raise ReconcileError(
            f"{ref} names {target}, which is not a commit in this repository",
            hint="fetch the ref again, or delete it",
        )
    return commit


def move_applied(repository: Repository, environment: str, commit: str, expected: str | None) -> None:
    """Move the ref of *environment* in this repository to *commit*, if it is still at *expected* (None: no ref).

    Raises:
        ReconcileError: the ref is no longer at *expected*, there is no such commit, or the ref cannot be written.
    """
    ref = applied_ref(environment)
    target = commit_of(repository, commit)
    if target is None:
        raise ReconcileError(f"{ref} was not moved: there is no commit {shown(commit)}", hint="commit first")
    completed = repository.ask("update-ref", "--no-deref", ref, target, expected or "")  # empty: the ref must not exist
    if completed.is_good:
        return
    present = applied_commit(repository, environment)
    if present != expected:
        raise ReconcileError(
            f"{ref} was not moved to {target}: it is at {present or 'no commit'}, and was at {expected or 'none'} "
            "when this run began",
            hint="another run applied meanwhile: apply again",
        )
    raise completed.failure(f"{ref} was not moved")


def fetch_applied(repository: Repository, environment: str, remote: str = "origin") -> str | None:
    """Fetch the ref of *environment* from *remote* into this repository, and return its commit.

    It replaces the ref of this repository, as all runners share it. None when *remote* has no such ref: then nothing
    changes here.

    Raises:
        ReconcileError: *remote* could not be reached, or the ref could not be written.
    """
    ref = applied_ref(environment)
    what = f"{ref} could not be fetched from {_shown_remote(remote)}"
    commit = _remote_target(repository, remote, ref, what)
    if commit is None:
        return None
    if commit_of(repository, commit) != commit:
        # A shallow clone gets the commit without its history; elsewhere `--depth` would cut the history that exists.
        depth = ("--depth=1",) if repository.is_shallow else ()
        quiet = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head")
        fetched = run_on_remote(repository, remote, "fetch", *quiet, *depth, "--", remote, f"+{ref}:{ref}")
        if not fetched.is_good:
            raise fetched.failure(what)
        return applied_commit(repository, environment)
    moved = repository.ask("update-ref", "--no-deref", ref, commit)
    if not moved.is_good:
        raise moved.failure(what)
    return commit


def _remote_target(repository: Repository, remote: str, ref: str, what: str) -> str | None:
    """Return the commit of *ref* in *remote*; None when there is no such ref."""
    listed = run_on_remote(repository, remote, "ls-remote", "--", remote, ref)
    if not listed.is_good:
        raise listed.failure(what)
    for line in listed.out.split(b"\n"):
        target, _, name = line.partition(b"\t")
        if name == ref.encode("ascii"):  # git also lists refs that end with this name
            return target.decode("ascii")
    return None


def push_applied(repository: Repository, environment: str, *, expected: str | None, remote: str = "origin") -> None:
    """Push the ref of *environment* to *remote*; no other ref is pushed.

    *expected* is the commit that `fetch_applied` returned when the run began. It is not an error if *remote* holds the
    same commit already.

    Raises:
        ReconcileError: *remote* no longer holds *expected*, or could not be reached.
    """
    ref = applied_ref(environment)
    only = ("--no-verify", "--no-follow-tags", "--no-recurse-submodules", f"--force-with-lease={ref}:{expected or ''}")
    completed = run_on_remote(repository, remote, "push", *only, "--", remote, f"{ref}:{ref}")
    if completed.is_good:
        return
    what = f"{ref} was not pushed to {_shown_remote(remote)}"
    if b"(stale info)" in completed.err:
        raise ReconcileError(
            f"{what}: it is no longer at {expected or 'no commit'} there",
            hint="another run applied meanwhile and pushed: fetch, plan, and apply what is left",
        )
    raise completed.failure(what)


def _shown_remote(remote: str) -> str:
    return shown(without_credentials(remote))

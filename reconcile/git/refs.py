"""Revisions by name, and the names of the refs that hold what is remembered."""

from __future__ import annotations

import os
import re

from reconcile.errors import SettingError
from reconcile.git.repository import Repository
from reconcile.text import did_you_mean, shown

OLD = "refs/reconcile/applied/"
LEDGER = "refs/reconcile/ledger/"
SEEN = "refs/reconcile/seen/"
OBSERVED = "refs/reconcile/observed/"

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


def old_ref(environment: str) -> str:
    """Return the ref in which an older reconcile kept the commit last applied to *environment*.

    >>> old_ref("prod"), old_ref("a..lock")
    ('refs/reconcile/applied/prod', 'refs/reconcile/applied/a.%2Elock')
    """
    return OLD + _part(environment)


def ledger_ref(workspace: str, environment: str) -> str:
    """Return the ref that holds the ledger of *environment*: two levels, so that no ref's name begins another's.

    >>> ledger_ref("shop", "prod"), ledger_ref("shop", "a/b")
    ('refs/reconcile/ledger/shop/prod', 'refs/reconcile/ledger/shop/a%2Fb')
    """
    return f"{LEDGER}{_part(workspace)}/{_part(environment)}"


def seen_ref(workspace: str, environment: str) -> str:
    """Return the ref that notes how far this repository has seen the ledger of *environment*.

    >>> seen_ref("shop", "prod")
    'refs/reconcile/seen/shop/prod'
    """
    return f"{SEEN}{_part(workspace)}/{_part(environment)}"


def observed_ref(workspace: str, environment: str) -> str:
    """Return the ref that holds what drift checks of *environment* noted, where its ledger is in Git.

    >>> observed_ref("shop", "prod")
    'refs/reconcile/observed/shop/prod'
    """
    return f"{OBSERVED}{_part(workspace)}/{_part(environment)}"


def _part(name: str) -> str:
    """Return *name* as one part of a ref; characters that a ref cannot hold become ``%2E``."""
    spelled = "".join(character if _PLAIN.fullmatch(character) else _escaped(character) for character in name)
    return _NOT_IN_REF.sub("%2E", spelled)


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
